//! The simulated world on disk: which fleet lives there, since when, and what time it is for them.
//!
//! The same seed, number of nodes, epoch and course of time give the same entries with the same numbers,
//! so a restart continues the world instead of making another one. Its time must never go back: the
//! service would meet numbers of entries that it has seen before.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::clock::{Course, ScaledClock, Speed};
use crate::private;
use crate::simulator::fleet::{Device, Fleet};

const FILE: &str = "simulator.json";
const LOCK: &str = "simulator.lock";

/// What charts have to show at the first look.
const HISTORY: Duration = Duration::from_secs(6 * 60 * 60);

/// Two schemes: one of everything that a fleet has, its lasting troubles included.
pub(super) const DEFAULT_NODES: usize = 24;

/// The fleet has as much to do at each step as it has nodes.
pub(super) const MAX_NODES: usize = 10_000;

const DEFAULT_SEED: u64 = 1;

/// What was asked for; `None` takes what the world has, or the default for a new one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) seed: Option<u64>,
    pub(super) nodes: Option<usize>,
    pub(super) speed: Speed,
}

/// What the fleet grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    pub(super) seed: u64,
    pub(super) nodes: usize,
    /// Unix time of the first report, in seconds.
    pub(super) epoch_s: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    origin: Origin,
    clock: Course,
}

/// A world, and where it is kept, if it is.
#[derive(Debug)]
pub(super) struct World {
    origin: Origin,
    course: Course,
    directory: Option<Claim>,
}

/// A directory that no other process has as its world.
#[derive(Debug)]
struct Claim {
    path: PathBuf,
    _lock: File,
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the world in {} cannot be kept", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("another process runs the world in {}", path.display())]
    InUse { path: PathBuf },
    #[error("{} describes no world: restore or remove it", path.display())]
    Damaged {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("the world in {} was grown from the seed {seed}: choose another --data", path.display())]
    OtherSeed { path: PathBuf, seed: u64 },
    #[error("the world in {} has {nodes} nodes and cannot lose any: choose another --data", path.display())]
    FewerNodes { path: PathBuf, nodes: usize },
}

impl World {
    /// A world that is forgotten with the process.
    pub(super) fn passing(wanted: Wanted) -> Self {
        let course = Course::begin(wanted.speed);
        Self {
            origin: Origin::new(wanted, course),
            course,
            directory: None,
        }
    }

    /// The world in `directory`, as it goes on; a new one where there is none.
    pub(super) fn kept_in(directory: &Path, wanted: Wanted) -> Result<Self, Error> {
        let claim = Claim::of(directory)?;
        let (origin, course) = match claim.read()? {
            Some(kept) => (
                kept.origin.grown(wanted, &claim.path)?,
                kept.clock.at_speed(wanted.speed),
            ),
            None => {
                let course = Course::begin(wanted.speed);
                (Origin::new(wanted, course), course)
            }
        };
        let world = Self {
            origin,
            course,
            directory: Some(claim),
        };
        world.keep(course)?;
        Ok(world)
    }

    pub(super) const fn origin(&self) -> Origin {
        self.origin
    }

    /// The fleet's devices, in its order.
    pub(super) fn devices(&self) -> Vec<Device> {
        let Origin {
            seed,
            nodes,
            epoch_s,
        } = self.origin;
        Fleet::new(seed, nodes, epoch_s).devices().to_vec()
    }

    pub(super) const fn clock(&self) -> ScaledClock {
        ScaledClock::new(self.course)
    }

    /// Notes where `clock` stands: while nobody runs the world, it goes on at the pace of ours. Without
    /// this note, as after a crash, it goes on at the pace that it had.
    pub(super) fn pause(&self, clock: &ScaledClock) -> Result<(), Error> {
        self.keep(clock.course(Speed::NORMAL))
    }

    fn keep(&self, clock: Course) -> Result<(), Error> {
        let origin = self.origin;
        match &self.directory {
            Some(claim) => claim.write(Kept { origin, clock }),
            None => Ok(()),
        }
    }
}

impl Origin {
    fn new(wanted: Wanted, course: Course) -> Self {
        Self {
            seed: wanted.seed.unwrap_or(DEFAULT_SEED),
            nodes: wanted.nodes.unwrap_or(DEFAULT_NODES),
            epoch_s: course.start().minus(HISTORY).millis().div_euclid(1_000),
        }
    }

