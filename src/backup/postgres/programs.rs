//! PostgreSQL's own programs: where they are, and how they end.
//!
//! What a program says is kept to its end, and told when it failed. None outlives the value that began it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::backup::Error;

/// Where Debian puts them, by version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The end of what a failing program says tells why.
const MAX_TALK_BYTES: usize = 4 * 1024;

/// The newest program of that name where Debian has put it, or whichever the path leads to.
pub(super) fn program(name: &'static str) -> PathBuf {
    newest_of_debian(Path::new(DEBIAN), name).unwrap_or_else(|| PathBuf::from(name))
}

/// The program of that name which goes with the data directory `server`: the log is read by its own version
/// only. Where Debian has none, any.
pub(super) fn program_of(server: &Path, name: &'static str) -> PathBuf {
    let version = std::fs::read_to_string(server.join("PG_VERSION")).unwrap_or_default();
    let own = Path::new(DEBIAN)
        .join(version.trim())
        .join("bin")
        .join(name);
    if own.is_file() { own } else { program(name) }
}

fn newest_of_debian(folder: &Path, name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir(folder).ok()?.flatten();
    let programs = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let path = entry.path().join("bin").join(name);
        path.is_file().then_some((version, path))
    });
    programs.max().map(|(_, path)| path)
}

/// A running program.
#[derive(Debug)]
pub(in crate::backup) struct Running {
    name: &'static str,
    child: Child,
    talk: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts `command`, whose standard streams are pipes.
    pub(in crate::backup) fn start(
        name: &'static str,
        mut command: Command,
    ) -> Result<Self, Error> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                return Error::NoProgram { program: name };
            }
            Error::Program {
                program: name,
                said: error.to_string(),
            }
        })?;
        let talk = child.stderr.take();
        let talk = talk.map(|stderr| std::thread::spawn(move || end_of(stderr)));
        Ok(Self { name, child, talk })
    }

    /// Its standard input; it ends when this is dropped.
    pub(in crate::backup) fn stdin(&mut self) -> Result<ChildStdin, Error> {
        let pipe = self.child.stdin.take();
        pipe.ok_or_else(|| self.failed("its input is gone".to_owned()))
    }

    pub(in crate::backup) fn stdout(&mut self) -> Result<ChildStdout, Error> {
        let pipe = self.child.stdout.take();
        pipe.ok_or_else(|| self.failed("its output is gone".to_owned()))
    }

    /// Waits for its end, which must be a good one.
    pub(in crate::backup) fn finish(mut self) -> Result<(), Error> {
        drop(self.child.stdin.take());
        drop(self.child.stdout.take());
        let status = self.child.wait();
        let status = status.map_err(|error| self.failed(error.to_string()))?;
        let talk = self.talk.take().and_then(|talk| talk.join().ok());
        if status.success() {
            return Ok(());
        }
        let talk = talk.filter(|talk| !talk.is_empty());
        Err(self.failed(talk.unwrap_or_else(|| status.to_string())))
    }

    fn failed(&self, said: String) -> Error {
        Error::Program {
            program: self.name,
            said,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or is not wanted any more.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn end_of(mut stream: impl Read) -> String {
    let mut end = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        end.extend_from_slice(&buffer[..read]);
        let surplus = end.len().saturating_sub(MAX_TALK_BYTES);
        end.drain(..surplus);
    }
    let lines = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    lines.join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_quoted_and_one_that_is_missing_is_named() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo no such role >&2; exit 3"]);
        let failed = Running::start("sh", shell).unwrap().finish();
        assert_eq!(failed.unwrap_err().to_string(), "sh failed: no such role");
        let missing = Running::start("pg_dump", Command::new("/nowhere/pg_dump"));
        let missing = missing.unwrap_err().to_string();
        assert!(missing.starts_with("pg_dump was not found"), "{missing}");
    }
}
