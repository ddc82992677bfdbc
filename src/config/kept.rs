//! Secrets that are made where nobody gave them, and kept beside the data so that a restart finds them.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::private;

/// What is made has 64 hexadecimal digits; a file with less than half of it was cut off.
const SHORTEST: usize = 32;

/// Far more than was ever written there.
const MAX_FILE_BYTES: u64 = 4096;

/// A secret that was given, or is made at the first start.
#[derive(Debug, Clone)]
pub enum Secret {
    /// It was given.
    Given(SecretString),
    /// It is in this file, or will be.
    Kept(PathBuf),
}

/// The secret could be neither read nor made.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file, or its directory, cannot be used.
    #[error("the secret in {} can be neither read nor made", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} holds no secret of at least {SHORTEST} characters: restore it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Secret {
    /// The secret itself; made and kept at the first call, if it was not given. Makes the directory too.
    pub fn obtain(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::Kept(path) => kept(path),
        }
    }

    /// The file it is kept in, where it was not given.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Given(_) => None,
            Self::Kept(path) => Some(path),
        }
    }
}

/// The secret in the file at `path`, which is made, for this user alone, if it is not there.
fn kept(path: &Path) -> Result<SecretString, SecretError> {
    let read = match existing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        read => read,
    };
    let secret = read.map_err(|source| SecretError::File {
        path: path.to_owned(),
        source,
    })?;
    if secret.expose_secret().len() < SHORTEST {
        return Err(SecretError::Damaged {
            path: path.to_owned(),
        });
    }
    Ok(secret)
}

fn existing(path: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(SecretString::from(text.trim()))
}

/// Written aside and linked to its name, so that a start that was cut off leaves no half of a secret,
/// and of two that begin at once the second takes the first one's.
fn make(path: &Path) -> io::Result<SecretString> {
    if let Some(directory) = path.parent() {
        private::make_directory(directory)?;
    }
    let aside = path.with_extension(format!("{}.new", Uuid::new_v4().simple()));
    let linked = write_aside(&aside).and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&aside);
    linked.and(removed)?;
    existing(path)
}

fn write_aside(path: &Path) -> io::Result<()> {
    let mut file = private::writing().create_new(true).open(path)?;
    let (one, other) = (Uuid::new_v4().simple(), Uuid::new_v4().simple());
    writeln!(file, "{one}{other}")?;
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
    fn a_secret_that_was_made_is_kept_for_its_owner_alone_and_found_again() {
        let directory = directory();
        let secret = Secret::Kept(directory.join("secret"));
        let made = secret.obtain().unwrap();
        assert_eq!(made.expose_secret().len(), 64);
        assert_eq!(
            secret.obtain().unwrap().expose_secret(),
            made.expose_secret()
        );
        let meta = fs::metadata(directory.join("secret")).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_file_that_holds_something_else_is_never_replaced() {
        let directory = directory();
        let file = directory.join("secret");
        fs::create_dir_all(&directory).unwrap();
        fs::write(&file, "short").unwrap();
        let refused = Secret::Kept(file.clone()).obtain();
        assert!(matches!(refused, Err(SecretError::Damaged { .. })));
        assert_eq!(fs::read_to_string(file).unwrap(), "short");
        fs::remove_dir_all(directory).unwrap();
    }
}
