//! What a database holds, in numbers: taken when it is backed up, and again of a restored copy.
//!
//! Pure. The two must be equal, and some numbers must be nought whatever was written down.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Whatever is counted under these names breaks a promise of the store.
const BREACHES: [&str; 4] = [
    "broken_references",
    "damaged_pages",
    "revisions_told_twice",
    "snapshots_ahead_of_their_log",
];

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// What else is counted, by what it is.
    pub facts: BTreeMap<String, i64>,
}

impl Census {
    /// In which ways `found` is not this, in words for people.
    pub(super) fn differences(&self, found: &Self) -> Vec<String> {
        let rows = differing(&self.rows, &found.rows, "rows of");
        let facts = differing(&self.facts, &found.facts, "");
        rows.into_iter().chain(facts).collect()
    }

    /// Which promises of the store it breaks, in words for people.
    pub(super) fn breaches(&self) -> Vec<String> {
        let counted = BREACHES.iter().filter_map(|name| {
            let count = self.facts.get(*name).filter(|count| **count != 0)?;
            Some(format!("{}: {count}", in_words(name)))
        });
        counted.collect()
    }

    /// How many revisions are missing between the first and the last that the log tells of.
    pub fn gaps(&self) -> i64 {
        self.facts.get("revisions_missing").copied().unwrap_or(0)
    }
}

fn differing<N: PartialEq + ToString>(
    expected: &BTreeMap<String, N>,
    found: &BTreeMap<String, N>,
    of: &str,
) -> Vec<String> {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let told = |number: Option<&N>| number.map_or_else(|| "none".to_owned(), N::to_string);
    let differing = names.into_iter().filter_map(|name| {
        let (expected, found) = (expected.get(name), found.get(name));
        (expected != found).then(|| {
            let what = format!("{of} {}", in_words(name));
            format!(
                "{}: {} instead of {}",
                what.trim(),
                told(found),
                told(expected)
            )
        })
    });
    differing.collect()
}

fn in_words(name: &str) -> String {
    // Tables keep their names: a person will look them up.
    if BREACHES.contains(&name) || name == "revisions_missing" || name == "newest_revisions" {
        return name.replace('_', " ");
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(rows: &[(&str, u64)], facts: &[(&str, i64)]) -> Census {
        let rows = rows
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        let facts = facts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        Census {
            rows: rows.collect(),
            facts: facts.collect(),
        }
    }

    #[test]
    fn every_number_that_is_missing_added_or_changed_is_named() {
        let expected = census(&[("nodes", 7), ("cursors", 2)], &[("newest_revisions", 40)]);
        let found = census(&[("nodes", 6), ("extra", 1)], &[("newest_revisions", 41)]);
        assert_eq!(
            expected.differences(&found),
            [
                "rows of cursors: none instead of 2",
                "rows of extra: 1 instead of none",
                "rows of nodes: 6 instead of 7",
                "newest revisions: 41 instead of 40",
            ]
        );
        assert!(expected.differences(&expected).is_empty());
    }

    #[test]
    fn a_broken_promise_is_named_even_where_it_was_backed_up_so() {
        let broken = census(
            &[],
            &[("revisions_told_twice", 3), ("broken_references", 0)],
        );
        assert_eq!(broken.breaches(), ["revisions told twice: 3"]);
    }
}
