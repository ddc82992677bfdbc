//! Which backups go. Pure, and careful: the newest always stays, and so does the newest that was verified.

use std::collections::BTreeSet;

use super::place::Listed;

/// A backup that is still being written is younger: a whole day is a limit of its own.
const ABANDONED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// What retention knows of a backup that has a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Sorts by time.
    pub(super) name: String,
    pub(super) verified: bool,
}

/// The names of those that may go: all but the newest `keep` and the newest verified one.
pub(super) fn outdated(backups: &[Kept], keep: usize) -> BTreeSet<String> {
    let mut newest_first: Vec<&Kept> = backups.iter().collect();
    newest_first.sort_by(|a, b| b.name.cmp(&a.name));
    let newest_verified = newest_first.iter().find(|backup| backup.verified);
    let spared = newest_verified.map(|backup| backup.name.as_str());
    let old = newest_first.iter().skip(keep.max(1));
    old.filter(|backup| Some(backup.name.as_str()) != spared)
        .map(|backup| backup.name.clone())
        .collect()
}

/// The objects that belong to no manifest and have not been written to for a day.
pub(super) fn abandoned(
    objects: &[Listed],
    manifests: &BTreeSet<String>,
    now_ms: i64,
) -> Vec<String> {
    let is_abandoned = |object: &&Listed| {
        let name = object.name.split('.').next().unwrap_or_default();
        !manifests.contains(name) && now_ms - object.modified_ms > ABANDONED_AFTER_MS
    };
    let abandoned = objects.iter().filter(is_abandoned);
    abandoned.map(|object| object.name.clone()).collect()
}

/// The objects of the archived log that no base backup needs: those that had been there for a day when the
/// oldest base backup began. Histories of timelines are small and always stay.
pub(super) fn outlived(objects: &[Listed], oldest_base_ms: i64) -> Vec<String> {
    let is_outlived = |object: &&Listed| {
        let is_history = object.name.contains(".history.");
        !is_history && oldest_base_ms - object.modified_ms > ABANDONED_AFTER_MS
    };
    let outlived = objects.iter().filter(is_outlived);
    outlived.map(|object| object.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backups() -> impl Strategy<Value = Vec<Kept>> {
        prop::collection::btree_map("[0-9]{6}", any::<bool>(), 0..40).prop_map(|map| {
            let kept = map.into_iter();
            kept.map(|(name, verified)| Kept { name, verified })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_newest_and_the_newest_verified_never_go(backups in backups(), keep in 0_usize..40) {
            let gone = outdated(&backups, keep);
            if let Some(newest) = backups.last() {
                prop_assert!(!gone.contains(&newest.name));
            }
            if let Some(verified) = backups.iter().rev().find(|backup| backup.verified) {
                prop_assert!(!gone.contains(&verified.name));
            }
        }

        #[test]
        fn what_stays_is_the_number_that_was_asked_for_and_one_more_at_most(
            backups in backups(),
            keep in 1_usize..40,
        ) {
            let gone = outdated(&backups, keep);
            let stays = backups.len() - gone.len();
            prop_assert!(stays <= keep + 1);
            prop_assert!(stays >= keep.min(backups.len()));
            let oldest_gone = gone.iter().next_back();
            let younger = backups.iter().filter(|backup| Some(&backup.name) > oldest_gone);
            prop_assert!(gone.is_empty() || younger.count() >= keep);
        }
    }

    #[test]
    fn an_object_without_a_manifest_goes_after_a_day_and_not_before() {
        let object = |name: &str, modified_ms| Listed {
            name: name.to_owned(),
            bytes: 1,
            modified_ms,
        };
        let objects = [object("a.evb", 0), object("b.evb", 0), object("c.evb", 1)];
        let manifests = BTreeSet::from(["b".to_owned()]);
        let gone = abandoned(&objects, &manifests, ABANDONED_AFTER_MS + 1);
        assert_eq!(gone, ["a.evb"]);
    }

    #[test]
    fn the_log_goes_when_no_base_backup_needs_it_and_its_histories_stay() {
        let object = |name: &str, modified_ms| Listed {
            name: name.to_owned(),
            bytes: 1,
            modified_ms,
        };
        let objects = [
            object("000000010000000000000001.json", 0),
            object("00000002.history.json", 0),
            object("000000010000000000000002.json", 1),
        ];
        let gone = outlived(&objects, ABANDONED_AFTER_MS + 1);
        assert_eq!(gone, ["000000010000000000000001.json"]);
    }
}
