//! The names of settings, and which was meant by a name that is none.

/// A setting: how it is called everywhere, and how it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// As in the environment; a file may write it in lower case.
    pub(super) name: &'static str,
    /// The name under which a file that holds the value is set, for secrets.
    pub(super) file_name: Option<&'static str>,
}

impl Key {
    /// A setting that may be shown.
    pub(super) const fn plain(name: &'static str) -> Self {
        Self {
            name,
            file_name: None,
        }
    }

    /// A setting that is shown as `***`, and may be kept in a file of its own.
    pub(super) const fn secret(name: &'static str, file_name: &'static str) -> Self {
        Self {
            name,
            file_name: Some(file_name),
        }
    }
}

/// All the names that `keys` go by, those of files among them.
pub(super) fn names(keys: &[&'static Key]) -> impl Iterator<Item = &'static str> + use<> {
    let names = |key: &&'static Key| [Some(key.name), key.file_name];
    let names: Vec<_> = keys.iter().flat_map(names).flatten().collect();
    names.into_iter()
}

/// More slips of the finger than this make another word.
const MAX_SLIPS: usize = 3;

/// The known name that `name` is nearest to, if it is near at all.
pub(super) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let distances = known.map(|candidate| (slips(name, candidate), candidate));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= MAX_SLIPS).then_some(candidate)
}

/// Levenshtein's distance, in letters whose case does not matter.
fn slips(a: &str, b: &str) -> usize {
    let letters = |text: &str| {
        text.chars()
            .map(|c| c.to_ascii_uppercase())
            .collect::<Vec<_>>()
    };
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_another_word_does_not() {
        let known = || ["DATABASE_URL", "REDIS_URL", "LOG_LEVEL"].into_iter();
        assert_eq!(nearest("databse_url", known()), Some("DATABASE_URL"));
        assert_eq!(nearest("LOGLEVEL", known()), Some("LOG_LEVEL"));
        assert_eq!(nearest("colour", known()), None);
    }
}
