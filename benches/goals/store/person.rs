//! The person who measures: somebody who runs the service, and is signed in before it starts.

use std::path::Path;
use std::time::Duration;

use evara::access::{Reach, Role, UserId};
use evara::app::clock::SystemClock;
use evara::auth::lockout::Failures;
use evara::auth::token::LocalKeys;
use evara::store::{
    Account, Accounts, EmailAddress, PostgresAddress, PostgresStore, RefreshDigests, SecretBox,
    Session, Sessions, SqliteStore,
};
use evara_actors::domain::Timestamp;
use evara_actors::ports::Clock as _;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::service::SECRET_KEY;

const USER: Uuid = Uuid::from_u128(0xbe7c);
const SESSION: Uuid = Uuid::from_u128(0xbe7d);

/// Longer than any measure.
const LIFE: Duration = Duration::from_secs(6 * 3600);

fn secret() -> SecretString {
    SecretString::from(SECRET_KEY)
}

/// What they show.
pub(crate) fn token() -> String {
    let keys = LocalKeys::derive(&secret(), &[]).expect("the key is long enough");
    let issued = keys.issue(USER, SESSION, SystemClock::new().now(), LIFE);
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

async fn settle(store: &(impl Accounts + Sessions)) {
    let now = SystemClock::new().now();
    let account = Account {
        id: UserId(USER),
        email: EmailAddress::parse("bench@example.org").expect("it is an address"),
        name: "Bench".to_owned(),
        role: Role::SuperAdmin,
        reach: Reach::All,
        password: None,
        external: None,
        authenticator: None,
        failures: Failures::NONE,
        valid_from: Timestamp::from_millis(0),
        disabled_at: None,
        created_at: now,
        version: 1,
    };
    let session = Session {
        id: SESSION,
        user: UserId(USER),
        digests: RefreshDigests {
            family: [1; 32],
            refresh: [1; 32],
        },
        created_at: now,
        used_at: now,
        expires_at: now.plus(LIFE),
        agent: None,
        address: None,
    };
    // They may be there from the last time.
    let _known = store.insert_account(account).await;
    let _known = store.insert_session(session).await;
}
