//! What a backup says of itself. Written last: a backup without a manifest does not exist.
//!
//! A stored format. A manifest carries the hash of its own text, so that one with any bit changed is not
//! believed; it holds the id of the key that its backup is sealed under, never the key.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::census::Census;
use super::hex;
use super::pipeline::Sum;

/// A change of meaning takes a new number; a field may be added with a default.
pub(super) const FORMAT: u32 = 1;

/// What was backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The embedded store's file.
    Sqlite,
    /// A PostgreSQL database, by `pg_dump`.
    Postgres,
    /// A whole PostgreSQL server, by `pg_basebackup`: what point-in-time recovery begins with.
    PostgresBase,
}

impl Kind {
    /// In words, for messages and lists.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::PostgresBase => "postgres-base",
        }
    }
}

/// What is known of a backup's content once all of it was read.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) census: Census,
    pub(super) schema_version: Option<i64>,
    pub(super) owner: Option<String>,
    pub(super) complete_at: Option<String>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The backup's name, by which its object is called too.
    pub name: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// What was backed up.
    pub kind: Kind,
    /// The newest migration that the database had; `None` where it had none, or was not looked into.
    pub schema_version: Option<i64>,
    /// The role that a PostgreSQL database belonged to; `None` for what has no such owner, or an older manifest.
    #[serde(default)]
    pub owner: Option<String>,
    /// RFC 3339, UTC: when a base backup was complete, before which it cannot be brought back to; `None` for
    /// anything else, or an older manifest.
    #[serde(default)]
    pub complete_at: Option<String>,
    /// The version of this program.
    pub service_version: String,
    /// How it is compressed: `zstd`.
    pub compression: String,
    /// The id of the key that it is sealed under; `None` where it is not sealed.
    pub key_id: Option<String>,
    /// Before compression.
    pub plain_bytes: u64,
    /// SHA-256 before compression, hexadecimal.
    pub plain_sha256: String,
    /// As stored.
    pub stored_bytes: u64,
    /// SHA-256 as stored, hexadecimal.
    pub stored_sha256: String,
    /// What was in it, to compare a restored copy with; empty for a whole server.
    pub census: Census,
}

impl Manifest {
    pub(super) fn plain(&self) -> Sum {
        Sum {
            bytes: self.plain_bytes,
            sha256: self.plain_sha256.clone(),
        }
    }

    pub(super) fn stored(&self) -> Sum {
        Sum {
            bytes: self.stored_bytes,
            sha256: self.stored_sha256.clone(),
        }
    }

    /// Reads what [`to_bytes`] made of a manifest, or says in which way it is something else.
    pub(super) fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = of_bytes(bytes)?;
        if manifest.format > FORMAT {
            let format = manifest.format;
            return Err(format!("a newer version wrote it, in format {format}"));
        }
        Ok(manifest)
    }
}

/// `value` as it is stored: with the hash of its own text.
pub(super) fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let manifest = serde_json::value::to_raw_value(value)?;
    let sha256 = sha256_of(&manifest);
    serde_json::to_vec(&Sealed { manifest, sha256 })
}

/// Reads what [`to_bytes`] made, or says in which way it is something else.
pub(super) fn of_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let sealed: Sealed = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if sealed.sha256 != sha256_of(&sealed.manifest) {
        return Err("the hash of its text does not fit".to_owned());
    }
    serde_json::from_str(sealed.manifest.get()).map_err(|error| error.to_string())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    manifest: Box<RawValue>,
    sha256: String,
}

fn sha256_of(text: &RawValue) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    hex(digest(&SHA256, text.get().as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let mut census = Census::default();
        census.rows.insert("nodes".to_owned(), 7);
        Manifest {
            format: FORMAT,
            name: "20261120T154932Z-abcdef".to_owned(),
            created_at: "2026-11-20T15:49:32Z".to_owned(),
            kind: Kind::Sqlite,
            schema_version: Some(1),
            owner: Some("evara".to_owned()),
            complete_at: None,
            service_version: "0.1.0".to_owned(),
            compression: "zstd".to_owned(),
            key_id: None,
            plain_bytes: 10,
            plain_sha256: "aa".repeat(32),
            stored_bytes: 5,
            stored_sha256: "bb".repeat(32),
            census,
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_not_with_any_bit_changed() {
        let bytes = to_bytes(&manifest()).unwrap();
        assert_eq!(Manifest::of_bytes(&bytes), Ok(manifest()));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let read = Manifest::of_bytes(&changed);
                assert!(read.is_err(), "byte {at}, bit {bit}");
            }
            assert!(Manifest::of_bytes(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
