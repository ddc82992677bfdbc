//! A PostgreSQL database: dumped, counted in the snapshot of its dump, and restored beside the old one.
//!
//! Nothing is restored into a database that has anything in it. A new one is made, filled, and given the name;
//! the old one keeps everything under another.

mod connection;
mod programs;
mod session;

use std::io;
use std::path::Path;
use std::process::{ChildStdout, Command};

use self::session::{query, script};
use super::Error;
use super::census::Census;
pub(super) use programs::Running;
use programs::program_of;

pub use connection::Connection;
pub(super) use session::Snapshot;

const CENSUS: &str = include_str!("sql/census.sql");
const MARK_RESTORED: &str = include_str!("sql/mark_restored.sql");

/// A program that writes what is to be kept to its standard output.
#[derive(Debug)]
pub(super) struct Dump {
    running: Running,
}

impl Dump {
    /// The database as `snapshot` sees it.
    pub(super) fn of(connection: &Connection, snapshot: &Snapshot) -> Result<Self, Error> {
        let mut command = connection.command("pg_dump");
        // Compressed on the way to its place.
        command.args(["--format=custom", "--compress=0", "--no-password"]);
        command.arg(format!("--snapshot={}", snapshot.id()));
        let running = Running::start("pg_dump", command)?;
        Ok(Self { running })
    }

    /// The whole server, with the log that makes it consistent.
    pub(super) fn of_server(connection: &Connection) -> Result<Self, Error> {
        let mut command = connection.command("pg_basebackup");
        command.args(["--pgdata=-", "--format=tar", "--wal-method=fetch"]);
        command.args(["--checkpoint=fast", "--no-password", "--label=evara"]);
        let running = Running::start("pg_basebackup", command)?;
        Ok(Self { running })
    }

    pub(super) fn output(&mut self) -> Result<ChildStdout, Error> {
        self.running.stdout()
    }

    /// Whether all of it was written.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.running.finish()
    }
}

