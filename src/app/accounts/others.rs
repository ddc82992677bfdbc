//! The accounts of others: whom a person sees, invites, changes and removes.
//!
//! One sees accounts whose reach is inside one's own, and has a say in those of less authority. What is
//! not seen is not there.

use evara_actors::domain::{FieldError, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Account, Accounts, Error, MOST_TRIES, after};
use crate::access::{Principal, Reach, Role, Tenants, UserId};
use crate::app::audit::Witness;
use crate::auth::lockout::Failures;
use crate::store::{AccountName, AccountsError, EmailAddress};

/// Accounts that are looked at at once.
const SCAN: u32 = 500;

/// As long as names get.
const LONGEST_NAME: usize = 128;

/// What is said of a new account.
#[derive(Debug)]
pub struct NewAccount {
    /// Where they are invited.
    pub email: String,
    /// What people read.
    pub name: String,
    /// What they are to be.
    pub role: Role,
    /// Where.
    pub tenants: Tenants,
    /// Whether they sign in here; otherwise they come by the Supabase project, with this address.
    pub has_password: bool,
}

/// A new account.
#[derive(Debug)]
pub struct Invited {
    /// As it was kept.
    pub account: Account,
    /// To be shown once.
    pub password: Option<SecretString>,
}

/// What is to be different about an account; what is none stays.
#[derive(Debug, Default)]
pub struct Change {
    /// What people read.
    pub name: Option<String>,
    /// What they are to be. Without tenants they stay where they are.
    pub role: Option<Role>,
    /// Where, all of it.
    pub tenants: Option<Tenants>,
    /// Whether they are let in no more.
    pub is_disabled: Option<bool>,
}

impl Accounts {
    /// Up to `limit` accounts after `after` that a person sees, and whether there are more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn seen_after(
        &self,
        person: &Principal,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<Account>, bool), Error> {
        let (mut seen, mut after) = (Vec::new(), after);
        loop {
            let page = self.0.store.accounts_after(after, SCAN).await?;
            after = page.last().map(|account| account.id);
            let is_last = page.len() < SCAN as usize;
            seen.extend(
                page.into_iter()
                    .filter(|account| self.is_seen(person, account)),
            );
            if seen.len() > limit || is_last {
                let has_more = seen.len() > limit;
                seen.truncate(limit);
                return Ok((seen, has_more));
            }
        }
    }

    /// An account that a person sees.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is not there for them.
    pub async fn seen(&self, person: &Principal, id: UserId) -> Result<Account, Error> {
        let account = self.found(AccountName::Id(id)).await?;
        let is_seen = self.is_seen(person, &account);
        is_seen.then_some(account).ok_or(Error::NotFound)
    }

    /// Whether somebody may be invited as they are described.
    ///
    /// # Errors
    /// When they would have more authority than whoever asks, or reach outside of theirs.
    pub fn check_invitation(&self, person: &Principal, new: &NewAccount) -> Result<(), Error> {
        let reach = reach_of(new.role, new.tenants.clone())?;
        self.check_appointment(person, new.role, &reach)
    }

    /// Draws up an account, which is to be [kept](Self::keep).
    ///
    /// # Errors
    /// As [`check_invitation`](Self::check_invitation), and when it cannot be as it is described.
    pub async fn invite(&self, person: &Principal, new: &NewAccount) -> Result<Invited, Error> {
        self.check_invitation(person, new)?;
        self.drawn_up(new).await
    }

    /// Changes an account of less authority.
    ///
    /// # Errors
    /// As [`Accounts::check_invitation`], when nobody would be left to run the service, and [`Error::Moved`].
    pub async fn change(
        &self,
        person: &Principal,
        id: UserId,
        change: Change,
        (is_expected, witness): (impl Fn(&Account) -> bool, &Witness),
    ) -> Result<Account, Error> {
        if let Some(name) = &change.name {
            check_name(name)?;
        }
        let now = self.now();
        let name = AccountName::Id(id);
        self.changed(name, ("user.update", witness), |found| {
            self.check_authority(person, &found)?;
            if !is_expected(&found) {
                return Err(Error::Moved);
            }
            let role = change.role.unwrap_or(found.role);
            let tenants = change.tenants.clone();
            let tenants = tenants.unwrap_or_else(|| found.reach.tenants());
            let reach = reach_of(role, tenants)?;
            if (role, &reach) != (found.role, &found.reach) {
                self.check_appointment(person, role, &reach)?;
            }
            let disabled_at = match change.is_disabled {
                Some(true) => found.disabled_at.or(Some(now)),
                Some(false) => None,
                None => found.disabled_at,
            };
            let is_closed = disabled_at.is_some() && found.disabled_at.is_none();
            let valid_from = if is_closed {
                after(now)
            } else {
                found.valid_from
            };
            Ok(Account {
                name: change.name.clone().unwrap_or(found.name),
                role,
                reach,
                disabled_at,
                valid_from,
                ..found
            })
        })
        .await
    }

    /// Removes an account of less authority, as it was judged.
    ///
    /// # Errors
    /// When nobody would be left to run the service, and [`Error::Moved`].
    pub async fn remove(
        &self,
        person: &Principal,
        id: UserId,
        (is_expected, witness): (impl Fn(&Account) -> bool, &Witness),
    ) -> Result<(), Error> {
        for _ in 0..MOST_TRIES {
            let account = self.found(AccountName::Id(id)).await?;
            self.check_authority(person, &account)?;
            if !is_expected(&account) {
                return Err(Error::Moved);
            }
            let act = self.act("user.delete", witness, Some(&account), None);
            let removing = self.0.store.remove_account(id, account.version, act);
            let removed = removing.await;
            self.0.recent.forget();
            match removed {
                // What was judged is no more: it is judged anew.
                Err(AccountsError::Stale) => {}
                done => return Ok(done?),
            }
        }
        Err(Error::Busy)
    }

    fn is_seen(&self, person: &Principal, account: &Account) -> bool {
        person
            .reach
            .covers(&account.reach, &self.0.tenancy.forest())
    }

    fn check_authority(&self, person: &Principal, account: &Account) -> Result<(), Error> {
        if !self.is_seen(person, account) {
            return Err(Error::NotFound);
        }
        let has_say = person.role.appoints(account.role);
        has_say.then_some(()).ok_or(Error::Forbidden(
            "You have a say in accounts of less authority than yours.",
        ))
    }

    /// Whether `person` may have somebody be `role` as far as `reach`.
    fn check_appointment(
        &self,
        person: &Principal,
        role: Role,
        reach: &Reach,
    ) -> Result<(), Error> {
        if !person.role.appoints(role) {
            return Err(Error::Forbidden(
                "You cannot give more authority than less than yours.",
            ));
        }
        check_region(reach)?;
        let forest = self.0.tenancy.forest();
        // Whether a tenant exists is not told to those who do not see it.
        if person.reach.covers(reach, &forest) && reach.is_known_in(&forest) {
            return Ok(());
        }
        let (pointer, what) = unknown(reach);
        Err(Error::field(pointer, what))
    }
}

