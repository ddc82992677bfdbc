//! How far a schema is, whatever the store: pure.

use std::collections::BTreeMap;

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Counts from 1; numbers may be left out.
    pub version: i32,
    /// What it does, in words.
    pub name: String,
}

/// How far a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The steps that it has, in order.
    pub applied: Vec<Migration>,
    /// The steps that this version would add, in order.
    pub pending: Vec<Migration>,
}

impl MigrationStatus {
    /// What is left of `known` once `applied` is taken out of it.
    pub(super) fn new(known: Vec<Migration>, applied: Vec<Migration>) -> Self {
        let by_version = known.into_iter().map(|step| (step.version, step));
        let mut pending: BTreeMap<i32, Migration> = by_version.collect();
        for step in &applied {
            pending.remove(&step.version);
        }
        Self {
            applied,
            pending: pending.into_values().collect(),
        }
    }
}

/// The newest version among `steps`; 0 where there is none.
pub(super) fn newest(steps: &[Migration]) -> i32 {
    steps.iter().map(|step| step.version).max().unwrap_or(0)
}

impl From<&refinery::Migration> for Migration {
    fn from(step: &refinery::Migration) -> Self {
        Self {
            version: step.version(),
            name: step.name().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(version: i32) -> Migration {
        Migration {
            version,
            name: format!("step {version}"),
        }
    }

    #[test]
    fn what_is_pending_is_what_was_not_applied_whatever_numbers_are_left_out() {
        let known = vec![step(6), step(1), step(2)];
        let status = MigrationStatus::new(known, vec![step(1)]);
        assert_eq!(status.pending, [step(2), step(6)]);
        assert_eq!((newest(&status.applied), newest(&status.pending)), (1, 6));
        assert_eq!(newest(&[]), 0);
    }
}
