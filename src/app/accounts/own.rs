//! What people change of their own account: the password, the authenticator, and where they are signed in.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::guess::{Guessed, spent};
use super::{Account, Accounts, Error, Session, after};
use crate::access::Principal;
use crate::app::audit::Witness;
use crate::auth::lockout::Failures;
use crate::auth::recovery::recovery_codes;
use crate::auth::{password, totp};
use crate::store::{AccountName, AccountsError, Authenticator};

/// What authenticators show beside the account.
const ISSUER: &str = "Evara";

/// A new authenticator, to be shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// For a QR code.
    pub uri: SecretString,
}

impl Accounts {
    /// The account of a person.
    ///
    /// # Errors
    /// When it is gone, or the store fails.
    pub async fn own(&self, person: &Principal) -> Result<Account, Error> {
        self.found(AccountName::Id(person.user)).await
    }

    /// Where a person is signed in, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions(&self, person: &Principal) -> Result<Vec<Session>, Error> {
        Ok(self.0.store.sessions_of(person.user, self.now()).await?)
    }

    /// Signs a person out of a session of theirs.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is none of theirs, or over.
    pub async fn end_session(
        &self,
        person: &Principal,
        id: Uuid,
        witness: &Witness,
    ) -> Result<(), Error> {
        let fact = self.fact("session.end", format!("session/{id}"), &person.reach);
        let act = witness.act(fact);
        let store = &self.0.store;
        let ended = store.end_session(person.user, id, self.now(), act).await;
        self.0.recent.forget();
        Ok(ended?)
    }

    /// Gives a person another password, and ends all of their sessions.
    ///
    /// # Errors
    /// When the present one is wrong, which counts as a guess, or the new one is too weak, which does not.
    pub async fn change_password(
        &self,
        person: &Principal,
        (present, new): (SecretString, SecretString),
        witness: &Witness,
    ) -> Result<(), Error> {
        let name = AccountName::Id(person.user);
        let guessed = self.guessed(name.clone(), present.clone()).await;
        let Guessed {
            account, before, ..
        } = guessed.map_err(wrong("/current_password"))?;
        if let Err(weak) = check_new(&account, &present, &new) {
            self.uncount(account, before).await;
            return Err(weak);
        }
        let kept = SecretString::from(self.0.passwords.keep(new).await?);
        let valid_from = after(self.now());
        self.changed(name, ("user.password", witness), |found| {
            if found.valid_from != account.valid_from {
                return Err(Error::Refused);
            }
            Ok(Account {
                password: Some(kept.clone()),
                must_change_password: false,
                one_time_until: None,
                failures: Failures::NONE,
                valid_from,
                ..found
            })
        })
        .await?;
        Ok(())
    }

    /// Begins to give a person an authenticator; it counts once a code of it was shown. Whoever has nothing but
    /// their token must not shut them out by one of his own.
    ///
    /// # Errors
    /// When they have one, or sign in elsewhere, or the password is wrong, which counts as a guess.
    pub async fn enrol(
        &self,
        person: &Principal,
        password: SecretString,
        witness: &Witness,
    ) -> Result<Enrolment, Error> {
        let seed = totp::new_secret()?;
        let name = AccountName::Id(person.user);
        can_enrol(&self.found(name.clone()).await?)?;
        let guessed = self.guessed(name.clone(), password).await;
        let proven = guessed.map_err(wrong("/password"))?.account;
        let account = self
            .changed(name, ("user.totp.enrol", witness), |account| {
                can_enrol(&account)?;
                if account.valid_from != proven.valid_from {
                    return Err(Error::Refused);
                }
                let authenticator = Authenticator {
                    seed: seed.clone(),
                    is_confirmed: false,
                    last_step: None,
                    recovery: Vec::new(),
                };
                Ok(Account {
                    authenticator: Some(authenticator),
                    failures: Failures::NONE,
                    ..account
                })
            })
            .await?;
        let uri = totp::enrolment_uri(ISSUER, account.email.as_str(), &seed);
        Ok(Enrolment { uri })
    }

    /// Has the authenticator count from now on, and returns the recovery codes, to be shown once.
    ///
    /// # Errors
    /// When the code is not one of it, which counts as a guess.
    pub async fn confirm(
        &self,
        person: &Principal,
        code: &SecretString,
        witness: &Witness,
    ) -> Result<Vec<SecretString>, Error> {
        let codes = recovery_codes()?;
        let now = self.now();
        let name = AccountName::Id(person.user);
        let found = self.found(name.clone()).await?;
        begun(&found)?;
        self.counted(name.clone(), Some(found)).await?;
        self.changed(name, ("user.totp.confirm", witness), |account| {
            let shown = spent(begun(&account)?, code.expose_secret(), now);
            let shown = shown.ok_or(Error::Wrong("/code"))?;
            let authenticator = Authenticator {
                is_confirmed: true,
                recovery: codes.iter().map(|code| code.digest).collect(),
                ..shown
            };
            Ok(Account {
                authenticator: Some(authenticator),
                failures: Failures::NONE,
                ..account
            })
        })
        .await?;
        Ok(codes.into_iter().map(|code| code.text).collect())
    }

    /// Takes the authenticator away.
    ///
    /// # Errors
    /// When the password or the code is wrong, which counts as a guess.
    pub async fn disable_authenticator(
        &self,
        person: &Principal,
        password: SecretString,
        code: &SecretString,
        witness: &Witness,
    ) -> Result<(), Error> {
        let guessed = self.guessed(AccountName::Id(person.user), password).await;
        let account = guessed.map_err(wrong("/password"))?.account;
        if account.authenticator.is_none() {
            return Err(Error::Conflict("There is no authenticator."));
        }
        let (before, version) = (account.clone(), account.version + 1);
        let proven = self.with_code(account, Some(code));
        let account = Account {
            authenticator: None,
            failures: Failures::NONE,
            version,
            ..proven.map_err(wrong("/code"))?
        };
        let act = self.act("user.totp.disable", witness, Some(&before), Some(&account));
        match self.0.store.update_account(account, act).await {
            Err(AccountsError::Stale) => Err(Error::Busy),
            done => Ok(done?),
        }
    }
}

/// Whether an account may be given an authenticator.
fn can_enrol(account: &Account) -> Result<(), Error> {
    if account.password.is_none() {
        return Err(Error::Conflict("You sign in elsewhere: add it there."));
    }
    match &account.authenticator {
        Some(it) if it.is_confirmed => Err(Error::Conflict(
            "There is an authenticator: disable it first.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The authenticator of which no code was shown yet.
fn begun(account: &Account) -> Result<&Authenticator, Error> {
    let begun = account.authenticator.as_ref().filter(|it| !it.is_confirmed);
    begun.ok_or(Error::Conflict("Enrol an authenticator first."))
}

/// Whether `new` may take the place of the password of `account`.
pub(super) fn check_new(
    account: &Account,
    present: &SecretString,
    new: &SecretString,
) -> Result<(), Error> {
    let (present, new) = (present.expose_secret(), new.expose_secret());
    if new == present {
        return Err(Error::field("/new_password", "must be another one"));
    }
    let about = [account.email.as_str(), &account.name];
    password::check(new, &about).map_err(|weak| Error::field("/new_password", weak))
}

/// Whoever is signed in is told which field was wrong, rather than that they are not let in.
fn wrong(pointer: &'static str) -> impl Fn(Error) -> Error {
    move |error| {
        if matches!(error, Error::Refused | Error::CodeNeeded) {
            return Error::Wrong(pointer);
        }
        error
    }
}
