//! The backups that there are: named by their time, found by their manifests.

use std::collections::BTreeSet;

use super::manifest::{Kind, Manifest, to_bytes};
use super::retention::{Kept, abandoned, outdated};
use super::{Backups, Error};

/// Where backups are.
const FOLDER: &str = "backups";

const OBJECT: &str = "evb";
const MANIFEST: &str = "json";
const VERIFIED: &str = "verified";

/// A name has 26 characters; a folder's name on any file system has room for this.
const MAX_NAME_CHARS: usize = 64;

/// One line of the list.
#[derive(Debug)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Its manifest, or why that cannot be believed.
    pub manifest: Result<Manifest, Error>,
    /// Whether it was verified once.
    pub verified: bool,
}

pub(super) fn object_of(name: &str) -> String {
    format!("{FOLDER}/{name}.{OBJECT}")
}

fn manifest_of(name: &str) -> String {
    format!("{FOLDER}/{name}.{MANIFEST}")
}

fn mark_of(name: &str) -> String {
    format!("{FOLDER}/{name}.{VERIFIED}")
}

fn of_kind(entries: &[Entry], kind: Kind) -> Vec<Kept> {
    let of_kind = entries.iter().filter(|entry| {
        let manifest = entry.manifest.as_ref();
        manifest.is_ok_and(|manifest| manifest.kind == kind)
    });
    let kept = of_kind.map(|entry| Kept {
        name: entry.name.clone(),
        verified: entry.verified,
    });
    kept.collect()
}

impl Backups {
    /// All backups, from the oldest to the newest.
    ///
    /// # Errors
    /// When the place cannot be listed.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let kept = self.kept()?;
        let entries = kept.into_iter().map(|Kept { name, verified }| Entry {
            manifest: self.manifest(&name),
            name,
            verified,
        });
        Ok(entries.collect())
    }

    /// Removes what is outdated, and what was begun more than a day ago and never finished; answers with
    /// the names of what went.
    ///
    /// # Errors
    /// When the place cannot be listed, or something not be removed.
    pub fn prune(&self) -> Result<Vec<String>, Error> {
        let entries = self.list()?;
        let mut gone = Vec::new();
        for kind in [Kind::Sqlite, Kind::Postgres, Kind::PostgresBase] {
            // What cannot be believed is neither counted as good nor removed: a person should look at it.
            for name in outdated(&of_kind(&entries, kind), self.keep) {
                // The manifest first: from then on it does not exist.
                for object in [manifest_of(&name), object_of(&name), mark_of(&name)] {
                    self.place.remove(&object)?;
                }
                gone.push(name);
            }
        }
        let manifests = self.kept()?.into_iter().map(|backup| backup.name);
        let manifests: BTreeSet<String> = manifests.collect();
        let now = self.now().1;
        for object in abandoned(&self.place.list(FOLDER)?, &manifests, now) {
            self.place.remove(&format!("{FOLDER}/{object}"))?;
            gone.push(object);
        }
        gone.extend(self.prune_log(&self.list()?)?);
        Ok(gone)
    }

    /// The manifest of a backup; of the newest one where nobody says which.
    pub(super) fn find(&self, name: Option<&str>) -> Result<Manifest, Error> {
        match name {
            Some(name) => self.manifest(name),
            None => {
                let newest = self.kept()?.pop().ok_or(Error::NoBackup)?;
                self.manifest(&newest.name)
            }
        }
    }

    pub(super) fn keep_manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        let object = manifest_of(&manifest.name);
        let bytes = to_bytes(manifest).map_err(|error| Error::Damaged {
            object: self.place.name_of(&object),
            what: error.to_string(),
        })?;
        self.place.put(&object, bytes)
    }

    pub(super) fn mark_verified(&self, name: &str) -> Result<(), Error> {
        self.place.put(&mark_of(name), self.now().0.into_bytes())
    }

    fn manifest(&self, name: &str) -> Result<Manifest, Error> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let unknown = || Error::UnknownBackup {
            name: name.chars().take(MAX_NAME_CHARS).collect(),
        };
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_plain) {
            return Err(unknown());
        }
        let object = manifest_of(name);
        let bytes = match self.place.get(&object) {
            Err(Error::Absent { .. }) => return Err(unknown()),
            got => got?,
        };
        let damaged = |what| Error::Damaged {
            object: self.place.name_of(&object),
            what,
        };
        let manifest = Manifest::of_bytes(&bytes).map_err(damaged)?;
        if manifest.name != name {
            return Err(damaged(format!("it belongs to {}", manifest.name)));
        }
        Ok(manifest)
    }

    fn kept(&self) -> Result<Vec<Kept>, Error> {
        let objects = self.place.list(FOLDER)?;
        let named = |ending: &str| -> BTreeSet<String> {
            let names = objects
                .iter()
                .filter_map(|object| object.name.rsplit_once('.'));
            names
                .filter(|(_, found)| *found == ending)
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        let verified = named(VERIFIED);
        let kept = named(MANIFEST).into_iter().map(|name| Kept {
            verified: verified.contains(&name),
            name,
        });
        Ok(kept.collect())
    }
}