/// Has the data directory of a server that is not running compared with what was noted of it when it was backed
/// up; false where the machine has no program that can.
pub(super) fn verify_files(server: &Path) -> Result<bool, Error> {
    const PROGRAM: &str = "pg_verifybackup";
    let mut command = Command::new(program_of(server, PROGRAM));
    command.arg("--quiet").arg(server);
    match Running::start(PROGRAM, command) {
        Ok(running) => running.finish().map(|()| true),
        Err(Error::NoProgram { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whom restored tables, functions and the like belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// Those who owned them. A role that is not there fails the restore.
    Kept,
    /// Whoever restores: for a copy that is only counted.
    Restorer,
}

/// Fills the empty database of `connection` by what `fill` writes, in one transaction.
pub(super) fn restore<T>(
    connection: &Connection,
    owners: Owners,
    fill: impl FnOnce(&mut dyn io::Write) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut command = connection.command("pg_restore");
    command.args(["--single-transaction", "--exit-on-error", "--no-password"]);
    if owners == Owners::Restorer {
        command.arg("--no-owner");
    }
    let mut running = Running::start("pg_restore", command)?;
    let mut input = running.stdin()?;
    let filled = fill(&mut input);
    drop(input);
    let finish = || running.finish().map_err(telling_the_role);
    match filled {
        // It has left; what it said tells why.
        Err(Error::Stream { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            finish()?;
            Err(Error::Program {
                program: "pg_restore",
                said: "it did not read to the end".to_owned(),
            })
        }
        Err(error) => Err(error),
        Ok(value) => finish().map(|()| value),
    }
}

/// What a program said of a role that is not there, as our own words; anything else as it was.
fn telling_the_role(error: Error) -> Error {
    if let Error::Program { said, .. } = &error
        && let Some((before, _)) = said.split_once("\" does not exist")
        && let Some((_, role)) = before.rsplit_once("role \"")
    {
        let role = role.to_owned();
        return Error::NoRole { role };
    }
    error
}

/// What the database holds, and the newest migration that it had.
pub(super) fn census(connection: &Connection) -> Result<(Census, Option<i64>), Error> {
    session::understood(&script(connection, &[], CENSUS)?)
}

/// Writes down that the database was restored, and raises the revisions.
pub(super) fn mark_restored(
    connection: &Connection,
    name: &str,
    at: &str,
    at_ms: i64,
) -> Result<(), Error> {
    let variables = [
        ("from", name.to_owned()),
        ("at", at.to_owned()),
        ("at_ms", at_ms.to_string()),
    ];
    script(connection, &variables, MARK_RESTORED).map(drop)
}

/// The role that a database of the server belongs to; `None` where there is no such database.
pub(super) fn owner(server: &Connection, database: &str) -> Result<Option<String>, Error> {
    let name = literal(database);
    let owner = format!("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {name};");
    let owner = query(server, &owner)?;
    Ok(owner.lines().next().map(str::to_owned))
}

/// Whether the server has that role.
pub(super) fn has_role(connection: &Connection, role: &str) -> Result<bool, Error> {
    let count = format!(
        "SELECT count(*) FROM pg_roles WHERE rolname = {};",
        literal(role)
    );
    Ok(query(&connection.to("postgres"), &count)?.trim() != "0")
}

/// A database of the server, by its name; `None` where it is not there.
pub(super) fn is_empty(connection: &Connection) -> Result<Option<bool>, Error> {
    let name = literal(connection.database());
    let there = query(
        &connection.to("postgres"),
        &format!("SELECT count(*) FROM pg_database WHERE datname = {name};"),
    )?;
    if there.trim() == "0" {
        return Ok(None);
    }
    let tables = "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace \
        WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%';";
    Ok(Some(query(connection, tables)?.trim() == "0"))
}

/// Makes the new, empty database of `connection`.
pub(super) fn create(connection: &Connection) -> Result<(), Error> {
    let name = identifier(connection.database());
    let create = format!("CREATE DATABASE {name} TEMPLATE template0;");
    query(&connection.to("postgres"), &create).map(drop)
}

/// Removes the database of `connection`, whoever uses it.
pub(super) fn remove(connection: &Connection) -> Result<(), Error> {
    let name = identifier(connection.database());
    let remove = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);");
    query(&connection.to("postgres"), &remove).map(drop)
}

/// Gives `fresh` to `owner`, if there is one, and the name of `old`, which is called `aside` from then on, if
/// it is there. Nobody may be using either.
pub(super) fn swap(
    fresh: &Connection,
    old: &Connection,
    aside: Option<&str>,
    owner: Option<&str>,
) -> Result<(), Error> {
    let rename = |from: &str, to: &str| {
        let (from, to) = (identifier(from), identifier(to));
        format!("ALTER DATABASE {from} RENAME TO {to};")
    };
    let away = aside.map_or_else(String::new, |aside| rename(old.database(), aside));
    let here = rename(fresh.database(), old.database());
    let given = owner.map_or_else(String::new, |owner| {
        let (fresh, owner) = (identifier(fresh.database()), identifier(owner));
        format!("ALTER DATABASE {fresh} OWNER TO {owner};")
    });
    // All or nothing: a server that fails in between has the old one under its name.
    let swapped = query(
        &old.to("postgres"),
        &format!("BEGIN; {given} {away} {here} COMMIT;"),
    );
    match swapped {
        Err(Error::Program { said, .. }) if said.contains("is being accessed") => {
            Err(Error::InUse {
                target: old.to_string(),
            })
        }
        swapped => swapped.map(drop),
    }
}

/// The names of databases that begin with `prefix`.
pub(super) fn named(connection: &Connection, prefix: &str) -> Result<Vec<String>, Error> {
    let names = query(
        connection,
        &format!(
            "SELECT datname FROM pg_database WHERE starts_with(datname, {});",
            literal(prefix)
        ),
    )?;
    Ok(names.lines().map(str::to_owned).collect())
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_there_is_named_and_nothing_else_is_taken_for_one() {
        let said = |said: &str| {
            telling_the_role(Error::Program {
                program: "pg_restore",
                said: said.to_owned(),
            })
        };
        let missing = said(
            "pg_restore: error: could not execute query: ERROR:  role \"a b\" does not exist\nCommand was: ALTER TABLE t OWNER TO \"a b\";",
        );
        assert!(matches!(&missing, Error::NoRole { role } if role == "a b"));
        for other in ["schema \"role\" does not exist", "it left", "role \"x\" is"] {
            assert!(matches!(said(other), Error::Program { .. }), "{other}");
        }
    }

    #[test]
    fn a_directory_that_is_not_as_it_was_noted_is_no_good_server() {
        let nothing_noted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let refused = verify_files(&nothing_noted).unwrap_err().to_string();
        assert!(refused.starts_with("pg_verifybackup failed: "), "{refused}");
    }
}
