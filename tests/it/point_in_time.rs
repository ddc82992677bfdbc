//! Point-in-time recovery, as `docs/BACKUP.md` walks through it, on a real PostgreSQL that archives by the program.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use super::postgres::{Durability, Postgres, as_owner, server_user};

const KEY: &str = "canary-key-0123456789abcdef0123456789";

/// A segment is archived within a second; on a busy machine it takes longer: a minute of looks.
const LOOKS: u32 = 600;
const LOOK: Duration = Duration::from_millis(100);

/// What the user of the server has: the program, a place for backups, and a configuration.
struct Site(PathBuf);

impl Site {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("evara-site-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(root.join("place")).unwrap();
        let program = root.join("evara");
        // The folder of build products may be closed to the user of the server.
        let built = env!("CARGO_BIN_EXE_evara");
        fs::hard_link(built, &program)
            .or_else(|_| fs::copy(built, &program).map(drop))
            .unwrap();
        let place = root.join("place").display().to_string();
        let config = format!("evara_backup_to = {place:?}\nevara_backup_key = {KEY:?}\n");
        fs::write(root.join("evara.toml"), config).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((user, group)) = server_user() {
            for path in [root.clone(), root.join("place"), root.join("evara.toml")] {
                chown(path, Some(user), Some(group)).unwrap();
            }
        }
        Self(root)
    }

    /// The program as the server calls it.
    fn command(&self, what: &str) -> String {
        let (program, config) = (self.0.join("evara"), self.0.join("evara.toml"));
        format!("{} {what} --config {}", program.display(), config.display())
    }

    fn output(&self, arguments: &[&str], url: Option<&str>) -> Output {
        let mut program = Command::new(self.0.join("evara"));
        as_owner(&mut program);
        program
            .args(arguments)
            .arg("--config")
            .arg(self.0.join("evara.toml"));
        program.current_dir(&self.0);
        program.env("EVARA_BACKUP_DATABASE_URL", url.unwrap_or_default());
        program.output().unwrap()
    }

