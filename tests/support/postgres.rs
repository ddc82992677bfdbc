//! A PostgreSQL of a test's own: made in a scratch directory, on a free port, gone with the value.
//!
//! It ends with the process that began it, however that ends: its keeper waits for the end of a pipe.
//! Made by blocking calls, before a test's own time begins. Where the machine has no PostgreSQL, the
//! test fails and says what to install; it is never passed over.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uuid::Uuid;

/// The owner of every database.
const OWNER: &str = "evara";

/// Between two looks at a server that starts.
const LOOK: Duration = Duration::from_millis(20);

/// A server is up within a second; on a busy machine it takes longer: a minute of looks.
const LOOKS: u32 = 3_000;

/// Kills the server at once when standard input ends, which it does with the process that holds it.
const KEEPER: &str = r#"exec 3<&0; "$@" </dev/null & server=$!; read -r _ <&3; kill -QUIT "$server"; wait "$server""#;

/// Whether what was committed is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production.
    Full,
    /// For tests that crash nothing.
    None,
}

/// A running, or stopped, server.
#[derive(Debug)]
pub(crate) struct Postgres {
    directory: PathBuf,
    port: u16,
    durability: Durability,
    settings: Vec<String>,
    keeper: Option<Child>,
}

impl Postgres {
    /// An empty server, ready for connections. `settings` are as `max_connections=10`.
    pub(crate) fn start(durability: Durability, settings: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("evara-postgres-{}", Uuid::new_v4()));
        copy_of_template(&directory);
        let mut server = Self {
            directory,
            port: free_port(),
            durability,
            settings: settings.iter().map(ToString::to_string).collect(),
            keeper: None,
        };
        server.start_again();
        server
    }

    /// A server on a data directory that was brought back, which goes with it too.
    pub(crate) fn start_on(directory: PathBuf, settings: &[&str]) -> Self {
        let mut server = Self {
            directory,
            port: free_port(),
            durability: Durability::None,
            settings: settings.iter().map(ToString::to_string).collect(),
            keeper: None,
        };
        server.start_again();
        server
    }

    /// A running server that follows this one, by a copy of it as it is now.
    pub(crate) fn replica(&self) -> Self {
        let directory = std::env::temp_dir().join(format!("evara-postgres-{}", Uuid::new_v4()));
        let mut backup = Command::new(binary("pg_basebackup"));
        backup.arg("-D").arg(&directory);
        backup.args(["-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]);
        backup.args(["-h", "127.0.0.1", "-U", OWNER, "-p", &self.port.to_string()]);
        as_owner(&mut backup);
        output(&mut backup);
        Self::start_on(directory, &[])
    }

    /// Where a database of it is: user, host, port and name.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{database}", self.port)
    }

    /// A new, empty database, by its URL.
    pub(crate) fn create_database(&self, name: &str) -> String {
        self.psql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// What a statement prints: rows as lines, columns parted by `|`.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(binary("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        output(psql.arg(self.url(database)))
    }

    /// The port it listens on, also when it is started again.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The data directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Ends it as a crash would: nothing is flushed, connections break.
    pub(crate) fn stop_immediately(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _status = keeper.wait();
        }
    }

    /// Starts it, on the same port and data.
    ///
    /// # Panics
    /// When it does not come up within a minute; its log is in the message.
    pub(crate) fn start_again(&mut self) {
        let durable = match self.durability {
            Durability::Full => "on",
            Durability::None => "off",
        };
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(binary("postgres"));
        keeper.arg("-D").arg(&self.directory);
        keeper.arg("-p").arg(self.port.to_string());
        keeper.arg("-k").arg(&self.directory);
        let fixed = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("fsync={durable}"),
        ];
        for setting in fixed.iter().chain(&self.settings) {
            keeper.args(["-c", setting]);
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        keeper
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        as_owner(&mut keeper);
        self.keeper = Some(keeper.spawn().unwrap());
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        for _ in 0..LOOKS {
            let mut ready = Command::new(binary("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().unwrap().success() {
                return;
            }
            let keeper = self.keeper.as_mut();
            if keeper.is_some_and(|keeper| keeper.try_wait().unwrap().is_some()) {
                break;
            }
            pause();
        }
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }

    fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop_immediately();
        let _left_behind = fs::remove_dir_all(&self.directory);
    }
}

/// Copies an empty cluster: `initdb` takes longer than most tests, and is run once a machine.
fn copy_of_template(directory: &Path) {
    let version = output(Command::new(binary("postgres")).arg("--version"));
    let number = version.split_whitespace().nth(2).unwrap_or("unknown");
    let template = std::env::temp_dir().join(format!("evara-postgres-template-{number}"));
    if !template.exists() {
        make_template(&template);
    }
    let mut copy = Command::new("cp");
    output(copy.arg("-a").arg(&template).arg(directory));
}

/// Of several processes that make it at once, each makes a whole one, and the first to finish leaves its own.
fn make_template(template: &Path) {
    let draft = template.with_extension(Uuid::new_v4().to_string());
    fs::create_dir(&draft).unwrap();
    if let Some((user, group)) = server_user() {
        chown(&draft, Some(user), Some(group)).unwrap();
    }
    let mut initdb = Command::new(binary("initdb"));
    initdb
        .arg("-D")
        .arg(&draft)
        .args(["-U", OWNER, "-A", "trust"]);
    initdb.args(["-E", "UTF8", "--locale=C", "--no-sync"]);
    as_owner(&mut initdb);
    output(&mut initdb);
    match fs::rename(&draft, template) {
        Ok(()) => {}
        Err(_) if template.exists() => fs::remove_dir_all(&draft).unwrap(),
        Err(error) => panic!("{}: {error}", template.display()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, before a test's own time begins"
)]
fn pause() {
    std::thread::sleep(LOOK);
}

/// As the user of the server. PostgreSQL refuses root.
pub(crate) fn as_owner(command: &mut Command) {
    command.current_dir(std::env::temp_dir());
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
}

/// The user and group that the server runs as where this process is root's.
pub(crate) fn server_user() -> Option<(u32, u32)> {
    let id = output(Command::new("id").arg("-u"));
    if id.trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:"));
    let user = user.expect("root needs a user named postgres: install Debian's postgresql");
    let mut ids = user.split(':').skip(2).map(|id| id.parse().unwrap());
    Some((ids.next().unwrap(), ids.next().unwrap()))
}

/// A program of PostgreSQL: of the newest version where Debian has put it, or by the path.
pub(crate) fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .map(|entry| entry.path())
        .max_by_key(|path| version(path));
    let found = newest
        .map(|path| path.join("bin").join(name))
        .filter(|path| path.exists());
    found.unwrap_or_else(|| PathBuf::from(name))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn output(command: &mut Command) -> String {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("{command:?} is not there: install PostgreSQL 15 or newer (Debian: postgresql)")
        }
        Err(error) => panic!("{command:?}: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
