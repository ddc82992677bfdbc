//! Under which keys a database's secrets may be: what it remembers of them, and which boxes may use it.
//!
//! It remembers a check value of each key, which tells keys apart without telling them: first that of the
//! one that seals, then those under which something may be left. Pure.

use super::secret_box::{CHECK_LEN, SecretBox};

/// Why a box must not be used with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The secrets are under another key, which the box does not have.
    Other,
    /// The box has the newest key and lacks an old one, under which something may be left.
    OldMissing,
}

/// What a database that remembers `known` is to remember once it is used with `keys`; none where that is
/// what it does remember. From then on `keys` seals, and what was sealed before still opens.
pub(super) fn taken_up(keys: &SecretBox, known: Option<&[u8]>) -> Result<Option<Vec<u8>>, Unfit> {
    let current = keys.check_value();
    let Some(known) = known else {
        return Ok(Some(current.to_vec()));
    };
    let checks = checks(known).ok_or(Unfit::Other)?;
    if !keys.knows(&checks[0]) {
        return Err(Unfit::Other);
    }
    if !checks.iter().all(|check| keys.knows(check)) {
        return Err(Unfit::OldMissing);
    }
    if checks[0] == *current {
        return Ok(None);
    }
    let before = checks.iter().filter(|check| *check != current);
    Ok(Some(
        [current]
            .into_iter()
            .chain(before)
            .flatten()
            .copied()
            .collect(),
    ))
}

/// Whether a database that remembers `known` is being sealed under the newest key of `keys`.
pub(super) fn is_taken_up(keys: &SecretBox, known: &[u8]) -> bool {
    checks(known).is_some_and(|checks| checks[0] == *keys.check_value())
}

/// At least one, or none where it is no list.
fn checks(known: &[u8]) -> Option<&[[u8; CHECK_LEN]]> {
    let (checks, rest) = known.as_chunks();
    (rest.is_empty() && !checks.is_empty()).then_some(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::keys;

    /// What a database remembers under which keys of these letters were taken up one after another.
    fn remembered(steps: &[&str]) -> Vec<u8> {
        steps.iter().fold(Vec::new(), |known, letters| {
            let before = (!known.is_empty()).then_some(&*known);
            taken_up(&keys(letters), before).unwrap().unwrap_or(known)
        })
    }

    #[test]
    fn a_new_database_remembers_the_key_that_seals_and_no_other() {
        assert_eq!(remembered(&["ba"]), keys("b").check_value());
        assert_eq!(taken_up(&keys("b"), Some(&remembered(&["b"]))), Ok(None));
    }

    #[test]
    fn a_key_that_does_not_open_what_is_there_is_refused() {
        let known = remembered(&["a"]);
        assert_eq!(taken_up(&keys("b"), Some(&known)), Err(Unfit::Other));
        assert_eq!(taken_up(&keys("bc"), Some(&known)), Err(Unfit::Other));
        assert!(!is_taken_up(&keys("ba"), &known));
    }

    #[test]
    fn while_a_key_is_being_changed_both_are_needed() {
        let known = remembered(&["a", "ba"]);
        assert!(is_taken_up(&keys("b"), &known));
        assert_eq!(taken_up(&keys("ba"), Some(&known)), Ok(None));
        assert_eq!(taken_up(&keys("b"), Some(&known)), Err(Unfit::OldMissing));
        assert_eq!(taken_up(&keys("a"), Some(&known)), Err(Unfit::Other));
    }

    #[test]
    fn a_change_may_be_undone_or_followed_by_another_before_it_is_done() {
        assert_eq!(remembered(&["a", "ba", "ab"]), remembered(&["b", "ab"]));
        let known = remembered(&["a", "ba", "cba"]);
        assert_eq!(known.len(), 3 * CHECK_LEN);
        assert_eq!(taken_up(&keys("cb"), Some(&known)), Err(Unfit::OldMissing));
    }

    #[test]
    fn what_is_no_list_of_keys_fits_none() {
        for known in [&b""[..], b"short", &[0; CHECK_LEN + 1]] {
            assert_eq!(taken_up(&keys("a"), Some(known)), Err(Unfit::Other));
        }
    }
}
