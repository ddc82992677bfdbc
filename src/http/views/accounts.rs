//! Accounts and sessions as JSON. What is shown once is in views of its own, which nobody can print for
//! debugging.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::access::{Permission, Role, Tenants};
use crate::app::accounts::{Account, Borne, Change, Invited, NewAccount, Session, SignedIn};
use crate::http::merge::merged;
use crate::http::problem::{Part, Problem};

/// What somebody brings who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// In any case.
    #[schema(example = "ana@example.org")]
    pub(crate) email: String,
    #[schema(format = Password)]
    pub(crate) password: String,
    /// In the place of a password that was made for one: 12 to 128 characters, and none of the commonest.
    #[schema(format = Password, min_length = 12, max_length = 128)]
    pub(crate) new_password: Option<String>,
    /// Six digits of the authenticator, or a recovery code, where the account has one.
    #[schema(example = "123456")]
    pub(crate) totp: Option<String>,
}

/// What goes on with a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(crate) struct RefreshBody {
    /// The newest one of the session.
    pub(crate) refresh_token: String,
}

/// What somebody is given who signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView<'a> {
    /// To be sent as `Authorization: Bearer <token>`.
    access_token: &'a str,
    /// `Bearer`
    token_type: &'static str,
    expires_at: Time,
    /// Good once, for the next of both.
    refresh_token: &'a str,
    session_id: Uuid,
    user: UserView<'a>,
}

impl<'a> From<&'a SignedIn> for SignedInView<'a> {
    fn from(signed_in: &'a SignedIn) -> Self {
        Self {
            access_token: signed_in.access.token.expose_secret(),
            token_type: "Bearer",
            expires_at: Time(signed_in.access.expires_at),
            refresh_token: signed_in.refresh.expose_secret(),
            session_id: signed_in.session,
            user: (&signed_in.account).into(),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView<'a> {
    id: Uuid,
    email: &'a str,
    name: &'a str,
    /// `super_admin`, `distributor`, `region_admin`, `community_admin`, `operator`, `user`
    #[schema(value_type = String)]
    role: Role,
    distributor_id: Option<Uuid>,
    region: Option<String>,
    community_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    disabled: bool,
    /// Whether they sign in here, by a password.
    has_password: bool,
    /// Whether their password was made for them: until they change it, they may do nothing else.
    must_change_password: bool,
    /// Whether a code is asked of them.
    has_totp: bool,
    created_at: Time,
}

impl<'a> From<&'a Account> for UserView<'a> {
    fn from(account: &'a Account) -> Self {
        let tenants = account.reach.tenants();
        let authenticator = account.authenticator.as_ref();
        Self {
            id: account.id.0,
            email: account.email.as_str(),
            name: &account.name,
            role: account.role,
            distributor_id: tenants.distributor,
            region: tenants.region,
            community_id: tenants.community,
            customer_id: tenants.customer,
            disabled: account.disabled_at.is_some(),
            has_password: account.password.is_some(),
            must_change_password: account.must_change_password,
            has_totp: authenticator.is_some_and(|it| it.is_confirmed),
            created_at: Time(account.created_at),
        }
    }
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeView<'a> {
    /// Null where the token is good and there is no account yet.
    user: Option<UserView<'a>>,
    /// The address that the token names.
    email: Option<&'a str>,
    /// What they may do at all.
    permissions: Vec<&'static str>,
    session_id: Option<Uuid>,
}

impl<'a> MeView<'a> {
    pub(crate) fn new(borne: &'a Borne, account: Option<&'a Account>) -> Self {
        let person = borne.person.as_ref();
        let has = |permission: &&Permission| person.is_some_and(|it| it.may(**permission));
        let permissions = Permission::ALL.iter().filter(has);
        let named = borne.claims.email.as_ref();
        Self {
            user: account.map(Into::into),
            email: account
                .map(|account| account.email.as_str())
                .or_else(|| named.map(|email| email.address.as_str())),
            permissions: permissions.map(|it| it.name()).collect(),
            session_id: person.and_then(|person| person.session),
        }
    }
}

