//! The people who measure: somebody who runs the service, and somebody who sees what is theirs; both are signed
//! in before it starts.

use std::path::Path;
use std::time::Duration;

use evara::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Reach, Role, Tenant,
    UserId,
};
use evara::app::clock::SystemClock;
use evara::auth::lockout::Failures;
use evara::auth::token::LocalKeys;
use evara::store::{
    Account, Accounts, Act, EmailAddress, PostgresAddress, PostgresStore, RefreshDigests,
    SecretBox, Session, Sessions, SqliteStore, Tenants as _,
};
use evara_actors::domain::{NodeSpec, Timestamp};
use evara_actors::ports::Clock as _;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::service::SECRET_KEY;

const USER: Uuid = Uuid::from_u128(0xbe7c);
const SESSION: Uuid = Uuid::from_u128(0xbe7d);

/// Somebody whom nodes belong to, and where they live: their ids and their session's are one.
const RESIDENT: Uuid = Uuid::from_u128(0xbe7e);

/// Longer than any measure.
const LIFE: Duration = Duration::from_secs(6 * 3600);

/// Those of whom each has as many sockets as one person may have.
const CROWD: usize = 12;

fn secret() -> SecretString {
    SecretString::from(SECRET_KEY)
}

/// What whoever runs the service shows.
pub(crate) fn token() -> String {
    issued(USER, SESSION)
}

/// What the resident shows.
pub(crate) fn residents_token() -> String {
    issued(RESIDENT, RESIDENT)
}

/// What somebody of the crowd shows, who runs the service, too.
pub(crate) fn token_of(number: usize) -> String {
    issued(of_crowd(number), of_crowd(number))
}

fn of_crowd(number: usize) -> Uuid {
    assert!(number < CROWD, "there are no more of them");
    Uuid::from_u128(0xc0de_0000 + number as u128)
}

fn issued(user: Uuid, session: Uuid) -> String {
    let keys = LocalKeys::derive(&secret()).expect("the key is long enough");
    let issued = keys.issue(user, session, SystemClock::new().now(), LIFE);
    let issued = issued.expect("a token can be signed");
    issued.token.expose_secret().to_owned()
}

/// Has the service that will run over a database, or what is embedded in `data`, know them.
pub(crate) fn admit(database: Option<&str>, data: &Path) {
    let admitting = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("there are threads");
        runtime.block_on(async {
            let keys = SecretBox::new(&secret()).expect("the key is long enough");
            match database {
                Some(url) => {
                    let address = PostgresAddress::parse(url).expect("it is an address");
                    let store = PostgresStore::open(&address, 1, keys).await;
                    settle(&store.expect("the database is there")).await;
                }
                None => settle(&SqliteStore::open(data, keys).expect("the store opens")).await,
            }
        });
    };
    // A thread of its own, since whoever measures is within a runtime already.
    let admitted = std::thread::scope(|scope| scope.spawn(admitting).join());
    admitted.expect("the person is kept");
}

/// A node of the resident's.
pub(crate) fn owned(node: NodeSpec) -> NodeSpec {
    NodeSpec {
        distributor_id: Some(RESIDENT),
        community_id: Some(RESIDENT),
        customer_id: Some(RESIDENT),
        ..node
    }
}

/// Has a PostgreSQL know the resident, and where they live. Their community has no plan.
pub(crate) async fn move_in(database: &str) {
    let keys = SecretBox::new(&secret()).expect("the key is long enough");
    let address = PostgresAddress::parse(database).expect("it is an address");
    let store = PostgresStore::open(&address, 1, keys).await;
    let store = store.expect("the database is there");
    let (name, created_at, version) = ("Bench".to_owned(), SystemClock::new().now(), 1);
    let distributor = Distributor {
        id: DistributorId(RESIDENT),
        name: name.clone(),
        created_at,
        version,
    };
    let community = Community {
        id: CommunityId(RESIDENT),
        distributor: distributor.id,
        region: String::new(),
        plan: None,
        name: name.clone(),
        // That of the nodes, which would follow it one by one otherwise.
        time_zone: "Asia/Kolkata".to_owned(),
        created_at,
        version,
    };
    let customer = Customer {
        id: CustomerId(RESIDENT),
        community: community.id,
        name,
        created_at,
        version,
    };
    for tenant in [
        Tenant::Distributor(distributor),
        Tenant::Community(community),
        Tenant::Customer(customer),
    ] {
        let added = store.insert_tenant(tenant, Act::default()).await;
        added.expect("the tenant is new");
    }
    let reach = Reach::Customer(CustomerId(RESIDENT));
    sign_in(&store, RESIDENT, RESIDENT, Role::User, reach).await;
}

async fn settle(store: &(impl Accounts + Sessions)) {
    sign_in(store, USER, SESSION, Role::SuperAdmin, Reach::All).await;
    for one in (0..CROWD).map(of_crowd) {
        sign_in(store, one, one, Role::SuperAdmin, Reach::All).await;
    }
}

async fn sign_in(
    store: &(impl Accounts + Sessions),
    user: Uuid,
    session: Uuid,
    role: Role,
    reach: Reach,
) {
    let now = SystemClock::new().now();
    // Digests that nobody else has.
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(session.as_bytes());
    let account = Account {
        id: UserId(user),
        email: EmailAddress::parse(&format!("{user}@example.org")).expect("it is an address"),
        name: "Bench".to_owned(),
        role,
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
    };
    let session = Session {
        id: session,
        user: UserId(user),
        digests: RefreshDigests {
            family: digest,
            refresh: digest,
        },
        created_at: now,
        used_at: now,
        expires_at: now.plus(LIFE),
        agent: None,
        address: None,
    };
    // They may be there from the last time.
    let signed_in = Account {
        version: 2,
        ..account.clone()
    };
    let _known = store.insert_account(account, Act::default()).await;
    let begun = store.begin_session(signed_in, session, Act::default());
    let _known = begun.await;
}
