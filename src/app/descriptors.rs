//! How many files the process may hold open at once, and how they are shared out before anything is listened on.
//!
//! Every connection and every socket holds a descriptor. Whoever runs out of them cannot reach the database
//! either, so that clients together are given fewer than there are.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::listener::MAX_CONNECTIONS;
use crate::http::Room;

/// For all that is no client: two full pools of a database (100 each), ThingSpeak's connections, files.
const RESERVED: u64 = 256;

/// With fewer the service would be no use to anybody.
const FEWEST: u64 = 64;

/// How many clients of which kind there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    /// Connections that are asked by.
    pub(super) connections: usize,
    /// Those who listen.
    pub(super) room: Room,
}

/// The process may hold too few files open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the process may hold {allowed} files open, and needs {least}: raise the limit (`ulimit -n`, or LimitNOFILE= of systemd)"
)]
pub struct TooFew {
    allowed: u64,
    least: u64,
}

/// Raises the limit of this process as far as it is wanted and allowed, and shares it out.
///
/// # Errors
/// When there are too few descriptors for any service.
pub(super) fn share(wanted: Room) -> Result<Shares, TooFew> {
    let allowed = raised(RESERVED + clients(MAX_CONNECTIONS, &wanted));
    let shares = shared(allowed, wanted)?;
    let (given, asked) = (shares.room.sockets, wanted.sockets);
    if given < asked {
        tracing::warn!(
            allowed,
            "the process may hold too few files open for {asked} sockets: at most {given} listen at once"
        );
    }
    Ok(shares)
}

fn clients(connections: usize, room: &Room) -> u64 {
    connections as u64 + u64::from(room.sockets) + u64::from(room.standing)
}

/// The limit, after it was raised.
fn raised(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (or_all(limit.current), or_all(limit.maximum));
    let wanted = wanted.min(most);
    if now >= wanted {
        return now;
    }
    let raised = Rlimit {
        current: Some(wanted),
        ..limit
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_not_allowed) => now,
    }
}

fn or_all(limit: Option<u64>) -> u64 {
    limit.unwrap_or(u64::MAX)
}

fn shared(allowed: u64, wanted: Room) -> Result<Shares, TooFew> {
    let left = allowed.saturating_sub(RESERVED);
    if left < FEWEST {
        let least = RESERVED + FEWEST;
        return Err(TooFew { allowed, least });
    }
    if left >= clients(MAX_CONNECTIONS, &wanted) {
        return Ok(Shares {
            connections: MAX_CONNECTIONS,
            room: wanted,
        });
    }
    // Whoever asks comes first: half, as long as that is not more than is needed.
    let connections = (left / 2).min(MAX_CONNECTIONS as u64);
    let standing = (left / 8).min(wanted.standing.into());
    let sockets = (left - connections - standing).min(wanted.sockets.into());
    Ok(Shares {
        connections: connections as usize,
        room: Room {
            sockets: sockets as u32,
            standing: standing as u32,
            ..wanted
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn clients_never_get_more_than_there_is_nor_than_they_want(
            allowed in 0..40_000_u64, sockets in 1..100_000_u32,
        ) {
            let wanted = Room { sockets, ..Room::default() };
            match shared(allowed, wanted) {
                Ok(Shares { connections, room }) => {
                    prop_assert!(clients(connections, &room) + RESERVED <= allowed);
                    prop_assert!(connections >= 1 && room.sockets >= 1 && room.standing >= 1);
                    prop_assert!(connections <= MAX_CONNECTIONS && room.sockets <= sockets);
                }
                Err(_) => prop_assert!(allowed < RESERVED + FEWEST),
            }
        }
    }

    #[test]
    fn where_there_is_enough_everyone_gets_what_is_wanted() {
        let shares = shared(20_000, Room::default()).unwrap();
        assert_eq!(
            (shares.connections, shares.room),
            (MAX_CONNECTIONS, Room::default())
        );
        assert!(shared(u64::MAX, Room::default()).is_ok());
    }

    #[test]
    fn the_limit_of_a_process_is_raised_where_that_is_allowed() {
        let before = or_all(getrlimit(Resource::Nofile).current);
        assert!(raised(before) >= before);
        assert_eq!(or_all(getrlimit(Resource::Nofile).current), before);
    }
}
