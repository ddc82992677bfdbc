//! From an understood request to its answer: who is asked, who is counted, what goes wrong.
//!
//! Faults come before the true answer, so that a broken host obeys nothing, except those of the
//! body: there the request has been obeyed and only its answer suffers.

use super::ask::{Ask, Verb};
use super::channel::Channel;
use super::fail::Fail;
use super::fault::{AnswerFault, BodyFault, Faults};
use super::knobs::UnknownChannel;
use super::read::{self, LIVE_ROWS, One, Reading, Shape};
use super::reply::{Content, Reply};
use super::state::State;
use super::target::{Format, Part, Target};
use super::{about, bulk, commands, write};

/// The most segments of a path whose preflight is answered.
const MAX_PREFLIGHT_SEGMENTS: usize = 5;

/// What is to be sent.
pub(super) enum Plan {
    Send {
        reply: Reply,
        bad: Option<BodyFault>,
    },
    Hang {
        seconds: u64,
    },
    Huge {
        bytes: u64,
    },
}

/// Obeys a request, unless a fault prevents it or it could not be understood.
pub(super) fn plan(state: &mut State, asked: Result<&Ask, (Fail, Format)>, now_ms: i64) -> Plan {
    let (mut answer, mut bad) = (state.host_faults.answer, state.host_faults.body);
    if let Ok(ask) = asked
        && let Some(channel) = concerned(state, ask)
    {
        let faults = count(channel, ask);
        answer = answer.or(faults.answer);
        bad = bad.or(faults.body);
    }
    let format = asked.map_or_else(|(_, format)| format, |ask| ask.format);
    match answer {
        Some(AnswerFault::Hang { seconds }) => Plan::Hang { seconds },
        Some(AnswerFault::Huge { bytes }) => Plan::Huge { bytes },
        Some(AnswerFault::Html { status }) => Plan::Send {
            reply: Reply::html(status),
            bad,
        },
        Some(AnswerFault::Status {
            status,
            retry_after_s,
        }) => Plan::Send {
            reply: Reply {
                retry_after_s,
                ..refused(status, format)
            },
            bad,
        },
        None => Plan::Send {
            reply: match asked {
                Ok(ask) => answer_truly(state, ask, now_ms),
                Err((fail, format)) => fail.reply(format),
            },
            bad,
        },
    }
}

/// The channel that a request is about, also when it is found by a key only.
fn concerned<'a>(state: &'a mut State, ask: &Ask) -> Option<&'a mut Channel> {
    let id = match ask.target {
        Target::Channel(id, _) => id,
        Target::TalkBack(id, _) => state.talkbacks.get(&id)?.channel_id?,
        Target::Update => return state.written_by(ask.params.key()),
        Target::Channels | Target::PublicChannels | Target::Nothing(_) => return None,
    };
    state.channels.get_mut(&id)
}

fn count<'a>(channel: &'a mut Channel, ask: &Ask) -> &'a Faults {
    let counts = &mut channel.counts;
    let counter = match ask.target {
        Target::TalkBack(..) => &mut counts.talkback,
        Target::Update => &mut counts.writes,
        Target::Channel(_, Part::BulkUpdate) => &mut counts.bulk_writes,
        Target::Channel(..) | Target::Channels | Target::PublicChannels | Target::Nothing(_) => {
            &mut counts.reads
        }
    };
    *counter += 1;
    &channel.faults
}

/// A status that was ordered: in the documented words where there are some.
fn refused(status: axum::http::StatusCode, format: Format) -> Reply {
    let told = match status.as_u16() {
        400 => Fail::BadRequest,
        401 => Fail::AuthRequired,
        404 => Fail::NotFound,
        405 => Fail::WrongMethod,
        413 => Fail::TooLarge,
        422 => Fail::InvalidBytes,
        429 => Fail::TooManyRequests,
        _ => return Reply::html(status),
    };
    told.reply(format)
}