    /// The same world with as many nodes as wanted: a fleet can grow, but what it had stays what it was.
    fn grown(self, wanted: Wanted, path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let nodes = wanted.nodes.unwrap_or(self.nodes);
        if wanted.seed.is_some_and(|seed| seed != self.seed) {
            let seed = self.seed;
            return Err(Error::OtherSeed { path, seed });
        }
        if nodes < self.nodes {
            let nodes = self.nodes;
            return Err(Error::FewerNodes { path, nodes });
        }
        Ok(Self { nodes, ..self })
    }
}

impl Claim {
    fn of(directory: &Path) -> Result<Self, Error> {
        let path = directory.to_owned();
        let opened = private::make_directory(directory).and_then(|()| {
            let mut options = private::writing();
            options.create(true).truncate(false);
            options.open(directory.join(LOCK))
        });
        let lock = match opened {
            Ok(lock) => lock,
            Err(source) => return Err(Error::Io { path, source }),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
            Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
        }
    }

    fn read(&self) -> Result<Option<Kept>, Error> {
        let path = self.path.join(FILE);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path, source }),
            Ok(bytes) => match serde_json::from_slice::<Kept>(&bytes) {
                Ok(kept) => Ok(Some(kept)),
                Err(source) => Err(Error::Damaged { path, source }),
            },
        }
    }

    /// Written aside and renamed, so that a crash leaves the old note or the new one.
    fn write(&self, kept: Kept) -> Result<(), Error> {
        let (path, aside) = (self.path.join(FILE), self.path.join("simulator.json.new"));
        let written = serde_json::to_vec_pretty(&kept)
            .map_err(io::Error::from)
            .and_then(|text| {
                let mut options = private::writing();
                let mut file = options.create(true).truncate(true).open(&aside)?;
                file.write_all(&text)?;
                file.sync_all()?;
                fs::rename(&aside, &path)
            });
        written.map_err(|source| Error::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Wanted = Wanted {
        seed: None,
        nodes: None,
        speed: Speed::NORMAL,
    };

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("evara-{}", uuid::Uuid::new_v4())))
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    fn wanted(seed: Option<u64>, nodes: Option<usize>) -> Wanted {
        Wanted { seed, nodes, ..ANY }
    }

    #[test]
    fn a_world_goes_on_as_it_was_begun() {
        let directory = Directory::new();
        let first = World::kept_in(&directory.0, wanted(Some(7), Some(30))).unwrap();
        let (origin, clock) = (first.origin(), first.clock());
        let left = clock.course(Speed::NORMAL).start();
        first.pause(&clock).unwrap();
        drop(first);
        let again = World::kept_in(&directory.0, ANY).unwrap();
        assert_eq!(again.origin(), origin);
        assert!(again.course.start() >= left);
    }

    #[test]
    fn a_world_that_was_run_fast_does_not_go_back_when_it_is_run_slowly() {
        let directory = Directory::new();
        let fast = Wanted {
            speed: Speed::try_new(1_000.0).unwrap(),
            ..ANY
        };
        let first = World::kept_in(&directory.0, fast).unwrap();
        let clock = first.clock();
        // A crash: nothing is noted when it ends.
        let seen = clock.course(Speed::NORMAL).start();
        drop(first);
        let again = World::kept_in(&directory.0, ANY).unwrap();
        assert!(again.course.start() >= seen);
    }

    #[test]
    fn a_world_can_grow_but_neither_shrink_nor_become_another() {
        let directory = Directory::new();
        drop(World::kept_in(&directory.0, wanted(Some(7), Some(30))).unwrap());
        let other = World::kept_in(&directory.0, wanted(Some(8), None));
        assert!(matches!(other, Err(Error::OtherSeed { seed: 7, .. })));
        let fewer = World::kept_in(&directory.0, wanted(None, Some(29)));
        assert!(matches!(fewer, Err(Error::FewerNodes { nodes: 30, .. })));
        let more = World::kept_in(&directory.0, wanted(Some(7), Some(31))).unwrap();
        assert_eq!(more.origin().nodes, 31);
    }

    #[test]
    fn a_world_is_run_by_one_process() {
        let directory = Directory::new();
        let _first = World::kept_in(&directory.0, ANY).unwrap();
        assert!(matches!(
            World::kept_in(&directory.0, ANY),
            Err(Error::InUse { .. })
        ));
    }

    #[test]
    fn a_note_that_cannot_be_read_is_left_alone() {
        let directory = Directory::new();
        fs::create_dir_all(&directory.0).unwrap();
        fs::write(directory.0.join(FILE), "{}").unwrap();
        assert!(matches!(
            World::kept_in(&directory.0, ANY),
            Err(Error::Damaged { .. })
        ));
        assert_eq!(fs::read_to_string(directory.0.join(FILE)).unwrap(), "{}");
    }
}
