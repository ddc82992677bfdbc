//! The service as people run it: `evara serve`, a process of its own, release build.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use uuid::Uuid;

use super::child::Child;
use super::person;
use crate::client::Target;

/// What the store is sealed with.
pub(crate) const SECRET_KEY: &str = "a-secret-key-that-is-long-enough-for-a-bench";

/// The service, running.
#[derive(Debug)]
pub(crate) struct Service {
    process: Child,
    address: SocketAddr,
}

impl Service {
    /// Starts it over a database, or over what is embedded in `data`, and waits until it is ready.
    pub(crate) fn start(database: Option<&str>, data: &Directory) -> Self {
        Self::ready(Self::begin(database, data))
    }

    /// The same, with the log that it has by default.
    pub(crate) fn start_with_log(database: Option<&str>, data: &Directory) -> Self {
        Self::ready(Self::begin_with(database, data, "info"))
    }

    fn ready((mut process, address): (Child, SocketAddr)) -> Self {
        let said = process.line();
        let ready = said.ends_with(&address.to_string());
        assert!(ready, "the service says where it is: {said}");
        Self { process, address }
    }

    /// Starts it, and tells where it will be.
    pub(crate) fn begin(database: Option<&str>, data: &Directory) -> (Child, SocketAddr) {
        Self::begin_with(database, data, "error")
    }

    fn begin_with(database: Option<&str>, data: &Directory, log: &str) -> (Child, SocketAddr) {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("there is a free port");
        let mut command = command("serve", database);
        command.env("EVARA_BIND", address.to_string());
        command.env("EVARA_DATA", data.path());
        command.env("LOG_LEVEL", log);
        person::admit(database, data.path());
        (Child::start(&mut command), address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number in the system.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Where a path of its API is asked for.
    pub(crate) fn target(&self, path: &str) -> Target {
        Target::new(self.address, &format!("/api/v1{path}"), &person::token())
    }

    /// Ends it as a failure of its machine would: what it answered for must be on the disk by now.
    pub(crate) fn fail(self) {
        drop(self.process);
    }
}

/// Brings the tables of a database up to date.
pub(crate) fn migrate(database: &str) {
    let directory = Directory::new();
    let mut command = command("migrate", Some(database));
    command.env("EVARA_DATA", directory.path());
    let output = command.output().expect("the service is built");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the tables are made: {errors}");
}

/// Its feed is a port that nobody listens on.
fn command(verb: &str, database: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evara"));
    command.arg(verb).env_clear();
    command.env("SECRET_KEY", SECRET_KEY);
    command.env("THINGSPEAK_URL", "http://127.0.0.1:9");
    // One caller asks as fast as it is answered.
    command.env("EVARA_REQUESTS_PER_MINUTE", "6000000");
    // One person has as many sockets as they may.
    command.env("EVARA_LIVE_SOCKETS_PER_USER", "1000");
    command.envs(database.map(|url| ("DATABASE_URL", url)));
    command
}

/// A scratch directory, gone with the value.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("evara-bench-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).expect("there is room for scratch files");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // It is in the folder for what may be lost.
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}
