//! Authenticators as they are stored: a text that is sealed, and bound to its account. The text is a stored
//! format, never to be changed, only added to.

use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use super::secret_box::Place;
use super::{Account, AccountsError, Authenticator, SecretBox};

#[derive(Serialize, Deserialize)]
struct Text {
    seed: Vec<u8>,
    is_confirmed: bool,
    last_step: Option<i64>,
    recovery: Vec<[u8; 32]>,
}

/// An account, and its authenticator as it is stored.
pub(super) type Stored = (Account, Option<Vec<u8>>);

/// The authenticator of `account` as it is stored.
pub(super) fn sealed(
    keys: &SecretBox,
    account: &Account,
) -> Result<Option<Vec<u8>>, AccountsError> {
    let place = Place::of_authenticator(account.id);
    let seal = |it: &Authenticator| keys.seal(&place, &written(it)?).ok();
    let authenticator = account.authenticator.as_ref();
    let user = account.id;
    authenticator
        .map(|it| seal(it).ok_or(AccountsError::Sealed { user }))
        .transpose()
}

/// The account whole.
pub(super) fn opened(keys: &SecretBox, (account, blob): Stored) -> Result<Account, AccountsError> {
    let Some(blob) = blob else {
        return Ok(account);
    };
    let text = keys.open(&Place::of_authenticator(account.id), &blob).ok();
    let authenticator = text.and_then(|text| read(&text));
    let user = account.id;
    Ok(Account {
        authenticator: Some(authenticator.ok_or(AccountsError::Sealed { user })?),
        ..account
    })
}

fn written(authenticator: &Authenticator) -> Option<SecretString> {
    let text = Text {
        seed: authenticator.seed.expose_secret().to_vec(),
        is_confirmed: authenticator.is_confirmed,
        last_step: authenticator.last_step,
        recovery: authenticator.recovery.clone(),
    };
    serde_json::to_string(&text).ok().map(SecretString::from)
}

fn read(text: &SecretString) -> Option<Authenticator> {
    let text: Text = serde_json::from_str(text.expose_secret()).ok()?;
    Some(Authenticator {
        seed: SecretSlice::from(text.seed),
        is_confirmed: text.is_confirmed,
        last_step: text.last_step,
        recovery: text.recovery,
    })
}
