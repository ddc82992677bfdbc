//! Refresh tokens: `evr_` and two halves of 256 random bits, of which one stays and one is new each time.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Account, Accounts, Error, PASSWORD_DUE, Session, SignedIn};
use crate::access::Principal;
use crate::app::audit::Witness;
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

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").finish_non_exhaustive()
    }
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

/// A session that is to go on, and whose it is.
#[derive(Debug)]
pub struct Refreshing {
    token: RefreshToken,
    session: Session,
    account: Account,
}

impl Refreshing {
    /// Whose it is.
    pub fn person(&self) -> Principal {
        let Account { id, role, .. } = self.account;
        Principal {
            user: id,
            session: Some(self.session.id),
            role,
            reach: self.account.reach.clone(),
            must_change_password: self.account.must_change_password,
        }
    }
}

impl Accounts {
    /// Whose session a refresh token is of, which need not be the newest.
    ///
    /// # Errors
    /// When it is of none that goes on; [`Error::Forbidden`] to whoever has to change their password first.
    pub async fn refreshing(&self, brought: &SecretString) -> Result<Refreshing, Error> {
        let token = RefreshToken::read(brought).ok_or(Error::Refused)?;
        let family = token.digests().family;
        let session = self.0.store.session_of(family).await?;
        let session = session.ok_or(Error::Refused)?;
        let account = self.0.store.account(AccountName::Id(session.user)).await?;
        let account = account.ok_or(Error::Refused)?;
        if account.must_change_password {
            return Err(Error::Forbidden(PASSWORD_DUE));
        }
        Ok(Refreshing {
            token,
            session,
            account,
        })
    }

    /// Goes on with a session: the token that was brought is good no longer.
    ///
    /// # Errors
    /// When it is not the newest of its session, which is over then.
    pub async fn refresh(
        &self,
        refreshing: Refreshing,
        witness: &Witness,
    ) -> Result<SignedIn, Error> {
        let Refreshing {
            token,
            session,
            account,
        } = refreshing;
        let next = token.next()?;
        let (brought, rotated) = (token.digests(), next.digests().refresh);
        let target = format!("session/{}", session.id);
        let fact = self.fact("session.reuse", target, &account.reach);
        let fact = fact.was(&serde_json::json!({ "user": account.id.0 }));
        // Who it was that brought it is what nobody knows.
        let ending = witness.act(fact);
        let store = &self.0.store;
        let rotation = store.rotate_session(brought, rotated, self.now(), ending);
        match rotation.await? {
            Rotation::Rotated(session) => self.signed_in(account, session.id, &next),
            Rotation::Reused(session) => {
                self.0.recent.forget();
                let session = session.id;
                tracing::warn!(%session, "a refresh token was used twice: its session is over");
                Err(Error::Reused)
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
