//! `SECRET_KEY`: what the channels' keys are sealed with.
//!
//! Whoever loses it loses those keys; whoever makes a second one for the same data cannot open them. So
//! production has to give it, and elsewhere it is made once and kept beside the data.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Deployment;
use super::key::Key;
use super::reader::{Parsed, Reader};

pub(super) const SECRET_KEY: Key = Key::secret("SECRET_KEY", "SECRET_KEY_FILE");

/// A shorter one can be guessed from a stolen file.
const SHORTEST: usize = 32;

/// Where a key that was made is kept, in the data directory.
const FILE: &str = "secret.key";

/// Far more than was ever written there.
const MAX_FILE_BYTES: u64 = 4096;

/// Where the secret key is.
#[derive(Debug, Clone)]
pub enum SecretKey {
    /// It was given.
    Given(SecretString),
    /// It is made at the first start, and kept in this file.
    Kept(PathBuf),
}

/// The key could be neither read nor made.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The file, or its directory, cannot be used.
    #[error("the secret key in {} can be neither read nor made", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} holds no secret key: restore it, or set SECRET_KEY", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl SecretKey {
    pub(super) fn read(reader: &mut Reader<'_>, deployment: Deployment, data: &Path) -> Self {
        match (reader.secret(&SECRET_KEY, strong), deployment) {
            (Some(key), _) => Self::Given(key),
            (None, Deployment::Production) => {
                reader.object(
                    &SECRET_KEY,
                    "must be set in production, to at least 32 characters",
                );
                Self::Kept(data.join(FILE))
            }
            (None, Deployment::Development | Deployment::Test) => Self::Kept(data.join(FILE)),
        }
    }

    /// The key itself; made and kept at the first call, if it was not given. Makes the directory too.
    pub fn obtain(&self) -> Result<SecretString, SecretKeyError> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::Kept(path) => kept(path),
        }
    }
}

fn strong(text: &str) -> Parsed<()> {
    let is_long = text.chars().count() >= SHORTEST;
    is_long.then_some(()).ok_or("at least 32 characters")
}

/// A key, or any other random text in hexadecimal digits, that nobody will guess.
pub fn random_text() -> SecretString {
    let (one, other) = (Uuid::new_v4().simple(), Uuid::new_v4().simple());
    SecretString::from(format!("{one}{other}"))
}

/// The secret text in the file at `path`, which is made, for this user alone, if it is not there.
fn kept(path: &Path) -> Result<SecretString, SecretKeyError> {
    let unusable = |source| SecretKeyError::File {
        path: path.to_owned(),
        source,
    };
    let text = match existing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(unusable)?,
        read => read.map_err(unusable)?,
    };
    match strong(text.expose_secret()) {
        Ok(()) => Ok(text),
        Err(_) => Err(SecretKeyError::Damaged {
            path: path.to_owned(),
        }),
    }
}

fn existing(path: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(SecretString::from(text.trim()))
}

/// Written aside and linked to its name, so that a start that was cut off leaves no half of a key, and
/// of two that begin at once the second takes the key of the first.
fn make(path: &Path) -> io::Result<SecretString> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let aside = path.with_extension(format!("{}.new", Uuid::new_v4().simple()));
    let written = write_aside(&aside).and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    fs::remove_file(&aside).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    written?;
    existing(path)
}

fn write_aside(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{}", random_text().expose_secret())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn directory() -> PathBuf {
        std::env::temp_dir().join(format!("evara-{}", Uuid::new_v4()))
    }

    #[test]
    fn a_key_that_was_made_is_kept_for_its_owner_alone_and_found_again() {
        let directory = directory();
        let key = SecretKey::Kept(directory.join(FILE));
        let made = key.obtain().unwrap();
        assert!(strong(made.expose_secret()).is_ok());
        assert_eq!(key.obtain().unwrap().expose_secret(), made.expose_secret());
        let mode = fs::metadata(directory.join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_file_that_holds_something_else_is_never_replaced() {
        let directory = directory();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(FILE), "short").unwrap();
        let key = SecretKey::Kept(directory.join(FILE));
        assert!(matches!(key.obtain(), Err(SecretKeyError::Damaged { .. })));
        assert_eq!(fs::read_to_string(directory.join(FILE)).unwrap(), "short");
        fs::remove_dir_all(directory).unwrap();
    }
}
