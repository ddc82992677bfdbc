//! What may be turned on a simulator before it starts: its limits, and its answer to every
//! question about the hosted service that nobody has recorded.
//!
//! Holds choices, no state. A knob must never change what has been recorded.

use serde::{Deserialize, Serialize};

/// Settings of one simulator. Missing keys take the default; unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Every key, TalkBack key and request id is derived from this number.
    pub seed: u64,
    /// Id of the first channel; the others count up from it.
    pub first_channel_id: u64,
    /// Id of the first TalkBack; the others count up from it.
    pub first_talkback_id: u64,
    /// Whether channels are born public. ThingSpeak's are born private.
    pub public_channels: bool,
    /// Entries kept per channel. Clients can ask for 8000 at once; a large fleet may keep fewer.
    pub keep_entries: usize,
    /// Seconds between two accepted updates of one channel: 15 on the free licence, 1 on a paid one.
    pub write_gate_s: u32,
    /// Seconds between two accepted bulk updates of one channel, on every licence.
    pub bulk_gate_s: u32,
    /// Rows accepted in one bulk update: 960 free, 14,400 paid.
    pub bulk_rows: usize,
    /// How long an answer of more than 100 entries is served from the cache, in seconds.
    pub cache_s: u32,
    /// Whether TalkBack writes each executed command into its channel's status.
    pub log_commands_to_channel: bool,
    /// The body for a channel that does not exist.
    pub unknown_channel: UnknownChannel,
    /// The answer of `last` on an empty channel, and of an entry id that is not there.
    pub missing_entry: MissingEntry,
    /// What `last`, one entry and status say to a caller without access.
    pub denied_entry: DeniedEntry,
    /// The answer to an update that comes too soon.
    pub update_too_soon: UpdateTooSoon,
    /// What happens to an update whose explicit `created_at` the channel already has.
    pub duplicate_stamp: DuplicateStamp,
    /// The body of an accepted bulk update.
    pub bulk_accepted: BulkAccepted,
    /// The body of a bulk update that comes too soon.
    pub bulk_too_soon: BulkTooSoon,
    /// The JSON of a TalkBack execute on an empty queue.
    pub empty_execute: EmptyExecute,
    /// The keys of `last_data_age`.
    pub data_age: DataAge,
    /// Whether answers are compressed for callers that accept gzip.
    pub gzip: bool,
    /// Whether `If-None-Match` is answered with 304.
    pub not_modified: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            seed: 1,
            first_channel_id: 2_000_001,
            first_talkback_id: 50_001,
            public_channels: false,
            keep_entries: 8_000,
            write_gate_s: 15,
            bulk_gate_s: 15,
            bulk_rows: 960,
            cache_s: 300,
            log_commands_to_channel: false,
            unknown_channel: UnknownChannel::default(),
            missing_entry: MissingEntry::default(),
            denied_entry: DeniedEntry::default(),
            update_too_soon: UpdateTooSoon::default(),
            duplicate_stamp: DuplicateStamp::default(),
            bulk_accepted: BulkAccepted::default(),
            bulk_too_soon: BulkTooSoon::default(),
            empty_execute: EmptyExecute::default(),
            data_age: DataAge::default(),
            gzip: false,
            not_modified: false,
        }
    }
}

/// The 404 body for a channel that does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownChannel {
    /// The documented error object.
    #[default]
    ErrorObject,
    /// The number `-1`.
    MinusOne,
    /// Nothing at all.
    Empty,
}

/// The answer where one entry was asked for and there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingEntry {
    /// 200 and the JSON string `"-1"`, as the open-source server does.
    #[default]
    QuotedMinusOne,
    /// 200 and `{}`.
    EmptyObject,
    /// 404 and the error object.
    NotFound,
}

/// The answer where one entry was asked for by someone who may not see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedEntry {
    /// 400 and the number `-1`, as the official library's tests expect.
    #[default]
    BadRequest,
    /// 200 and the JSON string `"-1"`, as the open-source server does.
    QuotedMinusOne,
}

/// The answer to an update inside the write gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTooSoon {
    /// 200 and `0`.
    #[default]
    Zero,
    /// 429 and the error object.
    TooManyRequests,
}

/// What becomes of an update with a `created_at` that is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateStamp {
    /// Refused like an update that came too soon: a retry does not store the row twice.
    #[default]
    Refuse,
    /// Stored as another entry.
    Store,
}

/// The body of a 202.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAccepted {
    /// `{"success":true}`.
    #[default]
    Success,
    /// Nothing at all.
    Empty,
}

/// The body of a bulk update's 429.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkTooSoon {
    /// The documented error object.
    #[default]
    ErrorObject,
    /// Nothing at all.
    Empty,
}

/// The JSON of an execute that found no command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyExecute {
    /// `{}`.
    #[default]
    Object,
    /// Nothing at all.
    Blank,
}

/// The shape of `last_data_age.json`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataAge {
    /// `{"last_data_age":"258","last_data_age_units":"s"}`.
    #[default]
    WithUnits,
    /// `{"last_data_age":258}`.
    Bare,
}
