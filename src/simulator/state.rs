//! Everything a simulator knows, behind one lock.
//!
//! Time comes in from outside and never runs here. The world is moved on before anything is read,
//! so that an answer never depends on how often somebody asked.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::channel::{Channel, Draft, talkback_of};
use super::fault::{FaultError, FaultOrder, Faults};
use super::fleet::Report;
use super::keys;
use super::knobs::Knobs;
use super::reply::Reply;
use super::talkback::TalkBack;
use super::target::{Format, Target};
use super::world::{Node, World};

/// Channels of one simulator: the largest fleet of the service's own tests, with room.
const MAX_CHANNELS: usize = 100_000;

/// Answers kept in the cache; at a megabyte each this is the simulator's largest store.
const MAX_CACHED: usize = 32;

/// The first id of a command: ids of the hosted service are as long.
const FIRST_COMMAND_ID: u64 = 10_600_001;

/// A back-filled row lies this far behind the newest one, in seconds.
const BACKFILL_AGE_S: i64 = 3_600;

/// Seconds between two back-filled rows.
const BACKFILL_STEP_S: i64 = 15;

/// The simulator's whole memory.
pub(super) struct State {
    pub(super) knobs: Knobs,
    pub(super) channels: BTreeMap<u64, Channel>,
    pub(super) talkbacks: BTreeMap<u64, TalkBack>,
    pub(super) host_faults: Faults,
    pub(super) cache: Cache,
    /// The key of the account that owns every channel.
    pub(super) user_key: String,
    by_write_key: HashMap<String, u64>,
    by_talkback_key: HashMap<String, u64>,
    world: Option<Box<dyn World>>,
    next_command_id: u64,
    requests: u64,
}

impl State {
    pub(super) fn new(knobs: Knobs) -> Self {
        Self {
            user_key: keys::derive(knobs.seed, "user", 0),
            knobs,
            channels: BTreeMap::new(),
            talkbacks: BTreeMap::new(),
            host_faults: Faults::default(),
            cache: Cache::default(),
            by_write_key: HashMap::new(),
            by_talkback_key: HashMap::new(),
            world: None,
            next_command_id: FIRST_COMMAND_ID,
            requests: 0,
        }
    }

    /// Gives every device of `world` a channel. To be called once, before any other channel.
    pub(super) fn settle(&mut self, world: Box<dyn World>, now_s: i64) {
        for node in world.nodes() {
            self.add_channel(node, now_s);
        }
        self.world = Some(world);
    }

    /// Makes a channel with a TalkBack and tells its id, or `None` when there are too many.
    pub(super) fn add_channel(&mut self, node: Node, now_s: i64) -> Option<u64> {
        if self.channels.len() >= MAX_CHANNELS {
            return None;
        }
        let index = self.channels.len() as u64;
        let mut channel = Channel::new(index, node, now_s, &self.knobs);
        let talkback = talkback_of(index, channel.id, &self.knobs);
        let id = channel.id;
        channel.talkback_id = Some(talkback.id);
        self.by_write_key.insert(channel.write_key.clone(), id);
        self.by_talkback_key
            .insert(talkback.key.clone(), talkback.id);
        self.talkbacks.insert(talkback.id, talkback);
        self.channels.insert(id, channel);
        Some(id)
    }

    /// Moves the world on to `now_s` and stores what it reports.
    pub(super) fn advance_to(&mut self, now_s: i64) {
        let (Some(world), channels) = (self.world.as_mut(), &mut self.channels) else {
            return;
        };
        let first = self.knobs.first_channel_id;
        world.advance_to(now_s, &mut |report: Report| {
            if let Some(channel) = channels.get_mut(&(first + report.device as u64)) {
                channel.existed_at(report.created_at_s);
                channel.append(Draft {
                    created_at_s: report.created_at_s,
                    fields: report.fields,
                    ..Draft::default()
                });
            }
        });
    }

    /// The channel whose write key this is.
    pub(super) fn written_by(&mut self, key: Option<&str>) -> Option<&mut Channel> {
        let id = self.by_write_key.get(key?)?;
        self.channels.get_mut(id)
    }

    /// The TalkBack whose key this is.
    pub(super) fn talkback_by(&mut self, key: &str) -> Option<&mut TalkBack> {
        let id = self.by_talkback_key.get(key)?;
        self.talkbacks.get_mut(id)
    }

    /// A fresh id for a command; every TalkBack counts together.
    pub(super) fn command_id(&mut self) -> u64 {
        self.next_command_id += 1;
        self.next_command_id - 1
    }

    /// A fresh number for a request.
    pub(super) fn request_number(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// Replaces a channel's faults, and lets happen now what happens once.
    pub(super) fn set_faults(&mut self, id: u64, order: FaultOrder) -> Result<(), FaultError> {
        let channel = self
            .channels
            .get_mut(&id)
            .ok_or(FaultError::NoSuchChannel)?;
        let faults = Faults::of(order, channel.last_entry_id)?;
        if faults.order.entry_reset {
            channel.clear();
        }
        backfill(channel, faults.backfill_rows);
        channel.faults = faults;
        self.cache.forget(id);
        Ok(())
    }
}

/// Writes rows as a device does that was offline and has found its way back.
fn backfill(channel: &mut Channel, rows: u64) {
    let Some(newest) = channel.entries().next_back().cloned() else {
        return;
    };
    let mut created_at_s = newest.created_at_s - BACKFILL_AGE_S;
    for _ in 0..rows {
        created_at_s -= BACKFILL_STEP_S;
        while channel.has_stamp(created_at_s) {
            created_at_s -= 1;
        }
        channel.append(Draft {
            created_at_s,
            fields: newest.fields.clone().map(|field| field.map(String::from)),
            ..Draft::default()
        });
    }
}

/// Answers with many rows, which ThingSpeak serves again for some minutes.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: VecDeque<(Question, i64, Reply)>,
}

/// What makes two requests the same to the cache: everything but the key.
pub(super) type Question = (Target, Format, String);

impl Cache {
    /// The answer to `question` if it was given less than `keep_s` ago.
    pub(super) fn get(&self, question: &Question, now_s: i64, keep_s: u32) -> Option<Reply> {
        let fresh = |given_s: i64| (0..i64::from(keep_s)).contains(&(now_s - given_s));
        self.kept.iter().find_map(|(known, given_s, reply)| {
            (known == question && fresh(*given_s)).then(|| reply.clone())
        })
    }

    /// Keeps an answer in place of the one before it; the oldest falls out of a full cache.
    pub(super) fn put(&mut self, question: Question, now_s: i64, reply: Reply) {
        self.kept.retain(|(known, ..)| *known != question);
        if self.kept.len() >= MAX_CACHED {
            self.kept.pop_front();
        }
        self.kept.push_back((question, now_s, reply));
    }

    /// Forgets every answer about one channel.
    pub(super) fn forget(&mut self, channel_id: u64) {
        self.kept.retain(
            |((target, ..), ..)| !matches!(target, Target::Channel(id, _) if *id == channel_id),
        );
    }
}
