//! Backups as operators make them: the program, a running service, a real PostgreSQL.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::harness::Scratch;
use super::postgres::{Durability, Postgres};
use super::small_disk::SmallDisk;

const KEY: &str = "canary-key-0123456789abcdef0123456789";

/// A place for backups, and the program that uses it.
pub(super) struct Operator {
    scratch: Scratch,
    /// Where the place is, if not in `scratch`.
    elsewhere: Option<PathBuf>,
    pub(super) url: Option<String>,
}

impl Operator {
    pub(super) fn new(url: Option<String>) -> Self {
        let scratch = Scratch::new();
        fs::create_dir(scratch.place(0)).unwrap();
        Self {
            scratch,
            elsewhere: None,
            url,
        }
    }

    fn place(&self) -> PathBuf {
        let own = || self.scratch.place(0);
        self.elsewhere.clone().unwrap_or_else(own)
    }

    fn data(&self) -> PathBuf {
        self.scratch.place(1)
    }

    pub(super) fn output(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_evara"));
        program
            .args(arguments)
            .env("EVARA_DATA", self.data())
            .env("EVARA_BACKUP_TO", self.place())
            .env("EVARA_BACKUP_KEY", KEY);
        if let Some(url) = &self.url {
            program.env("EVARA_BACKUP_DATABASE_URL", url);
        }
        program.output().unwrap()
    }

    /// What it prints, when it succeeds.
    pub(super) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {talk}");
        assert!(!talk.contains(KEY), "{talk}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says, when it fails as a command does.
    pub(super) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The name of a new backup.
    pub(super) fn backup(&self) -> String {
        let told = self.run(&["backup"]);
        let mut words = told.split_whitespace();
        assert_eq!(words.next(), Some("created"), "{told}");
        words.next().unwrap().to_owned()
    }
}

fn tanks(server: &Postgres, database: &str) -> String {
    let rows = "SELECT count(*), sum(id), max(name) FROM tanks";
    server.psql(database, rows).trim().to_owned()
}

pub(super) fn databases(server: &Postgres) -> String {
    let names =
        "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate";
    server.psql("postgres", names).trim().to_owned()
}

/// A server with a database of 5,000 tanks, some in a schema and a partition of their own.
fn server() -> (Postgres, Operator) {
    let server = Postgres::start(Durability::None, &[]);
    let url = server.create_database("evara");
    server.psql(
        "evara",
        "CREATE TABLE tanks (id bigint PRIMARY KEY, name text NOT NULL); \
         INSERT INTO tanks SELECT n, 'tank ' || n FROM generate_series(1, 5000) AS n; \
         CREATE SCHEMA other; CREATE TABLE other.\"odd name\" (id int) PARTITION BY RANGE (id); \
         CREATE TABLE other.part PARTITION OF other.\"odd name\" DEFAULT; \
         INSERT INTO other.\"odd name\" VALUES (1), (2);",
    );
    (server, Operator::new(Some(url)))
}

#[test]
fn a_postgres_database_is_backed_up_proved_and_brought_back_beside_the_old_one() {
    let (server, operator) = server();
    let name = operator.backup();
    let listed = operator.run(&["backup", "list"]);
    assert!(
        listed.starts_with(&format!("stored\t{name}\tpostgres\t")),
        "{listed}"
    );
    let verified = operator.run(&["backup", "verify"]);
    assert!(verified.contains("5002 rows"), "{verified}");
    assert_eq!(databases(&server), "evara postgres");
    server.psql("evara", "DELETE FROM tanks WHERE id > 10");

    let refusal = operator.refused(&["restore", &name]);
    assert!(refusal.contains("is not empty: say --replace"), "{refusal}");
    operator.run(&["restore", &name, "--into", &server.url("fresh")]);
    assert_eq!(tanks(&server, "fresh"), "5000|12502500|tank 999");
    assert_eq!(tanks(&server, "evara").split('|').next(), Some("10"));

    let told = operator.run(&["restore", &name, "--replace"]);
    let aside = told
        .lines()
        .find_map(|line| line.strip_prefix("aside\t"))
        .unwrap();
    assert_eq!(tanks(&server, "evara"), "5000|12502500|tank 999");
    assert_eq!(tanks(&server, aside).split('|').next(), Some("10"));
    assert_eq!(databases(&server), format!("evara {aside} fresh postgres"));
}

#[test]
fn a_place_without_room_keeps_no_half_of_a_backup() {
    let Some(disk) = SmallDisk::mounted(1) else {
        return;
    };
    let (server, mut operator) = server();
    operator.elsewhere = Some(disk.path().to_owned());
    let whole = operator.backup();
    disk.fill();
    // Room for some of it, for none, and for all but the manifest.
    let object = disk.path().join("backups").join(format!("{whole}.evb"));
    let needed = fs::metadata(object).unwrap().len().next_multiple_of(4096);
    for room in [0, 8_192, needed] {
        disk.leave(room);
        let refusal = operator.refused(&["backup"]);
        assert!(refusal.contains("space"), "{refusal}");
        let listed = operator.run(&["backup", "list"]);
        assert_eq!(listed.lines().count(), 1, "{room}: {listed}");
        assert!(listed.contains(&whole), "{room}: {listed}");
        disk.fill();
    }
    disk.clear();
    let next = operator.backup();
    for name in [&whole, &next] {
        operator.run(&["backup", "verify", name]);
    }
    assert_eq!(databases(&server), "evara postgres");
}

#[test]
fn what_a_dump_holds_is_counted_at_the_same_instant_while_others_write() {
    let (server, operator) = server();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for batch in 1..=30 {
                let (from, to) = (10_000 * batch, 10_000 * batch + 500);
                let sql = format!(
                    "INSERT INTO tanks SELECT n, 'x' FROM generate_series({from}, {to}) AS n"
                );
                server.psql("evara", &sql);
            }
        });
        while !writer.is_finished() {
            let name = operator.backup();
            operator.run(&["backup", "verify", &name]);
        }
    });
}

