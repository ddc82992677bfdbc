//! A whole PostgreSQL server: what point-in-time recovery begins with.
//!
//! Restored into an empty directory, with the settings by which the server fetches the log after it up to the
//! wanted moment. The server itself is started by whoever runs it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;

use super::manifest::{Content, Kind, Manifest};
use super::postgres::{self, Connection, Dump, Running};
use super::scratch::Scratch;
use super::verify::Proof;
use super::{Backups, Error};

/// Of what is no instant, the beginning tells which it was.
const MAX_SHOWN_CHARS: usize = 64;

/// Where recovery ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// With the last of the archived log.
    End,
    /// At an instant.
    Time(Timestamp),
    /// At a restore point, by the name that `pg_create_restore_point` gave it.
    Name(String),
}

impl Until {
    /// The instant that `text` says, by RFC 3339 or as PostgreSQL writes it: `2026-11-20T15:49:32.5Z`,
    /// `2026-11-20 15:49:32+00`. Without an offset it is none.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn time(text: &str) -> Result<Self, Error> {
        let is_plain = |c: char| c.is_ascii_digit() || "-+:. TtZz".contains(c);
        let plain = text.chars().all(is_plain).then_some(text);
        let time = plain.and_then(|text| text.parse().ok());
        time.map(Self::Time).ok_or_else(|| Error::NoMoment {
            text: text.chars().take(MAX_SHOWN_CHARS).collect(),
        })
    }
}

impl Backups {
    /// Backs the whole server of `connection` up, whose role must be one that may replicate.
    ///
    /// # Errors
    /// When it cannot be read, or the place not be written; then nothing of it is to be seen there.
    pub fn create_base(&self, connection: &Connection) -> Result<Manifest, Error> {
        let mut dump = Dump::of_server(connection)?;
        let mut output = dump.output()?;
        self.keep(Kind::PostgresBase, &mut output, || {
            dump.finish()?;
            Ok(Content {
                complete_at: Some(self.now().0),
                ..Content::default()
            })
        })
    }

    /// Restores a base backup into the directory `into`, which has to be empty, or not there. `fetch` is the
    /// command by which the server fetches a segment of the log.
    ///
    /// # Errors
    /// When the backup is damaged or no base backup, the moment is before its end, or the directory is not
    /// empty.
    pub fn restore_base(
        &self,
        name: Option<&str>,
        into: &Path,
        fetch: &str,
        until: &Until,
    ) -> Result<Manifest, Error> {
        let manifest = match name {
            Some(name) => self.find(Some(name))?,
            None => self.newest_base()?,
        };
        if manifest.kind != Kind::PostgresBase {
            return Err(Error::OtherKind {
                name: manifest.name,
                kind: manifest.kind.word(),
                target: into.display().to_string(),
            });
        }
        must_reach(&manifest, until)?;
        make_empty(into)?;
        self.check(&manifest)?;
        let filled = self
            .extract(&manifest, into)
            .and_then(|()| prepare(into, fetch, until));
        if filled.is_err() {
            // It was empty before, and half a server must not look like one.
            let _left = fs::remove_dir_all(into);
        }
        filled.map(|()| manifest)
    }

    fn newest_base(&self) -> Result<Manifest, Error> {
        let manifests = self
            .list()?
            .into_iter()
            .rev()
            .filter_map(|entry| entry.manifest.ok());
        let mut bases = manifests.filter(|manifest| manifest.kind == Kind::PostgresBase);
        bases.next().ok_or(Error::NoBackup)
    }

    /// Takes a base backup out, and has PostgreSQL's own program compare it with its list of files.
    pub(super) fn proof_of_base(
        &self,
        manifest: &Manifest,
        directory: &Path,
    ) -> Result<Proof, Error> {
        let scratch = Scratch::within(directory)?;
        let server = scratch.file("server");
        make_empty(&server)?;
        self.extract(manifest, &server)?;
        self.watch.begin("verifying");
        let is_known = postgres::verify_files(&server)?;
        Ok(if is_known {
            Proof::Files
        } else {
            Proof::Stored
        })
    }

