//! `/update`: one row, and on request one command back.
//!
//! An update is stored or it is not, and the body says which: an entry id, or `0`. Nothing else
//! may be told by the status, because over-eager updates answer 200 too.

use axum::http::StatusCode;

use super::ask::{Ask, Params};
use super::channel::{Channel, Draft, Extra, FIELD_NAMES};
use super::commands;
use super::doc::Doc;
use super::fail::Fail;
use super::knobs::{DuplicateStamp, Knobs, UpdateTooSoon};
use super::reply::{Content, Reply};
use super::state::State;
use super::target::Format;
use super::zone::Zone;

/// The longest field or status, in bytes of UTF-8.
const MAX_VALUE_BYTES: usize = 255;

/// The longest message, in bytes of UTF-8.
const MAX_MESSAGE_BYTES: usize = 3_000;

/// Answers an update. With a TalkBack key, the answer is the next command in place of the entry.
pub(super) fn update(state: &mut State, ask: &Ask, now_ms: i64) -> Reply {
    let now_s = now_ms.div_euclid(1_000);
    let talkback_key = ask.params.get("talkback_key").map(str::to_owned);
    // The command is taken even when the update is then refused: the original does so too.
    let command = talkback_key
        .as_deref()
        .map(|key| commands::pop(state, key, ask, now_s));
    let knobs = state.knobs.clone();
    let Some(channel) = state
        .written_by(ask.params.key())
        .filter(|c| !c.faults.deny)
    else {
        return zero(ask.format).with_status(StatusCode::BAD_REQUEST);
    };
    let mut draft = match draft(&ask.params, now_s) {
        Ok(draft) => draft,
        Err(fail) => return fail.reply(ask.format),
    };
    if talkback_key.is_none() && Channel::gated(channel.last_update_ms, now_ms, knobs.write_gate_s)
    {
        return too_soon(ask.format, &knobs);
    }
    let is_duplicate =
        ask.params.get("created_at").is_some() && channel.has_stamp(draft.created_at_s);
    if is_duplicate && knobs.duplicate_stamp == DuplicateStamp::Refuse {
        return zero(ask.format);
    }
    if let Some(popped) = command.as_ref().filter(|_| knobs.log_commands_to_channel) {
        draft.extra.status = popped.text.clone().or(draft.extra.status);
    }
    channel.last_update_ms = Some(now_ms);
    let entry_id = channel.append(draft.clone());
    match command {
        Some(popped) => popped.reply,
        None => stored(channel.id, entry_id, &draft, ask.format),
    }
}

/// Forgets every entry of a channel, for the holder of the account's key.
pub(super) fn clear(state: &mut State, id: u64, ask: &Ask) -> Reply {
    if ask.params.key() != Some(&state.user_key) {
        return Fail::AuthRequired.reply(ask.format);
    }
    if let Some(channel) = state.channels.get_mut(&id) {
        channel.clear();
    }
    state.cache.forget(id);
    match ask.format {
        Format::Xml => Reply::ok(Content::Xml, Doc::List("feed", Vec::new()).to_xml("feeds")),
        Format::Json | Format::Csv | Format::Text | Format::Bare => {
            Reply::json(&Doc::List("feed", Vec::new()))
        }
    }
}

fn draft(params: &Params, now_s: i64) -> Result<Draft, Fail> {
    let zone = Zone::of(params.get("timezone"), None);
    let given = |names: &[&str]| params.any(names).map(str::to_owned);
    let fields = std::array::from_fn(|place| {
        let name = FIELD_NAMES[place];
        given(&[name, name.trim_start_matches("field")])
    });
    let draft = Draft {
        created_at_s: params
            .get("created_at")
            .and_then(|text| zone.parse(text))
            .unwrap_or(now_s),
        fields,
        extra: Extra {
            status: given(&["status"]),
            latitude: given(&["lat", "latitude"]),
            longitude: given(&["long", "longitude"]),
            elevation: given(&["elevation"]),
        },
    };
    check(&draft).map(|()| draft)
}

/// Refuses values and messages that are too long.
pub(super) fn check(draft: &Draft) -> Result<(), Fail> {
    let extra = &draft.extra;
    let values = || draft.fields.iter().chain([&extra.status]).flatten();
    let places = [&extra.latitude, &extra.longitude, &extra.elevation];
    if values().any(|value| value.len() > MAX_VALUE_BYTES) {
        return Err(Fail::BadRequest);
    }
    let message: usize = values()
        .chain(places.into_iter().flatten())
        .map(String::len)
        .sum();
    if message > MAX_MESSAGE_BYTES {
        Err(Fail::TooLarge)
    } else {
        Ok(())
    }
}

fn zero(format: Format) -> Reply {
    match format {
        Format::Json => Reply::ok(Content::Json, "0"),
        Format::Xml | Format::Csv | Format::Text | Format::Bare => Reply::text("0"),
    }
}

fn too_soon(format: Format, knobs: &Knobs) -> Reply {
    match knobs.update_too_soon {
        UpdateTooSoon::Zero => zero(format),
        UpdateTooSoon::TooManyRequests => Fail::TooManyRequests.reply(format),
    }
}

/// Unlike in a feed, all eight fields are shown, labelled or not.
fn stored(channel_id: u64, entry_id: u64, draft: &Draft, format: Format) -> Reply {
    let fields = draft
        .fields
        .iter()
        .map(|field| Doc::text_or_null(field.as_ref()));
    let extra = &draft.extra;
    let mut pairs = vec![("channel_id", Doc::id(channel_id))];
    pairs.extend(FIELD_NAMES.into_iter().zip(fields));
    pairs.extend([
        ("created_at", Doc::Time(Zone::UTC.json(draft.created_at_s))),
        ("entry_id", Doc::id(entry_id)),
        ("status", Doc::text_or_null(extra.status.as_ref())),
        ("latitude", Doc::text_or_null(extra.latitude.as_ref())),
        ("longitude", Doc::text_or_null(extra.longitude.as_ref())),
        ("elevation", Doc::text_or_null(extra.elevation.as_ref())),
    ]);
    let doc = Doc::Object(pairs);
    match format {
        Format::Json => Reply::json(&doc),
        Format::Xml => Reply::ok(Content::Xml, doc.to_xml("feed")),
        Format::Csv | Format::Text | Format::Bare => Reply::text(entry_id.to_string()),
    }
}