    fn run(&self, arguments: &[&str], url: Option<&str>) -> String {
        let output = self.output(arguments, url);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {talk}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn archived(&self, segment: &str) -> PathBuf {
        self.0.join("place/wal").join(format!("{segment}.json"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, outside of a runtime"
)]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is_so() {
            return;
        }
        std::thread::sleep(LOOK);
    }
    panic!("in vain: {what}");
}

fn brought_back(site: &Site, until: &[&str]) -> String {
    let directory = site.0.join(uuid::Uuid::new_v4().to_string());
    let into = directory.display().to_string();
    site.run(&[&["restore-base", &into], until].concat(), None);
    assert_eq!(
        fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let server = Postgres::start_on(directory, &[]);
    let recovering = || server.psql("evara", "SELECT pg_is_in_recovery()").trim() == "t";
    eventually("the end of recovery", || !recovering());
    let notes = "SELECT string_agg(note, ' ' ORDER BY note) FROM notes";
    let found = server.psql("evara", notes).trim().to_owned();
    let finished = site.run(&["restore-finish"], Some(&server.url("evara")));
    assert!(finished.starts_with("finished\t"), "{finished}");
    found
}

fn start(site: &Site) -> Postgres {
    let archive = format!("archive_command={}", site.command("wal-push %p"));
    let settings = ["wal_level=replica", "archive_mode=on", &archive];
    let server = Postgres::start(Durability::None, &settings);
    server.create_database("evara");
    server.psql("evara", "CREATE TABLE notes (note text)");
    server
}

fn write(server: &Postgres, note: &str) {
    server.psql("evara", &format!("INSERT INTO notes VALUES ('{note}')"));
}

/// Closes the segment that is being written, and waits until it was archived.
fn archive(server: &Postgres, site: &Site) -> String {
    let segment = server.psql("evara", "SELECT pg_walfile_name(pg_switch_wal())");
    let segment = segment.trim().to_owned();
    eventually("the archive", || site.archived(&segment).exists());
    segment
}

#[test]
fn a_server_is_brought_back_to_a_moment_between_two_writes() {
    let site = Site::new();
    let server = start(&site);
    write(&server, "a_before");
    site.run(&["backup", "base"], Some(&server.url("evara")));
    write(&server, "b_first");
    let moment = server.psql("evara", "SELECT clock_timestamp()");
    server.psql(
        "evara",
        "SELECT pg_create_restore_point('between'), pg_sleep(0.01)",
    );
    write(&server, "c_second");
    archive(&server, &site);
    drop(server);
    let up_to = |until: &[&str]| brought_back(&site, until);
    assert_eq!(up_to(&["--until-point", "between"]), "a_before b_first");
    assert_eq!(up_to(&["--until", moment.trim()]), "a_before b_first");
    assert_eq!(up_to(&[]), "a_before b_first c_second");
}

#[test]
fn a_moment_that_cannot_be_reached_is_refused_before_anything_is_unpacked() {
    let site = Site::new();
    let server = start(&site);
    let before = server.psql("evara", "SELECT clock_timestamp()");
    site.run(&["backup", "base"], Some(&server.url("evara")));
    let refused = |directory: &str, until: &str| {
        let output = site.output(&["restore-base", directory, "--until", until], None);
        assert_eq!(output.status.code(), Some(1), "{until}");
        String::from_utf8(output.stderr).unwrap()
    };
    for until in ["garbage", "2026-11-20 15:49:32"] {
        let refusal = refused("restored", until);
        assert!(refusal.contains("is no moment"), "{refusal}");
    }
    let refusal = refused("restored", before.trim());
    assert!(refusal.contains("at the earliest"), "{refusal}");
    assert!(!site.0.join("restored").exists());
    // The moment that it names is one that can be reached.
    let mut words = refusal.split_whitespace();
    let earliest =
        words.find(|word| word.ends_with('Z') && word.contains('T') && word.contains(':'));
    let (server_of_files, earliest) = (site.0.join("restored"), earliest.unwrap());
    fs::create_dir(&server_of_files).unwrap();
    fs::write(server_of_files.join("precious"), "").unwrap();
    let refusal = refused("restored", earliest);
    assert!(refusal.contains("is not empty"), "{refusal}");
    assert!(!refusal.contains("--replace"), "{refusal}");
}

#[test]
fn a_base_backup_is_verified_by_what_postgresql_noted_of_its_files() {
    let site = Site::new();
    let server = start(&site);
    let url = server.url("evara");
    site.run(&["backup", "base"], Some(&url));
    let verified = site.output(&["backup", "verify"], Some(&url));
    let (told, talk) = (
        String::from_utf8(verified.stdout).unwrap(),
        String::from_utf8(verified.stderr).unwrap(),
    );
    assert!(told.starts_with("verified\t"), "{told}{talk}");
    assert!(talk.contains("no server was started"), "{talk}");
    assert!(
        site.run(&["backup", "list"], None)
            .starts_with("verified\t")
    );
}

#[test]
fn the_server_is_told_the_end_of_the_log_from_a_log_that_cannot_be_read() {
    let site = Site::new();
    let server = start(&site);
    write(&server, "first");
    let segment = archive(&server, &site);
    let fetch = |name: &str| {
        let output = site.output(&["wal-fetch", name, "fetched"], None);
        output.status.code()
    };
    assert_eq!(fetch(&segment), Some(0));
    let size = fs::metadata(site.0.join("fetched")).unwrap().len();
    assert_eq!(size, 16 * 1024 * 1024);
    assert_eq!(fetch("0000000100000000000000FF"), Some(1));
    let manifest = site.archived(&segment);
    flip_a_bit(&manifest);
    assert_eq!(fetch(&segment), Some(126));
    fs::rename(site.0.join("place"), site.0.join("away")).unwrap();
    assert_eq!(fetch(&segment), Some(126));
}

fn flip_a_bit(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}