#[test]
fn a_backup_that_is_damaged_changes_no_database_and_leaves_none() {
    let (server, operator) = server();
    let name = operator.backup();
    let object = operator.place().join("backups").join(format!("{name}.evb"));
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&object, bytes).unwrap();
    for arguments in [
        &["backup", "verify"][..],
        &["restore", &name, "--replace"][..],
    ] {
        let refusal = operator.refused(arguments);
        assert!(
            refusal.contains(&format!("{name}.evb is damaged")),
            "{refusal}"
        );
    }
    assert_eq!(databases(&server), "evara postgres");
    assert_eq!(tanks(&server, "evara").split('|').next(), Some("5000"));
}

#[test]
fn a_database_in_use_is_not_replaced_and_the_new_one_goes() {
    let (server, operator) = server();
    let name = operator.backup();
    let url = server.url("evara");
    let mut service = Command::new(super::postgres::binary("psql"));
    let mut service = service
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = service.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"SELECT 'there';\n").unwrap();
    let heard = BufReader::new(service.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(heard.into_iter().any(|line| line.contains("there")));
    let refusal = operator.refused(&["restore", &name, "--replace"]);
    assert!(
        refusal.contains("is in use: stop the service first"),
        "{refusal}"
    );
    assert_eq!(databases(&server), "evara postgres");
    drop(input);
    service.wait().unwrap();
}

#[test]
fn a_server_that_is_away_fails_the_backup_and_nothing_is_stored() {
    let (mut server, operator) = server();
    server.stop_immediately();
    let refusal = operator.refused(&["backup"]);
    assert!(refusal.contains("psql failed"), "{refusal}");
    assert_eq!(operator.run(&["backup", "list"]), "");
}

/// A running service, ended with the test at the latest.
struct Service(Child);