fn answer_truly(state: &mut State, ask: &Ask, now_ms: i64) -> Reply {
    let now_s = now_ms.div_euclid(1_000);
    match (ask.verb, ask.target) {
        (Verb::Options, target) => preflight(target, ask.format),
        (Verb::Get | Verb::Post, Target::Update) => write::update(state, ask, now_ms),
        (Verb::Get, Target::Channels) => about::list(state, ask),
        (Verb::Post, Target::Channels) => about::create(state, ask, now_s),
        (Verb::Get, Target::PublicChannels) => about::list_public(state, ask),
        (_, Target::Channel(id, part)) => about_channel(state, id, part, ask, now_ms),
        (_, Target::TalkBack(id, queue)) => commands::answer(state, id, queue, ask, now_s),
        (_, Target::Nothing(_)) => Fail::NotFound.reply(ask.format),
        (_, Target::Update | Target::Channels | Target::PublicChannels) => {
            Fail::WrongMethod.reply(ask.format)
        }
    }
}

fn preflight(target: Target, format: Format) -> Reply {
    let is_too_deep =
        matches!(target, Target::Nothing(segments) if segments > MAX_PREFLIGHT_SEGMENTS);
    if is_too_deep {
        Fail::NotFound.reply(format)
    } else {
        Reply::text("")
    }
}

fn about_channel(state: &mut State, id: u64, part: Part, ask: &Ask, now_ms: i64) -> Reply {
    if !state.channels.contains_key(&id) {
        return unknown_channel(state.knobs.unknown_channel, ask.format);
    }
    match (ask.verb, part) {
        (Verb::Post, Part::BulkUpdate) => bulk::update(state, id, ask, now_ms),
        (Verb::Delete, Part::Feeds) => write::clear(state, id, ask),
        (Verb::Get, part) => read_channel(state, id, part, ask, now_ms),
        (_, _) => Fail::WrongMethod.reply(ask.format),
    }
}

fn unknown_channel(said: UnknownChannel, format: Format) -> Reply {
    let told = Fail::NotFound.reply(format);
    match said {
        UnknownChannel::ErrorObject => told,
        UnknownChannel::MinusOne => Reply::refusal(told.status, told.content, "-1"),
        UnknownChannel::Empty => Reply::refusal(told.status, Content::Text, ""),
    }
}

fn read_channel(state: &mut State, id: u64, part: Part, ask: &Ask, now_ms: i64) -> Reply {
    let Some(channel) = state.channels.get(&id) else {
        return Fail::NotFound.reply(ask.format);
    };
    let at = Reading {
        knobs: &state.knobs,
        now_ms,
    };
    let is_open = channel.opens_for(ask.params.key());
    let shape = match part {
        Part::About => return about::show(state, channel, ask),
        Part::Feeds | Part::Field(_) if !is_open => return read::denied(ask.format),
        _ if !is_open => return read::denied_entry(ask.format, at.knobs),
        Part::Feeds => Shape::Feeds,
        Part::Field(place) => Shape::Field(place),
        Part::Status => Shape::Status,
        Part::LastAge => return read::age(channel, None, ask, &at),
        Part::FieldLastAge(place) => return read::age(channel, Some(place), ask, &at),
        Part::Last => return read::single(channel, One::Newest, ask, &at),
        Part::Entry(id) => return read::single(channel, One::Id(id), ask, &at),
        Part::FieldLast(place) => {
            return read::single(channel, One::NewestWith(place), ask, &at);
        }
        Part::StatusLast => return read::single(channel, One::NewestStatus, ask, &at),
        Part::BulkUpdate => return Fail::WrongMethod.reply(ask.format),
    };
    let question = (ask.target, ask.format, ask.params.fingerprint());
    if let Some(known) = state.cache.get(&question, at.now_s(), at.knobs.cache_s) {
        return known;
    }
    let table = read::table(channel, shape, ask, &at);
    if table.rows > LIVE_ROWS {
        state.cache.put(question, at.now_s(), table.reply.clone());
    }
    table.reply
}
