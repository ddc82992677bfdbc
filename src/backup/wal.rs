//! The log of a PostgreSQL server, segment by segment: archived as the server is done with each, and fetched
//! again while it recovers.
//!
//! A segment is called after its content, and its manifest is written last and once: pushing it again is
//! harmless, and two servers that archive to one place find out. `Ok` means durable.

use std::fs::{self, File};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::manifest::{of_bytes, to_bytes};
use super::pipeline::{Sum, pack, sum, unpack};
use super::retention::outlived;
use super::shelf::Entry;
use super::{Backups, Error, Kind};

const FOLDER: &str = "wal";

/// A segment's name has 24, and up to 16 more when it is the history of a base backup.
const MAX_NAME_CHARS: usize = 64;

/// What is known of a segment. A stored format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Segment {
    name: String,
    /// Where its content is.
    object: String,
    bytes: u64,
    /// Of its content before compression.
    sha256: String,
    key_id: Option<String>,
}

impl Backups {
    /// Archives the file at `path`, which is called as the segment is. Again is as good as once.
    ///
    /// # Errors
    /// When another content was archived under that name, or the place does not take it.
    pub fn push_wal(&self, path: &Path) -> Result<(), Error> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = checked(name.unwrap_or_default())?;
        let open = || File::open(path).map_err(Error::file(path, "read"));
        let content = sum(&mut open()?, &self.watch).map_err(Error::file(path, "read"))?;
        let manifest = manifest_of(name);
        if let Some(archived) = self.segment(name)? {
            return self.must_be(&archived, &content, &manifest);
        }
        let segment = Segment {
            name: name.to_owned(),
            object: format!("{FOLDER}/{name}.{}.evw", &content.sha256[..16]),
            bytes: content.bytes,
            sha256: content.sha256.clone(),
            key_id: self.key.as_ref().map(|key| key.id().to_owned()),
        };
        let object = self.place.write(&segment.object)?;
        let (sums, object) = pack(&mut open()?, self.key.as_ref(), object, &self.watch)?;
        if sums.plain != content {
            // It was written to while it was read, which no finished segment is.
            return Err(self.conflict(&manifest));
        }
        object.finish()?;
        let bytes = to_bytes(&segment).map_err(|error| Error::Damaged {
            object: self.place.name_of(&manifest),
            what: error.to_string(),
        })?;
        if self.place.put_new(&manifest, bytes)? {
            return Ok(());
        }
        match self.segment(name)? {
            Some(archived) => self.must_be(&archived, &content, &manifest),
            None => Err(self.conflict(&manifest)),
        }
    }

    /// Fetches the segment `name` into the new file at `path`.
    ///
    /// # Errors
    /// [`Error::Absent`] where it was never archived; anything else where it may have been.
    pub fn fetch_wal(&self, name: &str, path: &Path) -> Result<(), Error> {
        let manifest = manifest_of(checked(name)?);
        let segment = self.segment(name)?.ok_or_else(|| Error::Absent {
            object: self.place.name_of(&manifest),
        })?;
        let key = self.key_of(&segment.object, segment.key_id.as_deref())?;
        let object = self.place.read(&segment.object).map_err(lost)?;
        let aside = path.with_extension(format!("{}.part", Uuid::new_v4().simple()));
        let mut file = File::create_new(&aside).map_err(Error::file(&aside, "made"))?;
        let fetched = unpack(object, key, &mut file, &self.watch).map_err(lost);
        let placed = fetched.and_then(|sums| {
            self.must_be(&segment, &sums.plain, &segment.object)?;
            file.sync_all().map_err(Error::file(&aside, "synced"))?;
            fs::rename(&aside, path).map_err(Error::file(path, "put in place"))
        });
        if placed.is_err() {
            let _left = fs::remove_file(&aside);
        }
        placed
    }

    /// Removes the segments that no base backup of `entries` needs; answers with their objects.
    pub(super) fn prune_log(&self, entries: &[Entry]) -> Result<Vec<String>, Error> {
        // One that cannot be believed may be the one that needs them.
        if entries.iter().any(|entry| entry.manifest.is_err()) {
            return Ok(Vec::new());
        }
        let manifests = entries
            .iter()
            .filter_map(|entry| entry.manifest.as_ref().ok());
        let bases = manifests.filter(|manifest| manifest.kind == Kind::PostgresBase);
        let begun = bases.filter_map(|base| base.created_at.parse::<jiff::Timestamp>().ok());
        let Some(oldest) = begun.min() else {
            return Ok(Vec::new());
        };
        let gone = outlived(&self.place.list(FOLDER)?, oldest.as_millisecond());
        for object in &gone {
            self.place.remove(&format!("{FOLDER}/{object}"))?;
        }
        Ok(gone)
    }

    fn segment(&self, name: &str) -> Result<Option<Segment>, Error> {
        let object = manifest_of(name);
        let bytes = match self.place.get(&object) {
            Err(Error::Absent { .. }) => return Ok(None),
            got => got?,
        };
        let damaged = |what| Error::Damaged {
            object: self.place.name_of(&object),
            what,
        };
        let segment: Segment = of_bytes(&bytes).map_err(damaged)?;
        if segment.name != name {
            return Err(damaged(format!("it belongs to {}", segment.name)));
        }
        Ok(Some(segment))
    }

    fn must_be(&self, segment: &Segment, content: &Sum, object: &str) -> Result<(), Error> {
        if segment.sha256 == content.sha256 && segment.bytes == content.bytes {
            return Ok(());
        }
        Err(self.conflict(object))
    }

    fn conflict(&self, object: &str) -> Error {
        Error::Conflict {
            object: self.place.name_of(object),
        }
    }
}

/// What has a manifest and is gone: the server must not take this for the end of the log.
fn lost(error: Error) -> Error {
    if let Error::Absent { object } = error {
        let what = "it is gone".to_owned();
        return Error::Damaged { object, what };
    }
    error
}

fn manifest_of(name: &str) -> String {
    format!("{FOLDER}/{name}.json")
}

fn checked(name: &str) -> Result<&str, Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let fits = (1..=MAX_NAME_CHARS).contains(&name.len()) && !name.starts_with('.');
    if fits && name.chars().all(is_plain) {
        return Ok(name);
    }
    Err(Error::UnknownBackup {
        name: name.chars().take(MAX_NAME_CHARS).collect(),
    })
}
