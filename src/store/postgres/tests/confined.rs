//! Whether there is a role that owns nothing to work as, and what is done where there is none.

use super::Server;
use crate::store::postgres::{PostgresAddress, PostgresError, PostgresStore, migrate};

/// What the role may do with each table and function.
const RIGHTS: &str = "SELECT relname, acl.privilege_type
    FROM pg_class, aclexplode(relacl) AS acl
    WHERE relnamespace = 'public'::regnamespace AND acl.grantee = 'evara_app'::regrole
    UNION ALL
    SELECT oid::regprocedure::text, acl.privilege_type
    FROM pg_proc, aclexplode(proacl) AS acl
    WHERE pronamespace = 'public'::regnamespace AND acl.grantee = 'evara_app'::regrole
    ORDER BY 1, 2";

/// A database that belongs to a role which may make no other.
fn owned(server: &Server) -> PostgresAddress {
    server.shell("CREATE ROLE plain LOGIN");
    server.shell("ALTER SCHEMA public OWNER TO plain");
    let url = format!(
        "postgres://plain@127.0.0.1:{}/evara",
        server.postgres.port()
    );
    PostgresAddress::parse(&url).unwrap()
}

async fn open(address: &PostgresAddress) -> PostgresStore {
    let keys = crate::store::conformance::keys("k");
    PostgresStore::open(address, super::POOL, keys)
        .await
        .unwrap()
}

fn rights(server: &Server) -> String {
    server.shell(RIGHTS)
}

#[tokio::test]
async fn who_may_not_work_as_the_role_is_told_what_to_grant_and_then_it_has_the_same_rights() {
    let server = Server::new();
    let address = owned(&server);
    migrate(&address).await.unwrap();
    let refused = open(&address).await.demand_confinement().unwrap_err();
    assert!(matches!(refused, PostgresError::NotConfined { .. }));
    let told = refused.to_string();
    for part in [
        "CREATE ROLE evara_app NOLOGIN",
        "GRANT evara_app TO \"plain\"",
        "evara migrate",
    ] {
        assert!(told.contains(part), "{told}");
    }
    server.shell("CREATE ROLE evara_app NOLOGIN; GRANT evara_app TO \"plain\"");
    // It may become the role, which may do nothing yet.
    assert!(open(&address).await.demand_confinement().is_err());
    migrate(&address).await.unwrap();
    open(&address).await.demand_confinement().unwrap();
    let usual = Server::new();
    migrate(&usual.address).await.unwrap();
    assert_eq!(rights(&server), rights(&usual));
    assert!(rights(&usual).lines().count() > 100);
}

#[tokio::test]
async fn a_role_that_owns_a_table_or_passes_policies_is_no_wall() {
    let server = Server::new();
    migrate(&server.address).await.unwrap();
    let is_refused = async || {
        let opened = server.open("k").await.unwrap();
        opened.demand_confinement().is_err()
    };
    assert!(!is_refused().await);
    server.shell("ALTER ROLE evara_app BYPASSRLS");
    assert!(is_refused().await);
    server.shell("ALTER ROLE evara_app NOBYPASSRLS; ALTER TABLE plans OWNER TO evara_app");
    assert!(is_refused().await);
    server.shell("ALTER TABLE plans OWNER TO evara");
    assert!(!is_refused().await);
}
