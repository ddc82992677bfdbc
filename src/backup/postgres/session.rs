//! Talking to a database through `psql`: one statement, a script, or a snapshot that is held open.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout, Command};

use super::programs::Running;
use super::{CENSUS, Connection};
use crate::backup::Error;
use crate::backup::census::Census;

const OPEN_SNAPSHOT: &str = include_str!("sql/open_snapshot.sql");

const PSQL: &str = "psql";

/// A line a table: no census is larger, and no other answer.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

fn psql(connection: &Connection) -> Command {
    let mut command = connection.command(PSQL);
    command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
    command.args(["--no-password", "--variable=ON_ERROR_STOP=1"]);
    command
}

/// What one statement prints.
pub(super) fn query(connection: &Connection, sql: &str) -> Result<String, Error> {
    script(connection, &[], sql)
}

/// What a script prints, columns parted by `|`.
pub(super) fn script(
    connection: &Connection,
    variables: &[(&str, String)],
    sql: &str,
) -> Result<String, Error> {
    let mut command = psql(connection);
    for (name, value) in variables {
        command.arg(format!("--variable={name}={value}"));
    }
    let mut running = Running::start(PSQL, command)?;
    let input = running.stdin()?;
    let output = running.stdout()?;
    let said = say(input, sql).and_then(|()| hear(output));
    // Its own words go before ours.
    running.finish()?;
    said
}

fn say(mut input: ChildStdin, sql: &str) -> Result<(), Error> {
    input.write_all(sql.as_bytes()).map_err(broke)
}

fn hear(output: impl std::io::Read) -> Result<String, Error> {
    let mut text = String::new();
    output
        .take(MAX_ANSWER_BYTES)
        .read_to_string(&mut text)
        .map_err(broke)?;
    Ok(text)
}

fn broke(error: std::io::Error) -> Error {
    Error::Program {
        program: PSQL,
        said: error.to_string(),
    }
}

/// One instant of a database, held so that a dump and a census see the same.
#[derive(Debug)]
pub(in crate::backup) struct Snapshot {
    running: Running,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    id: String,
}

impl Snapshot {
    /// The database as it is now.
    pub(in crate::backup) fn open(connection: &Connection) -> Result<Self, Error> {
        let mut running = Running::start(PSQL, psql(connection))?;
        let mut input = running.stdin()?;
        let mut output = BufReader::new(running.stdout()?);
        let mut id = String::new();
        let asked = input
            .write_all(OPEN_SNAPSHOT.as_bytes())
            .and_then(|()| input.flush())
            .and_then(|()| output.read_line(&mut id));
        let id = id.trim().to_owned();
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        if asked.is_err() || id.is_empty() || !id.chars().all(is_id) {
            drop(input);
            running.finish()?;
            return Err(Error::Unexpected {
                program: PSQL,
                said: id,
            });
        }
        Ok(Self {
            running,
            input,
            output,
            id,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What the database held at that instant, and the newest migration that it had.
    pub(in crate::backup) fn census(self) -> Result<(Census, Option<i64>), Error> {
        let said = say(self.input, CENSUS).and_then(|()| hear(self.output));
        self.running.finish()?;
        understood(&said?)
    }
}

/// Lines such as `rows|nodes|7` as a census; the schema's version is one of them.
pub(super) fn understood(text: &str) -> Result<(Census, Option<i64>), Error> {
    let mut census = Census::default();
    let mut version = None;
    for line in text.lines() {
        let unexpected = || Error::Unexpected {
            program: PSQL,
            said: line.to_owned(),
        };
        let (kind, rest) = line.split_once('|').ok_or_else(unexpected)?;
        let (name, number) = rest.rsplit_once('|').ok_or_else(unexpected)?;
        let number: Option<i64> = match number {
            "" => None,
            digits => Some(digits.parse().map_err(|_| unexpected())?),
        };
        match (kind, number) {
            ("schema", found) => version = found,
            ("rows", Some(count)) => {
                census.rows.insert(name.to_owned(), count.unsigned_abs());
            }
            ("fact", Some(count)) => {
                census.facts.insert(name.to_owned(), count);
            }
            _ => return Err(unexpected()),
        }
    }
    Ok((census, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_psql_are_a_census_and_anything_else_is_told() {
        let text = "schema|version|3\nrows|odd|name|7\nfact|revisions_missing|0\n";
        let (census, version) = understood(text).unwrap();
        assert_eq!(version, Some(3));
        assert_eq!(census.rows["odd|name"], 7);
        assert_eq!(census.facts["revisions_missing"], 0);
        for odd in ["hello", "rows|nodes|many", "rows|nodes|"] {
            assert!(understood(odd).is_err(), "{odd}");
        }
    }
}