impl Service {
    fn start(data: &Path) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_evara"));
        program
            .args(["serve", "--bind", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("LOG_LEVEL", "off")
            .stdout(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut told = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut told).unwrap();
        assert!(told.contains("evara serve"), "{told}");
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn a_running_service_is_backed_up_and_never_replaced_under_its_feet() {
    let operator = Operator::new(None);
    let service = Service::start(&operator.data());
    let name = operator.backup();
    let verified = operator.run(&["backup", "verify", &name]);
    assert!(verified.contains("\tsqlite\t"), "{verified}");
    let refusal = operator.refused(&["restore", &name, "--replace"]);
    assert!(refusal.contains("is in use"), "{refusal}");
    drop(service);
    operator.run(&["restore", &name, "--replace"]);
    drop(Service::start(&operator.data()));
}

#[test]
fn what_was_not_said_or_is_not_there_is_told_in_a_line() {
    let operator = Operator::new(None);
    let refusal = operator.refused(&["backup", "verify", "../etc"]);
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    assert!(refusal.contains("there is no backup"), "{refusal}");
    let nothing = operator.refused(&["backup"]);
    assert!(nothing.contains("evara.db could not be read"), "{nothing}");
    assert!(!operator.data().exists());
    let away = operator.refused(&["backup", "list", "--to", "/nowhere/at/all"]);
    assert!(away.contains("is it mounted"), "{away}");
    let wrong = operator.output(&["backup", "--to", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(78));
}

/// Makes the service's own schema, as that role.
pub(super) fn migrate(server: &Postgres, database: &str, role: &str) {
    let folder = super::tidy::root().join("migrations/postgres");
    let mut steps: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|step| step.unwrap().path())
        .collect();
    // By number: V11 comes after V9.
    steps.sort_by_key(|step| {
        let name = step.file_name().unwrap().to_string_lossy().into_owned();
        (name.find("__"), name)
    });
    for step in steps {
        let step = fs::read_to_string(step).unwrap();
        server.psql(
            database,
            &format!("SET SESSION AUTHORIZATION {role}; {step}"),
        );
    }
}

/// A server with the service's own schema, and a node whose log has five revisions.
fn service_database() -> (Postgres, Operator) {
    let server = Postgres::start(Durability::None, &[]);
    let url = server.create_database("evara");
    migrate(&server, "evara", "evara");
    server.psql(
        "evara",
        "INSERT INTO nodes (id, node_key, version, created_at, spec) \
         VALUES ('00000000-0000-0000-0000-000000000007', 'oht', 3, now(), '{}'); \
         INSERT INTO twin_events \
         SELECT id, revision, now(), '{\"type\":\"created\"}' FROM nodes, generate_series(1, 4) AS revision; \
         INSERT INTO telemetry_tank (node, source_at, source, received_at, revision) \
         SELECT id, now(), '\\x00', now(), 5 FROM nodes; \
         INSERT INTO twin_snapshots (node, shard, revision, state) SELECT id, 0, 5, '' FROM nodes",
    );
    (server, Operator::new(Some(url)))
}

#[test]
fn in_the_service_s_own_schema_no_revision_is_used_again_and_the_restore_is_written_down() {
    let (server, operator) = service_database();
    let name = operator.backup();
    operator.run(&["backup", "verify"]);
    operator.run(&["restore", &name, "--into", &server.url("restored")]);
    let revisions = "SELECT string_agg(revision::text, ' ' ORDER BY revision) FILTER (WHERE revision < 5), \
        max(revision) > 1e15, json_agg(change ORDER BY revision) -> -1 FROM twin_events";
    let told = server.psql("restored", revisions);
    assert_eq!(
        told.trim(),
        "1 2 3 4|t|{\"type\" : \"configured\", \"version\" : 3}"
    );
    let from = "SELECT convert_from(value, 'UTF8') FROM store_facts WHERE name = 'restored_from'";
    assert_eq!(server.psql("restored", from).trim(), name);
    // A log that is not whole is told, by name.
    server.psql("evara", "UPDATE twin_snapshots SET revision = 9");
    let told = operator.output(&["backup"]);
    let talk = String::from_utf8(told.stderr).unwrap();
    assert!(talk.contains("snapshots ahead of their log: 1"), "{talk}");
    let refusal = operator.refused(&["backup", "verify"]);
    assert!(
        refusal.contains("snapshots ahead of their log: 1"),
        "{refusal}"
    );
}
