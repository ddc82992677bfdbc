//! Where backups are kept: a directory, or a bucket that speaks S3, asked for objects by name.
//!
//! Every call blocks, with a deadline, on a thread that may. An object is there whole or not at all: what
//! was not finished is aborted. What a directory has taken is synced to its disk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
};
use secrecy::ExposeSecret as _;
use tokio::runtime::Handle;

use super::Error;
use super::object::{ObjectReader, ObjectWriter};
use crate::config::{BackupPlace, S3Config};

/// Connecting across continents takes a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A part of 16 MiB at 4 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);

/// A storage that restarts is back within this; archiving is tried again by PostgreSQL anyway.
const RETRY_TIMEOUT: Duration = Duration::from_secs(45);
const RETRIES: usize = 4;

/// A whole operation with its retries.
const DEADLINE: Duration = Duration::from_secs(90);

/// Manifests, markers and the like. A manifest has a line a table.
const MAX_SMALL_BYTES: u64 = 1024 * 1024;

/// See the module.
#[derive(Clone)]
pub(crate) struct Place {
    store: Arc<dyn ObjectStore>,
    root: Path,
    shown: String,
    runtime: Handle,
}

/// An object as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Without the folder.
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Milliseconds since 1970.
    pub(super) modified_ms: i64,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.shown)
    }
}

impl Place {
    /// The place that was configured. A directory has to be there: one that is not mounted is not made.
    pub(crate) fn open(place: &BackupPlace, s3: &S3Config, runtime: Handle) -> Result<Self, Error> {
        let shown = place.to_string().trim_end_matches('/').to_owned();
        let unusable = |source| Error::Place {
            place: shown.clone(),
            source: Box::new(source),
        };
        let (store, root): (Arc<dyn ObjectStore>, _) = match place {
            BackupPlace::Directory(path) => {
                let local = LocalFileSystem::new_with_prefix(path).map_err(unusable)?;
                (Arc::new(local.with_fsync(true)), Path::default())
            }
            BackupPlace::Bucket { bucket, prefix } => {
                let bucket = bucket_of(bucket, s3).map_err(unusable)?;
                (Arc::new(bucket), Path::from(prefix.as_str()))
            }
        };
        Ok(Self {
            store,
            root,
            shown,
            runtime,
        })
    }

    /// How an object is called when people are told of it.
    pub(super) fn name_of(&self, object: &str) -> String {
        format!("{}/{object}", self.shown)
    }

    /// Puts a small object, in one piece.
    pub(super) fn put(&self, object: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.put_as(object, bytes, PutMode::Overwrite)
    }

    /// Puts a small object that is not there yet; whether it was not.
    pub(super) fn put_new(&self, object: &str, bytes: Vec<u8>) -> Result<bool, Error> {
        match self.put_as(object, bytes, PutMode::Create) {
            Ok(()) => Ok(true),
            Err(Error::Object {
                source: object_store::Error::AlreadyExists { .. },
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put_as(&self, object: &str, bytes: Vec<u8>, mode: PutMode) -> Result<(), Error> {
        let options = PutOptions::from(mode);
        let path = self.path(object);
        let put = self.store.put_opts(&path, bytes.into(), options);
        self.wait(object, "written", put).map(drop)
    }

    /// Gets a small object.
    pub(super) fn get(&self, object: &str) -> Result<Bytes, Error> {
        let size = self.size(object)?;
        if size > MAX_SMALL_BYTES {
            return Err(Error::Damaged {
                object: self.name_of(object),
                what: format!("it has {size} bytes, which is far too many"),
            });
        }
        let path = self.path(object);
        let get = async { self.store.get(&path).await?.bytes().await };
        self.wait(object, "read", get)
    }

    /// The objects in a folder; none where there is no such folder.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<Listed>, Error> {
        let path = self.path(folder);
        let found = self.store.list_with_delimiter(Some(&path));
        let found = self.wait(folder, "listed", found)?;
        let listed = found.objects.into_iter().filter_map(|meta| {
            Some(Listed {
                name: meta.location.filename()?.to_owned(),
                bytes: meta.size,
                modified_ms: meta.last_modified.timestamp_millis(),
            })
        });
        Ok(listed.collect())
    }

    /// Removes an object; it may be gone already.
    pub(super) fn remove(&self, object: &str) -> Result<(), Error> {
        let path = self.path(object);
        match self.wait(object, "removed", self.store.delete(&path)) {
            Err(Error::Absent { .. }) => Ok(()),
            removed => removed,
        }
    }

    /// Begins an object of any length.
    pub(super) fn write(&self, object: &str) -> Result<ObjectWriter, Error> {
        let path = self.path(object);
        let upload = self.wait(object, "written", self.store.put_multipart(&path))?;
        Ok(ObjectWriter::new(self.clone(), object, upload))
    }

    /// Reads an object of any length.
    pub(super) fn read(&self, object: &str) -> Result<ObjectReader, Error> {
        Ok(ObjectReader::new(self.clone(), object, self.size(object)?))
    }

    pub(super) fn range(&self, object: &str, range: std::ops::Range<u64>) -> Result<Bytes, Error> {
        let path = self.path(object);
        self.wait(object, "read", self.store.get_range(&path, range))
    }

    fn size(&self, object: &str) -> Result<u64, Error> {
        let path = self.path(object);
        let meta = self.wait(object, "read", self.store.head(&path))?;
        Ok(meta.size)
    }

    /// Waits for `work` on `object`, no longer than the deadline.
    pub(super) fn wait<T>(
        &self,
        object: &str,
        done: &'static str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Error> {
        let limited = async { tokio::time::timeout(DEADLINE, work).await };
        let object = || self.name_of(object);
        match self.runtime.block_on(limited) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(object_store::Error::NotFound { .. })) => {
                Err(Error::Absent { object: object() })
            }
            Ok(Err(source)) => Err(Error::Object {
                object: object(),
                done,
                source,
            }),
            Err(_) => Err(Error::TimedOut { object: object() }),
        }
    }

    fn path(&self, object: &str) -> Path {
        object
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part))
    }
}

fn bucket_of(bucket: &str, s3: &S3Config) -> object_store::Result<AmazonS3> {
    let client = ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(REQUEST_TIMEOUT);
    let retry = RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client)
        .with_retry(retry)
        .with_bucket_name(bucket)
        .with_region(&s3.region);
    if let Some(endpoint) = &s3.endpoint {
        // The configuration lets cleartext through to this machine only.
        builder = builder
            .with_allow_http(endpoint.scheme() == "http")
            .with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    if let Some((id, secret)) = &s3.keys {
        builder = builder
            .with_access_key_id(id.expose_secret())
            .with_secret_access_key(secret.expose_secret());
    }
    builder.build()
}
