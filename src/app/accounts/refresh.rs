//! Refresh tokens: `evr_` and two halves of 256 random bits, of which one stays and one is new each time.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Accounts, Error, SignedIn};
use crate::auth::NoChance;
use crate::auth::random;
use crate::store::{AccountName, RefreshDigests, Rotation};

/// What every refresh token begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "evr_";

const HALF: usize = 32;

/// A refresh token, whole.
pub(super) struct RefreshToken {
    family: Zeroizing<[u8; HALF]>,
    refresh: Zeroizing<[u8; HALF]>,
}

impl RefreshToken {
    /// The first of a new family.
    pub(super) fn new() -> Result<Self, NoChance> {
        Ok(Self {
            family: random()?,
            refresh: random()?,
        })
    }

    /// The next of the same family.
    fn next(&self) -> Result<Self, NoChance> {
        Ok(Self {
            family: self.family.clone(),
            refresh: random()?,
        })
    }

    fn read(text: &SecretString) -> Option<Self> {
        let coded = text.expose_secret().strip_prefix(PREFIX)?;
        // Nothing longer is worth decoding.
        let is_short = coded.len() <= (2 * HALF).div_ceil(3) * 4;
        let bytes = is_short.then(|| URL_SAFE_NO_PAD.decode(coded).ok())??;
        let bytes = Zeroizing::new(bytes);
        let (family, refresh) = bytes.split_at_checked(HALF)?;
        Some(Self {
            family: Zeroizing::new(family.try_into().ok()?),
            refresh: Zeroizing::new(refresh.try_into().ok()?),
        })
    }

    pub(super) fn text(&self) -> SecretString {
        let bytes = Zeroizing::new([&self.family[..], &self.refresh[..]].concat());
        let coded = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes));
        SecretString::from([PREFIX, coded.as_str()].concat())
    }

    pub(super) fn digests(&self) -> RefreshDigests {
        RefreshDigests {
            family: sha256(&*self.family),
            refresh: sha256(&*self.refresh),
        }
    }
}

impl Accounts {
    /// Goes on with a session: the token that is brought is good no longer.
    ///
    /// # Errors
    /// When it is none, or not the newest of its session, which is over then.
    pub async fn refresh(&self, brought: &SecretString) -> Result<SignedIn, Error> {
        let brought = RefreshToken::read(brought).ok_or(Error::Refused)?;
        let next = brought.next()?;
        let rotation =
            self.0
                .store
                .rotate_session(brought.digests(), next.digests().refresh, self.now());
        match rotation.await? {
            Rotation::Rotated(session) => {
                let account = self.found(AccountName::Id(session.user)).await?;
                self.signed_in(account, session.id, &next)
            }
            Rotation::Reused(session) => {
                self.0.recent.forget();
                let (id, user) = (session.id, session.user);
                tracing::warn!(session = %id, "a refresh token was used twice: its session is over");
                let account = self.found(AccountName::Id(user)).await?;
                let fact = self.fact("session.reuse", format!("session/{id}"), &account.reach);
                let whose = serde_json::json!({ "user": user.0 });
                Err(Error::Reused(Box::new(fact.was(&whose))))
            }
            Rotation::Unknown => Err(Error::Refused),
        }
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let token = RefreshToken::new().unwrap();
        let text = token.text();
        let read = RefreshToken::read(&text).unwrap();
        assert_eq!(read.digests(), token.digests());
        let text = text.expose_secret();
        let next = token.next().unwrap().digests();
        assert_eq!(next.family, token.digests().family);
        assert_ne!(next.refresh, token.digests().refresh);
        for other in [
            "",
            PREFIX,
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{text}="),
            &text.replace("evr_", "evk_"),
            &format!("{PREFIX}{}", "A".repeat(100_000)),
        ] {
            assert!(
                RefreshToken::read(&SecretString::from(other)).is_none(),
                "{other:.9}"
            );
        }
    }
}