    fn extract(&self, manifest: &Manifest, into: &Path) -> Result<(), Error> {
        let mut tar = Command::new("tar");
        tar.args([
            "--extract",
            "--preserve-permissions",
            "--file=-",
            "--directory",
        ]);
        tar.arg(into);
        let mut running = Running::start("tar", tar)?;
        let mut input = running.stdin()?;
        self.watch.begin("restoring");
        let unpacked = self.unpack_into(manifest, &mut input);
        drop(input);
        unpacked?;
        running.finish()
    }
}

/// Refuses a moment at which the files of a base backup do not fit each other yet.
fn must_reach(manifest: &Manifest, until: &Until) -> Result<(), Error> {
    let Until::Time(wanted) = until else {
        return Ok(());
    };
    let earliest = manifest.complete_at.as_ref();
    let earliest = earliest.unwrap_or(&manifest.created_at);
    match earliest.parse::<Timestamp>() {
        Ok(known) if *wanted < known => Err(Error::TooEarly {
            name: manifest.name.clone(),
            wanted: wanted.to_string(),
            earliest: earliest.clone(),
        }),
        // PostgreSQL itself refuses what it cannot do, when it starts.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn make_empty(into: &Path) -> Result<(), Error> {
    let Ok(mut entries) = fs::read_dir(into) else {
        // PostgreSQL starts in no directory that others may look into.
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(into);
        return made.map_err(Error::file(into, "made"));
    };
    if entries.next().is_some() {
        return Err(Error::NotEmptyDirectory {
            path: into.to_owned(),
        });
    }
    Ok(())
}

/// Tells the server to recover when it starts, from where and how far.
fn prepare(into: &Path, fetch: &str, until: &Until) -> Result<(), Error> {
    let settings = into.join("postgresql.auto.conf");
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&settings)
        .map_err(Error::file(&settings, "opened"))?;
    let written = file
        .write_all(recovery_settings(fetch, until).as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(Error::file(&settings, "written"))?;
    let signal = into.join("recovery.signal");
    fs::write(&signal, "").map_err(Error::file(&signal, "written"))
}

fn recovery_settings(fetch: &str, until: &Until) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut lines = format!("\nrestore_command = {}\n", quoted(fetch));
    match until {
        Until::End => {}
        Until::Time(time) => {
            lines += &format!("recovery_target_time = {}\n", quoted(&as_postgres(*time)));
        }
        Until::Name(name) => lines += &format!("recovery_target_name = {}\n", quoted(name)),
    }
    // Without it the server stops at the moment and waits for a person.
    lines + "recovery_target_action = 'promote'\n"
}

/// While it reads its settings PostgreSQL knows no names of time zones, and so no `Z`.
fn as_postgres(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_a_date_a_time_and_an_offset_and_is_told_in_utc() {
        for text in [
            "2026-11-20T15:49:32.5Z",
            "2026-11-20 15:49:32.5+00",
            "2026-11-20 16:49:32.500000+01",
            "2026-11-20t21:19:32.5+05:30",
        ] {
            let settings = recovery_settings("", &Until::time(text).unwrap());
            assert!(
                settings.contains("recovery_target_time = '2026-11-20 15:49:32.5+00'"),
                "{text}: {settings}"
            );
        }
        for wrong in [
            "",
            "garbage",
            "yesterday",
            "2026-11-20",
            "2026-11-20 15:49:32",
            "2026-11-20T15:49:32",
            "2026-13-20T15:49:32Z",
            "2026-11-20T15:49:32Z[UTC]",
            "2026-11-20T15:49:32Z'",
        ] {
            let refusal = Until::time(wrong).unwrap_err();
            assert!(
                matches!(refusal, Error::NoMoment { .. }),
                "{wrong}: {refusal}"
            );
        }
    }

    #[test]
    fn the_moment_is_told_to_the_server_and_quoted() {
        let settings = recovery_settings("evara wal-fetch %f '%p'", &Until::Name("it's".into()));
        assert_eq!(
            settings,
            "\nrestore_command = 'evara wal-fetch %f ''%p'''\nrecovery_target_name = 'it''s'\nrecovery_target_action = 'promote'\n"
        );
    }
}