/// Somewhere where a person is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView<'a> {
    id: Uuid,
    created_at: Time,
    /// When it was last refreshed.
    last_used_at: Time,
    expires_at: Time,
    user_agent: Option<&'a str>,
    address: Option<&'a str>,
    /// Whether it is the one that asks.
    current: bool,
}

impl<'a> SessionView<'a> {
    pub(crate) fn new(session: &'a Session, current: Option<Uuid>) -> Self {
        Self {
            id: session.id,
            created_at: Time(session.created_at),
            last_used_at: Time(session.used_at),
            expires_at: Time(session.expires_at),
            user_agent: session.agent.as_deref(),
            address: session.address.as_deref(),
            current: current == Some(session.id),
        }
    }
}

/// What is said of a new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub(crate) struct UserBody {
    #[schema(example = "ana@example.org")]
    email: String,
    /// 1 to 128 characters.
    name: String,
    #[schema(value_type = String, example = "operator")]
    role: Role,
    /// For `distributor` and `region_admin`.
    distributor_id: Option<Uuid>,
    /// For `region_admin`.
    region: Option<String>,
    /// For `community_admin` and `operator`.
    community_id: Option<Uuid>,
    /// For `user`.
    customer_id: Option<Uuid>,
    /// Whether to make a password, which the answer shows once. Otherwise they come by the Supabase
    /// project.
    #[serde(default)]
    with_password: bool,
}

impl From<UserBody> for NewAccount {
    fn from(body: UserBody) -> Self {
        Self {
            email: body.email,
            name: body.name,
            role: body.role,
            tenants: Tenants {
                distributor: body.distributor_id,
                region: body.region,
                community: body.community_id,
                customer: body.customer_id,
            },
            has_password: body.with_password,
        }
    }
}

/// A new account: the only answer that shows its password.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitedUser)]
pub(crate) struct InvitedView<'a> {
    #[serde(flatten)]
    user: UserView<'a>,
    /// Null where none was asked for.
    one_time_password: Option<&'a str>,
}

impl<'a> From<&'a Invited> for InvitedView<'a> {
    fn from(invited: &'a Invited) -> Self {
        let password = invited.password.as_ref().map(SecretString::expose_secret);
        Self {
            user: (&invited.account).into(),
            one_time_password: password,
        }
    }
}

/// What of an account can be changed: a merge patch is of this.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserPatch)]
pub(crate) struct UserPatch {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    distributor_id: Option<Uuid>,
    region: Option<String>,
    community_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    /// Signs them out everywhere, and lets them in no more.
    disabled: bool,
}

impl From<&Account> for UserPatch {
    fn from(account: &Account) -> Self {
        let tenants = account.reach.tenants();
        Self {
            name: account.name.clone(),
            role: account.role,
            distributor_id: tenants.distributor,
            region: tenants.region,
            community_id: tenants.community,
            customer_id: tenants.customer,
            disabled: account.disabled_at.is_some(),
        }
    }
}

/// The fields that say where somebody stands, of which each hangs on the others.
const PLACE: [&str; 4] = ["distributor_id", "region", "community_id", "customer_id"];

/// What `patch` says of an account, and nothing of what it leaves out: what somebody else changes meanwhile
/// is not to be taken back by a patch that does not speak of it.
pub(crate) fn change_of(account: &Account, patch: Map<String, Value>) -> Result<Change, Problem> {
    let names: BTreeSet<String> = patch.keys().cloned().collect();
    let says = |name: &str| names.contains(name);
    let said = merged(&UserPatch::from(account), patch)?;
    let tenants = Tenants {
        distributor: said.distributor_id,
        region: said.region,
        community: said.community_id,
        customer: said.customer_id,
    };
    Ok(Change {
        name: says("name").then_some(said.name),
        role: says("role").then_some(said.role),
        tenants: PLACE.into_iter().any(says).then_some(tenants),
        is_disabled: says("disabled").then_some(said.disabled),
    })
}

/// The id of an account or a session in a path.
pub(crate) fn id(text: &str) -> Result<Uuid, Problem> {
    let malformed = |_| Problem::malformed(Part::Path, "id", "must be a UUID");
    text.parse().map_err(malformed)
}
