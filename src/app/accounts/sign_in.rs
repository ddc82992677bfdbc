//! Signing in: an address, a password, and a code where the account has an authenticator.

use evara_actors::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::guess::{Guessed, spent};
use super::own::check_new;
use super::refresh::RefreshToken;
use super::{Account, Accounts, Error, Session, after};
use crate::app::audit::Witness;
use crate::auth::lockout::Failures;
use crate::auth::token::{ACCESS_LIFE, Issued};
use crate::store::{
    AccountName, AccountsError, Act, EmailAddress, LONGEST_AGENT_CHARS, SESSION_LIFE,
};

/// What somebody brings who signs in.
#[derive(Debug)]
pub struct SignIn {
    /// In any case.
    pub email: String,
    /// Theirs.
    pub password: SecretString,
    /// What takes the place of a password that was made for them.
    pub new_password: Option<SecretString>,
    /// Six digits, or a recovery code.
    pub code: Option<SecretString>,
    /// What their program calls itself.
    pub agent: Option<String>,
    /// Where they are.
    pub address: Option<String>,
}

/// What somebody is given who signed in: shown once.
#[derive(Debug)]
pub struct SignedIn {
    /// For a quarter of an hour.
    pub access: Issued,
    /// For the next one.
    pub refresh: SecretString,
    /// Theirs.
    pub session: Uuid,
    /// Who it is.
    pub account: Account,
}

impl Accounts {
    /// Begins a session.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a new password that cannot be; [`Error::Refused`] for whatever else is wrong, [`Error::CodeNeeded`] and [`Error::Spent`]
    /// to those who know the password, and [`Error::Wait`] after too many wrong guesses.
    pub async fn sign_in(&self, sign_in: SignIn, witness: &Witness) -> Result<SignedIn, Error> {
        let SignIn {
            email,
            password,
            new_password,
            code,
            agent,
            address,
        } = sign_in;
        let email = EmailAddress::parse(&email).map_err(|_nobodys| Error::Refused)?;
        let (fresh, is_changed) = (password.clone(), new_password.is_some());
        let guessed = self.guessed(AccountName::Email(email), password).await?;
        let (before, uncounted) = (guessed.account.clone(), guessed.before);
        let letting_in = self.let_in(guessed, code.as_ref(), fresh, new_password);
        let account = match letting_in.await {
            Err(error @ Error::Invalid(_)) => {
                self.uncount(before, uncounted).await;
                return Err(error);
            }
            let_in => let_in?,
        };
        let token = RefreshToken::new()?;
        let session = Session {
            agent: agent.map(|agent| agent.chars().take(LONGEST_AGENT_CHARS).collect()),
            address,
            ..beginning(&account, &token, self.now())
        };
        let mut act = self.begun(&account, session.id, witness);
        if is_changed {
            let witness = witness.of_person(account.id, None);
            let changed = self.act("user.password", &witness, Some(&before), Some(&account));
            act = changed.and(act);
        }
        // What can fail has failed by now: a password, or a code, that is good once is spent with the session that it
        // begins, or not at all.
        let signed_in = self.signed_in(account.clone(), session.id, &token)?;
        let begun = self.0.store.begin_session(account, session, act).await;
        if is_changed {
            self.0.recent.forget();
        }
        match begun {
            Ok(()) => Ok(signed_in),
            // Removed this moment.
            Err(AccountsError::NotFound) => Err(Error::Refused),
            // Where another guess was counted meanwhile, or the code was used by another, what was proven is of
            // an account that is no more.
            Err(error) => Err(error.into()),
        }
    }

    fn begun(&self, account: &Account, session: Uuid, witness: &Witness) -> Act {
        let target = format!("session/{session}");
        let fact = self.fact("session.begin", target, &account.reach);
        witness.of_person(account.id, Some(session)).act(fact)
    }

    /// An account whose password was right, as it is once its code is, too: without the wrong guesses, and with another
    /// password where there is to be one.
    async fn let_in(
        &self,
        Guessed {
            account, outdated, ..
        }: Guessed,
        code: Option<&SecretString>,
        password: SecretString,
        new: Option<SecretString>,
    ) -> Result<Account, Error> {
        let version = account.version + 1;
        let let_in = self.by_one_time(self.with_code(account, code)?)?;
        let let_in = match new {
            Some(new) => self.with_own_password(let_in, &password, new).await?,
            None if outdated => Account {
                password: Some(self.0.passwords.keep(password).await?.into()),
                ..let_in
            },
            None => let_in,
        };
        Ok(Account {
            failures: Failures::NONE,
            version,
            ..let_in
        })
    }

    /// The account, of which a password that was made for somebody lets in no more: whoever comes by it comes once.
    fn by_one_time(&self, account: Account) -> Result<Account, Error> {
        if !account.must_change_password {
            return Ok(account);
        }
        let now = self.now();
        if account.one_time_until.is_some_and(|until| until <= now) {
            return Err(Error::Spent);
        }
        Ok(Account {
            one_time_until: Some(now),
            ..account
        })
    }

    /// The account with a password of its person's own. Whatever was begun by the other one is over.
    async fn with_own_password(
        &self,
        account: Account,
        present: &SecretString,
        new: SecretString,
    ) -> Result<Account, Error> {
        if !account.must_change_password {
            let what = "takes the place of a one-time password, and yours is none";
            return Err(Error::field("/new_password", what));
        }
        check_new(&account, present, &new)?;
        let kept = self.0.passwords.keep(new).await?;
        Ok(Account {
            password: Some(kept.into()),
            must_change_password: false,
            one_time_until: None,
            valid_from: after(self.now()),
            ..account
        })
    }

    /// The account, if `code` is good or none is needed, without what the code used up.
    pub(super) fn with_code(
        &self,
        account: Account,
        code: Option<&SecretString>,
    ) -> Result<Account, Error> {
        let confirmed = account.authenticator.as_ref();
        let Some(authenticator) = confirmed.filter(|it| it.is_confirmed) else {
            return Ok(account);
        };
        let code = code.ok_or(Error::CodeNeeded)?.expose_secret();
        let left = spent(authenticator, code, self.now()).ok_or(Error::Refused)?;
        Ok(Account {
            authenticator: Some(left),
            ..account
        })
    }

    pub(super) fn signed_in(
        &self,
        account: Account,
        session: Uuid,
        refresh: &RefreshToken,
    ) -> Result<SignedIn, Error> {
        let access = self.0.tokens.issue(account.id.0, session, ACCESS_LIFE)?;
        Ok(SignedIn {
            access,
            refresh: refresh.text(),
            session,
            account,
        })
    }
}

/// A session of somebody who came now, or as soon after that as the account lets any begin.
fn beginning(account: &Account, token: &RefreshToken, now: Timestamp) -> Session {
    let began = now.max(account.valid_from);
    Session {
        id: Uuid::new_v4(),
        user: account.id,
        digests: token.digests(),
        created_at: began,
        used_at: began,
        expires_at: began.plus(SESSION_LIFE),
        agent: None,
        address: None,
    }
}
