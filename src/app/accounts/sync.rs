//! People of the Supabase project: their first account here, or the one that they were invited to.

use evara_actors::domain::Timestamp;

use super::others::described;
use super::{Account, Accounts, Borne, Error, NewAccount, PASSWORD_DUE};
use crate::access::{Role, Tenants};
use crate::app::audit::Witness;
use crate::auth::token::{Claims, Email, Issuer};
use crate::store::{AccountName, EmailAddress};

const UNCONFIRMED: &str = "The token does not say that the address of mail was confirmed: \
    the project has to add email_verified to its tokens.";

impl Accounts {
    /// The account of whoever bears a token: their own, the one that somebody who may invited their
    /// address to, or a new one that sees nothing. An invitation counts until somebody signs in by it.
    ///
    /// # Errors
    /// When the token names no address that was confirmed, or that of another account.
    pub async fn sync(&self, borne: &Borne, witness: &Witness) -> Result<Account, Error> {
        if let Some(person) = &borne.person {
            if person.must_change_password {
                return Err(Error::Forbidden(PASSWORD_DUE));
            }
            return self.own(person).await;
        }
        let claims = &borne.claims;
        let no_address = || Error::Conflict("The token names no address of mail.");
        let email = claims.email.as_ref().ok_or_else(no_address)?;
        // Or somebody could take the address of another before they come.
        if !(claims.issuer == Issuer::Supabase && email.verified) {
            return Err(Error::Conflict(UNCONFIRMED));
        }
        let address = EmailAddress::parse(&email.address).map_err(|_none| no_address())?;
        match self.0.store.account(AccountName::Email(address)).await? {
            Some(account) => self.link(account, claims, witness).await,
            None => self.settle((claims, email), witness).await,
        }
    }

    async fn link(
        &self,
        found: Account,
        claims: &Claims,
        witness: &Witness,
    ) -> Result<Account, Error> {
        let witness = witness.of_person(found.id, None);
        let name = AccountName::Id(found.id);
        self.changed(name, ("user.link", &witness), |account| {
            let is_open = account.password.is_none() && account.external.is_none();
            if !is_open {
                return Err(Error::Conflict("Another account has this address."));
            }
            Ok(Account {
                external: Some(claims.subject),
                ..account
            })
        })
        .await
    }

    async fn settle(
        &self,
        (claims, email): (&Claims, &Email),
        witness: &Witness,
    ) -> Result<Account, Error> {
        let name: String = email.address.chars().take(128).collect();
        let new = NewAccount {
            email: email.address.clone(),
            name,
            role: Role::User,
            tenants: Tenants::default(),
            has_password: false,
        };
        let account = Account {
            external: Some(claims.subject),
            valid_from: Timestamp::from_millis(0),
            ..described(&new, self.now())?
        };
        let witness = witness.of_person(account.id, None);
        let act = self.act("user.settle", &witness, None, Some(&account));
        self.0.store.insert_account(account.clone(), act).await?;
        self.0.recent.forget();
        Ok(account)
    }
}
