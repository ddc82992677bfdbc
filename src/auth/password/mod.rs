//! Passwords: which are good enough, and how they are kept.
//!
//! Kept as argon2id digests alone, which are slow to make on purpose: on threads for blocking work, two
//! at a time, so that a crowd at the door neither fills the memory nor stops anything else. Whether an
//! account exists takes the same work to find out as whether a password is right. No password is ever
//! shown or logged.

mod rules;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use rules::{LONGEST, SHORTEST, Weak, check};

use super::base32::base32;
use super::chance::{NoChance, random};

/// OWASP's choice of 2024: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// No character of UTF-8 has more than four.
const LONGEST_BYTES: usize = LONGEST * 4;

/// RFC 9106's.
const SALT_BYTES: usize = 16;

/// Past guessing, and short enough to be typed once.
const ONE_TIME_BYTES: usize = 10;

/// Digests at a time: 38 MiB, and the cores of a small machine.
const AT_ONCE: usize = 2;

/// Some hundred people before somebody is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Made of nothing; proves nobody. With the parameters of real ones, so that it takes as long.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
    bm9ib2R5J3Mgc2FsdCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What was found of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the account's.
    Right {
        /// Whether it was kept with other parameters than today's, and should be kept anew.
        outdated: bool,
    },
    /// It is not, or there is no account.
    Wrong,
}

/// Why there is no digest, or no verdict.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many others are before: come back later.
    #[error("too many passwords wait to be looked at")]
    Busy,
    /// What is kept is no digest of ours.
    #[error("the password that is kept cannot be read")]
    Unreadable,
    /// No salt.
    #[error(transparent)]
    NoChance(#[from] NoChance),
    /// The cryptographic library refused, or broke.
    #[error("no digest could be made of a password")]
    Digest,
}

/// Keeps passwords, and tells whether one is right. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    gate: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// With a gate of its own: one for a process.
    pub fn new() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// What to keep of `password`, which [`check`] had nothing against: a PHC string.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] after five seconds of waiting.
    pub async fn keep(&self, password: SecretString) -> Result<String, PasswordError> {
        self.blocking(move || kept(&password)).await?
    }

    /// Whether `password` is the one that was kept; `kept` is none where there is no account, which
    /// takes as long.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] after five seconds of waiting.
    pub async fn verify(
        &self,
        password: SecretString,
        kept: Option<String>,
    ) -> Result<Verdict, PasswordError> {
        self.blocking(move || verdict(&password, kept.as_deref()))
            .await?
    }

    /// Does `work` where it may block. It goes on when nobody waits for it any more, and holds its place
    /// until it ends.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self.place().await?;
        let work = spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        work.await.map_err(|_panicked| PasswordError::Digest)
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let place = timeout(LONGEST_WAIT, Arc::clone(&self.gate).acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(PasswordError::Busy),
        }
    }
}

/// A password that was never anybody's, of 80 random bits, to be shown once: four groups of four letters
/// and digits.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn one_time() -> Result<SecretString, NoChance> {
    let bytes: Zeroizing<[u8; ONE_TIME_BYTES]> = random()?;
    let letters = Zeroizing::new(base32(&*bytes));
    let groups: Vec<&str> = (0..letters.len())
        .step_by(4)
        .map(|at| &letters[at..(at + 4).min(letters.len())])
        .collect();
    Ok(groups.join("-").into())
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
    let params = params.map_err(|_out_of_range| PasswordError::Digest)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn kept(password: &SecretString) -> Result<String, PasswordError> {
    let salt: Zeroizing<[u8; SALT_BYTES]> = random()?;
    let digest = argon2()?.hash_password_with_salt(password.expose_secret().as_bytes(), &*salt);
    let digest = digest.map_err(|_refused| PasswordError::Digest)?;
    Ok(digest.to_string())
}