/// The field by which somebody would reach what is not there, or not for whoever asks.
pub(super) const fn unknown(reach: &Reach) -> (&'static str, &'static str) {
    match reach {
        Reach::Distributor(_) | Reach::Region(..) => ("/distributor_id", "is not known"),
        Reach::Community(_) => ("/community_id", "is not known"),
        Reach::Customer(_) => ("/customer_id", "is not known"),
        Reach::Nothing => ("/customer_id", "must be given"),
        Reach::All => ("/role", "is not yours to give"),
    }
}

/// The account that is described, if it may be.
pub(super) fn described(new: &NewAccount, now: Timestamp) -> Result<Account, Error> {
    let email = EmailAddress::parse(&new.email).map_err(|error| Error::field("/email", error))?;
    check_name(&new.name)?;
    let reach = reach_of(new.role, new.tenants.clone())?;
    check_region(&reach)?;
    Ok(Account {
        id: UserId(Uuid::now_v7()),
        email,
        name: new.name.clone(),
        role: new.role,
        reach,
        password: None,
        must_change_password: false,
        one_time_until: None,
        external: None,
        authenticator: None,
        failures: Failures::NONE,
        valid_from: Timestamp::from_millis(0),
        disabled_at: None,
        created_at: now,
        version: 1,
    })
}

pub(super) fn reach_of(role: Role, tenants: Tenants) -> Result<Reach, Error> {
    Reach::of(role, tenants).map_err(|misfit| {
        let pointer = format!("/{}", misfit.field);
        Error::Invalid(vec![FieldError::new(&pointer, misfit.what)])
    })
}

/// Communities that are in no region have an empty one: nobody answers for those as if it was a place.
fn check_region(reach: &Reach) -> Result<(), Error> {
    match reach {
        Reach::Region(_, region) if region.is_empty() => {
            Err(Error::field("/region", "must not be empty"))
        }
        Reach::Region(..)
        | Reach::All
        | Reach::Distributor(_)
        | Reach::Community(_)
        | Reach::Customer(_)
        | Reach::Nothing => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let what = "must have 1 to 128 characters, none of them a control character";
    Err(Error::field("/name", what))
}
