//! `EVARA_LIVE_SOCKETS` and its kin: how many may listen to what happens, and how much is kept for those who come back.

use std::time::Duration;

use evara_actors::watchers::broadcast::{Bounds, TICK};

use super::key::Key;
use super::reader::{Parsed, Reader};
use crate::http::Room;

pub(super) const SOCKETS: Key = Key::plain("EVARA_LIVE_SOCKETS");
pub(super) const SOCKETS_PER_USER: Key = Key::plain("EVARA_LIVE_SOCKETS_PER_USER");
pub(super) const TICK_MS: Key = Key::plain("EVARA_LIVE_TICK_MS");
pub(super) const RING_SECONDS: Key = Key::plain("EVARA_LIVE_RING_SECONDS");
pub(super) const RING_MIB: Key = Key::plain("EVARA_LIVE_RING_MIB");

/// Ten times the usual: more than one process should be trusted with.
const MOST_SOCKETS: u32 = 100_000;

/// A control room's wall, or a program that opens one for each of its own callers.
const MOST_OF_ONE: u32 = 1_000;

/// Below it a tick costs more than what it gathers.
const SHORTEST_TICK_MS: u64 = 10;

/// People see a second.
const LONGEST_TICK_MS: u64 = 1_000;

/// An hour: whoever was away for longer is better off with a snapshot.
const LONGEST_RING_SECONDS: u64 = 3_600;

const LARGEST_RING_MIB: usize = 4_096;

const MIB: usize = 1024 * 1024;

/// Who may listen, and to what of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveConfig {
    /// How many may listen.
    pub room: Room,
    /// Between two tellings.
    pub tick: Duration,
    /// What is kept for those who come back.
    pub replay: Bounds,
}

fn sockets(text: &str) -> Parsed<u32> {
    let number = text.parse().ok();
    let number = number.filter(|sockets| (1..=MOST_SOCKETS).contains(sockets));
    number.ok_or("a whole number of sockets from 1 to 100000")
}

fn of_one(text: &str) -> Parsed<u32> {
    let number = text.parse().ok();
    let number = number.filter(|sockets| (1..=MOST_OF_ONE).contains(sockets));
    number.ok_or("a whole number of sockets from 1 to 1000")
}

fn tick(text: &str) -> Parsed<u64> {
    let number = text.parse().ok();
    let number = number.filter(|tick| (SHORTEST_TICK_MS..=LONGEST_TICK_MS).contains(tick));
    number.ok_or("a whole number of milliseconds from 10 to 1000")
}

fn seconds(text: &str) -> Parsed<u64> {
    let number = text.parse().ok();
    let number = number.filter(|seconds| (1..=LONGEST_RING_SECONDS).contains(seconds));
    number.ok_or("a whole number of seconds from 1 to 3600")
}

fn mebibytes(text: &str) -> Parsed<usize> {
    let number = text.parse().ok();
    let number = number.filter(|size| (1..=LARGEST_RING_MIB).contains(size));
    number.ok_or("a whole number of MiB from 1 to 4096")
}

pub(super) fn read(reader: &mut Reader<'_>) -> LiveConfig {
    let (room, replay) = (Room::default(), Bounds::default());
    let room = Room {
        sockets: reader.or(&SOCKETS, room.sockets, sockets),
        of_one: reader.or(&SOCKETS_PER_USER, room.of_one, of_one),
        ..room
    };
    let tick = reader.or(&TICK_MS, TICK.as_millis() as u64, tick);
    let replay = Bounds {
        span: Duration::from_secs(reader.or(&RING_SECONDS, replay.span.as_secs(), seconds)),
        bytes: reader.or(&RING_MIB, replay.bytes / MIB, mebibytes) * MIB,
    };
    LiveConfig {
        room,
        tick: Duration::from_millis(tick),
        replay,
    }
}
