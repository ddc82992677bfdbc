//! How far a schema is, whatever the store: pure.

use std::collections::BTreeMap;
use std::fmt;

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

/// A step, and what it was made of: digits that another text would not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) migration: Migration,
    pub(super) checksum: String,
}

/// Why a schema is none of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It has a step after the last that is known.
    Newer { found: i32, known: i32 },
    /// Steps were applied that are not as this version has them: altered since, or never part of it.
    Altered(Altered),
}

/// Steps of a database that are not this version's, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered(Vec<Migration>);

impl fmt::Display for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Migration { version, name }) in self.0.iter().enumerate() {
            let parted = if place == 0 { "" } else { ", " };
            write!(f, "{parted}{version} ({name})")?;
        }
        Ok(())
    }
}

impl MigrationStatus {
    /// What is left of `known` once `applied` is taken out of it.
    ///
    /// # Errors
    /// When something was applied that is not in `known`, or not as it is there.
    pub(super) fn new(known: Vec<Step>, applied: Vec<Step>) -> Result<Self, Foreign> {
        let newest = |steps: &[Step]| steps.iter().map(|step| step.migration.version).max();
        let (found, last) = (newest(&applied), newest(&known));
        if found > last {
            let [found, known] = [found, last].map(Option::unwrap_or_default);
            return Err(Foreign::Newer { found, known });
        }
        let by_version = known.into_iter().map(|step| (step.migration.version, step));
        let mut pending: BTreeMap<i32, Step> = by_version.collect();
        let is_altered =
            |step: &&Step| pending.remove(&step.migration.version).as_ref() != Some(step);
        let altered: Vec<_> = applied.iter().filter(is_altered).map(bare).collect();
        if !altered.is_empty() {
            return Err(Foreign::Altered(Altered(altered)));
        }
        Ok(Self {
            applied: applied.iter().map(bare).collect(),
            pending: pending.values().map(bare).collect(),
        })
    }
}

fn bare(step: &Step) -> Migration {
    step.migration.clone()
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

impl From<&refinery::Migration> for Step {
    fn from(step: &refinery::Migration) -> Self {
        Self {
            migration: step.into(),
            checksum: step.checksum().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(version: i32) -> Step {
        Step {
            migration: Migration {
                version,
                name: format!("step {version}"),
            },
            checksum: version.to_string(),
        }
    }

    fn versions(steps: &[Migration]) -> Vec<i32> {
        steps.iter().map(|step| step.version).collect()
    }

    #[test]
    fn what_is_pending_is_what_was_not_applied_whatever_numbers_are_left_out() {
        let known = vec![step(6), step(1), step(2)];
        let status = MigrationStatus::new(known, vec![step(1)]).unwrap();
        assert_eq!(versions(&status.pending), [2, 6]);
        assert_eq!((newest(&status.applied), newest(&status.pending)), (1, 6));
        assert_eq!(newest(&[]), 0);
    }

    #[test]
    fn what_was_applied_otherwise_or_is_not_known_is_told_by_number_and_name() {
        let known = vec![step(1), step(3), step(4)];
        let mut other = step(3);
        other.checksum.push('0');
        let foreign = MigrationStatus::new(known.clone(), vec![step(1), step(2), other, step(4)]);
        let Err(Foreign::Altered(altered)) = foreign else {
            panic!("{foreign:?}");
        };
        assert_eq!(altered.to_string(), "2 (step 2), 3 (step 3)");
        let newer = MigrationStatus::new(known, vec![step(1), step(5)]);
        assert_eq!(newer, Err(Foreign::Newer { found: 5, known: 4 }));
    }
}