fn verdict(password: &SecretString, kept: Option<&str>) -> Result<Verdict, PasswordError> {
    let text = kept.unwrap_or(NOBODYS);
    let digest = PasswordHash::new(text).map_err(|_no_phc| PasswordError::Unreadable)?;
    let password = password.expose_secret().as_bytes();
    let is_kept = kept.is_some() && password.len() <= LONGEST_BYTES;
    // Longer ones are nobody's, and are not to take longer.
    let password = password.get(..LONGEST_BYTES).unwrap_or(password);
    let is_right = argon2()?.verify_password(password, &digest).is_ok();
    if is_right && is_kept {
        let outdated = !is_of_today(&digest);
        return Ok(Verdict::Right { outdated });
    }
    Ok(Verdict::Wrong)
}

fn is_of_today(digest: &PasswordHash) -> bool {
    let is_id = digest.algorithm == Algorithm::Argon2id.ident();
    let params = Params::try_from(digest);
    let is_same = |params: Params| {
        (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
    };
    is_id && params.is_ok_and(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn the_password_that_was_kept_is_right_and_any_other_is_wrong() {
        let passwords = Passwords::new();
        let kept = passwords.keep(secret("três pontes über")).await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        let again = passwords.keep(secret("três pontes über")).await.unwrap();
        assert_ne!(kept, again, "a salt twice");
        let verify = async |password: &str| {
            let verdict = passwords.verify(secret(password), Some(kept.clone())).await;
            verdict.unwrap()
        };
        assert_eq!(
            verify("três pontes über").await,
            Verdict::Right { outdated: false }
        );
        let long = "três pontes über".to_owned() + &" ".repeat(600);
        for wrong in [
            "",
            &long,
            "Três pontes über",
            "três pontes über ",
            "tre\u{302}s pontes über",
        ] {
            assert_eq!(verify(wrong).await, Verdict::Wrong, "{wrong}");
        }
    }

    #[test]
    fn a_password_that_is_made_is_good_enough_and_another_each_time() {
        let (one, other) = (one_time().unwrap(), one_time().unwrap());
        assert_eq!(check(one.expose_secret(), &[]), Ok(()));
        assert_eq!(one.expose_secret().len(), 19);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[tokio::test]
    async fn nobody_has_a_password_and_it_takes_as_much_work_to_find_out() {
        let passwords = Passwords::new();
        let kept = passwords.keep(secret("any password at all")).await.unwrap();
        let nobodys = PasswordHash::new(NOBODYS).unwrap();
        let somebodys = PasswordHash::new(&kept).unwrap();
        assert_eq!(nobodys.params, somebodys.params);
        assert_eq!(nobodys.version, somebodys.version);
        let length = |digest: &PasswordHash| digest.hash.map(|hash| hash.as_ref().len());
        assert_eq!(length(&nobodys), length(&somebodys));
        let verdict = passwords.verify(secret("any password at all"), None).await;
        assert_eq!(verdict.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn what_was_kept_with_less_work_is_right_and_to_be_kept_anew() {
        let weak = Params::new(8 * 1024, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let kept = weak.hash_password_with_salt(b"of long ago, and weak", b"some salt of 16B");
        let kept = kept.unwrap().to_string();
        let passwords = Passwords::new();
        let verdict = passwords.verify(secret("of long ago, and weak"), Some(kept));
        assert_eq!(verdict.await.unwrap(), Verdict::Right { outdated: true });
    }

    #[tokio::test]
    async fn what_is_no_digest_is_told_and_lets_nobody_in() {
        let passwords = Passwords::new();
        for kept in ["", "plain text password", "$argon2id$", "$1$salt$hash"] {
            let verdict = passwords.verify(secret(kept), Some(kept.to_owned())).await;
            assert!(
                !matches!(verdict, Ok(Verdict::Right { .. })),
                "{kept}: {verdict:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_are_looked_at_at_a_time_and_who_waits_too_long_is_told_to_come_back() {
        let passwords = Passwords::new();
        let places = [
            passwords.place().await.unwrap(),
            passwords.place().await.unwrap(),
        ];
        let third = passwords.keep(secret("one too many of them")).await;
        assert!(matches!(third, Err(PasswordError::Busy)));
        drop(places);
        assert!(passwords.place().await.is_ok());
    }
}
