//! Whom a PostgreSQL database and all in it belong to once it was brought back, by the program, on a real server.

use super::backup::{Operator, databases, migrate};
use super::postgres::{Durability, Postgres};

/// Databases, functions that act for their owner, and tables, each with whom it belongs to.
fn owners(server: &Postgres, database: &str) -> String {
    let owners = "SELECT 'database', pg_get_userbyid(datdba) FROM pg_database \
            WHERE datname = current_database() \
        UNION SELECT 'function', pg_get_userbyid(proowner) FROM pg_proc WHERE prosecdef \
        UNION SELECT 'table', pg_get_userbyid(relowner) FROM pg_class \
            WHERE relnamespace = 'public'::regnamespace \
        ORDER BY 1";
    server.psql(database, owners).trim().to_owned()
}

/// The service's schema in a database of a role that is no superuser, backed up by one that is.
fn owned_database() -> (Postgres, Operator) {
    let server = Postgres::start(Durability::None, &[]);
    server.psql("postgres", "CREATE ROLE service LOGIN CREATEROLE");
    server.psql("postgres", "CREATE DATABASE owned OWNER service");
    migrate(&server, "owned", "service");
    let operator = Operator::new(Some(server.url("owned")));
    (server, operator)
}

const OWNED: &str = "database|service\nfunction|service\ntable|service";

#[test]
fn what_a_superuser_restores_belongs_to_whom_it_belonged_to_who_can_go_on_with_it() {
    let (server, operator) = owned_database();
    let name = operator.backup();
    operator.run(&["backup", "verify"]);
    let told = operator.run(&["restore", &name, "--replace"]);
    assert!(told.contains("owner\tservice\n"), "{told}");
    operator.run(&["restore", &name, "--into", &server.url("fresh")]);
    for database in ["owned", "fresh"] {
        assert_eq!(owners(&server, database), OWNED, "{database}");
        // As the next release's migrations do.
        server.psql(
            database,
            "SET SESSION AUTHORIZATION service; CREATE TABLE next (id int); \
             ALTER TABLE nodes ADD COLUMN next int; CREATE SCHEMA next",
        );
    }
}

#[test]
fn a_restored_database_belongs_to_the_owner_of_the_one_that_it_replaces() {
    let (server, operator) = owned_database();
    let name = operator.backup();
    server.psql(
        "postgres",
        "CREATE ROLE other; ALTER DATABASE owned OWNER TO other",
    );
    operator.run(&["restore", &name, "--replace"]);
    assert!(owners(&server, "owned").starts_with("database|other\n"));
}

#[test]
fn a_role_that_is_not_there_is_named_and_nothing_is_restored_or_it_is_told_whose_it_is() {
    let (owned, mut operator) = owned_database();
    let name = operator.backup();
    let server = Postgres::start(Durability::None, &[]);
    let refusal = operator.refused(&["restore", &name, "--into", &server.url("fresh")]);
    assert!(refusal.contains("the server has no role \""), "{refusal}");
    assert_eq!(databases(&server), "postgres");
    // Nothing in it belongs to a role that is missing: the database alone did.
    owned.psql("postgres", "CREATE DATABASE bare OWNER service");
    operator.url = Some(owned.url("bare"));
    let name = operator.backup();
    let told = operator.output(&["restore", &name, "--into", &server.url("fresh")]);
    let talk = String::from_utf8(told.stderr).unwrap();
    assert!(told.status.success(), "{talk}");
    assert!(
        talk.contains("belonged to \"service\", a role that is not there"),
        "{talk}"
    );
}
