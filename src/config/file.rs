//! The configuration file: one flat table of TOML, with the settings' names in lower case.
//!
//! A key that nobody reads is a mistake, not a comment: it is most often a slip in one that matters.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;

use super::key::{self, Key, nearest};
use super::mistake::Mistake;
use super::source::{Found, Origin, Source};

/// A few dozen lines are expected; a larger file is another file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// What a file says, by upper-case name.
#[derive(Default)]
pub(super) struct FileSource {
    path: String,
    values: HashMap<String, Found>,
}

impl FileSource {
    /// Reads the file at `path`. What can be understood is kept; the rest is told.
    pub(super) fn read(
        path: &Path,
        asked_by: &Key,
        known: &[&'static Key],
    ) -> (Self, Vec<Mistake>) {
        let origin = Origin::File(path.display().to_string());
        match text_of(path) {
            Ok(text) => Self::parse(&text, origin, asked_by, known),
            Err(what) => {
                let mistake = Mistake::said_at(asked_by.name, &origin, what);
                (Self::default(), vec![mistake])
            }
        }
    }

    fn parse(
        text: &str,
        origin: Origin,
        asked_by: &Key,
        known: &[&'static Key],
    ) -> (Self, Vec<Mistake>) {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                let until = error.span().map_or(0, |span| span.start.min(text.len()));
                let line = 1 + text.as_bytes()[..until]
                    .iter()
                    .filter(|&&b| b == b'\n')
                    .count();
                return (
                    Self::default(),
                    vec![Mistake::not_toml(asked_by.name, &origin, line)],
                );
            }
        };
        let mut source = Self {
            path: origin.to_string(),
            values: HashMap::new(),
        };
        let mut mistakes = Vec::new();
        let names = || key::names(known);
        for (key, value) in table {
            let name = key.to_ascii_uppercase();
            if !names().any(|known| known == name) {
                mistakes.push(Mistake::unknown(&key, &origin, nearest(&key, names())));
            } else if source.values.insert(name, found(value)).is_some() {
                mistakes.push(Mistake::said_at(&key, &origin, "is set twice"));
            }
        }
        (source, mistakes)
    }
}

fn text_of(path: &Path) -> Result<String, &'static str> {
    let meta = fs::metadata(path).map_err(|_| "there is no such file, or it may not be read")?;
    if !meta.is_file() || meta.len() > MAX_FILE_BYTES {
        return Err("must be a file of at most 1 MiB");
    }
    fs::read_to_string(path).map_err(|_| "must be a file that can be read as text")
}

fn found(value: toml::Value) -> Found {
    match value {
        toml::Value::String(text) => Found::Text(text),
        toml::Value::Integer(number) => Found::Text(number.to_string()),
        toml::Value::Float(number) => Found::Text(number.to_string()),
        toml::Value::Boolean(truth) => Found::Text(truth.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => Found::NotText,
    }
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSource({}, {} values)", self.path, self.values.len())
    }
}

impl Source for FileSource {
    fn get(&self, name: &str) -> Option<(Found, Origin)> {
        let found = self.values.get(name)?.clone();
        Some((found, Origin::File(self.path.clone())))
    }
}
