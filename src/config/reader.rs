//! Asks the sources for one setting after another, and keeps every mistake and every answer.
//!
//! The first source that has a non-empty value decides. A mistake never stops the reading, so that all
//! of them are told at once. Values of secrets leave only through [`Reader::secret`].

use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;

use secrecy::SecretString;

use super::key::Key;
use super::mistake::Mistake;
use super::source::{Found, Origin, Source};

/// No key, token or address is longer.
const MAX_SECRET_FILE_BYTES: u64 = 64 * 1024;

/// What a value was read as, or what it must be. The refusal is a `'static` text so that it cannot
/// repeat what was refused.
pub(super) type Parsed<T> = Result<T, &'static str>;

/// One setting as it took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as in the environment.
    pub name: &'static str,
    /// Its value as text, `***` for a secret; `None` where it is not set and has no default.
    pub shown: Option<String>,
    /// Who set it.
    pub origin: Origin,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    sources: Vec<&'a dyn Source>,
    mistakes: Vec<Mistake>,
    settings: Vec<Setting>,
}

impl<'a> Reader<'a> {
    /// Asks `sources` from the first to the last.
    pub(super) fn new(sources: Vec<&'a dyn Source>) -> Self {
        Self {
            sources,
            ..Self::default()
        }
    }

    /// Asks `source` too, after the others.
    pub(super) fn ask_also(&mut self, source: &'a dyn Source) {
        self.sources.push(source);
    }

    /// The value of `key`, or the default: where nobody set it, and where a mistake was noted.
    pub(super) fn or<T: Display>(
        &mut self,
        key: &Key,
        default: T,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> T {
        let (value, origin) = self.read(key, parse).unwrap_or((default, Origin::Default));
        self.keep(key, Some(value.to_string()), origin);
        value
    }

    /// The value of `key`, if somebody set it and there is no mistake in it.
    pub(super) fn maybe<T: Display>(
        &mut self,
        key: &Key,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Option<T> {
        let read = self.read(key, parse);
        let (value, origin) = read.map_or((None, Origin::Default), |(value, origin)| {
            (Some(value), origin)
        });
        self.keep(key, value.as_ref().map(T::to_string), origin);
        value
    }

    /// The secret of `key`, if somebody set it and `check` has nothing against it.
    pub(super) fn secret(
        &mut self,
        key: &Key,
        check: impl FnOnce(&str) -> Parsed<()>,
    ) -> Option<SecretString> {
        let parse = |text: &str| check(text).map(|()| SecretString::from(text));
        let read = self.read(key, parse);
        let (value, origin) = read.map_or((None, Origin::Default), |(value, origin)| {
            (Some(value), origin)
        });
        self.keep(key, value.as_ref().map(|_| "***".to_owned()), origin);
        value
    }

    /// Notes that `key` is missing, or wrong in the company of other settings; once, and not where a
    /// mistake of its own was noted.
    pub(super) fn object(&mut self, key: &Key, what: &'static str) {
        if !self.is_mistaken(key) {
            self.mistakes.push(Mistake::said(key.name, what));
        }
    }

    pub(super) fn note(&mut self, mistakes: impl IntoIterator<Item = Mistake>) {
        self.mistakes.extend(mistakes);
    }

    pub(super) fn is_set(&self, key: &Key) -> bool {
        let of_key = |setting: &&Setting| setting.name == key.name;
        let setting = self.settings.iter().find(of_key);
        setting.is_some_and(|setting| setting.origin != Origin::Default)
    }

    pub(super) fn finish(self) -> (Vec<Mistake>, Vec<Setting>) {
        (self.mistakes, self.settings)
    }

    fn is_mistaken(&self, key: &Key) -> bool {
        let is_named = |name: &str| name == key.name || Some(name) == key.file_name;
        self.mistakes.iter().any(|mistake| is_named(mistake.key()))
    }

    fn keep(&mut self, key: &Key, shown: Option<String>, origin: Origin) {
        self.settings.push(Setting {
            name: key.name,
            shown,
            origin,
        });
    }

    fn read<T>(&mut self, key: &Key, parse: impl FnOnce(&str) -> Parsed<T>) -> Option<(T, Origin)> {
        let read = self.find(key).and_then(|found| match found {
            None => Ok(None),
            Some((text, origin)) => match parse(&text) {
                Ok(value) => Ok(Some((value, origin))),
                Err(what) => Err(Mistake::expected(key.name, &origin, what)),
            },
        });
        read.unwrap_or_else(|mistake| {
            self.mistakes.push(mistake);
            None
        })
    }

    /// The text that decides, without the white space around it; empty text is no text.
    fn find(&self, key: &Key) -> Result<Option<(String, Origin)>, Mistake> {
        for source in &self.sources {
            let direct = text_in(*source, key.name)?;
            let named = match key.file_name {
                Some(file_name) => text_in(*source, file_name)?,
                None => None,
            };
            match (direct, named) {
                (None, None) => {}
                (Some(found), None) => return Ok(Some(found)),
                (None, Some((path, origin))) => {
                    return secret_file(key, &path, &origin).map(|text| Some((text, origin)));
                }
                (Some((_, origin)), Some(_)) => {
                    let what = "is set twice: by itself and by the name of a file";
                    return Err(Mistake::said_at(key.name, &origin, what));
                }
            }
        }
        Ok(None)
    }
}

fn text_in(source: &dyn Source, name: &str) -> Result<Option<(String, Origin)>, Mistake> {
    match source.get(name) {
        None => Ok(None),
        Some((Found::NotText, origin)) => Err(Mistake::expected(
            name,
            &origin,
            "a string, a number or a truth value",
        )),
        Some((Found::Text(text), origin)) => {
            let text = text.trim();
            Ok((!text.is_empty()).then(|| (text.to_owned(), origin)))
        }
    }
}

fn secret_file(key: &Key, path: &str, origin: &Origin) -> Result<String, Mistake> {
    let name = key.file_name.unwrap_or(key.name);
    let mut text = String::new();
    let read = File::open(path)
        .map(|file| file.take(MAX_SECRET_FILE_BYTES))
        .and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() {
        return Err(Mistake::expected(
            name,
            origin,
            "a file that can be read as text",
        ));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Mistake::expected(name, origin, "a file that is not empty"));
    }
    Ok(text.to_owned())
}
