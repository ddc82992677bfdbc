//! `bulk_update`: many rows at once, as JSON or as CSV in a form.
//!
//! All rows are stored or none. It has a gate of its own, and unlike `/update` it says 429.

use axum::http::StatusCode;
use serde_json::Value;

use super::ask::{Ask, Params, scalar};
use super::channel::{Channel, Draft, Extra, FIELD_NAMES};
use super::doc::Doc;
use super::fail::Fail;
use super::knobs::{BulkAccepted, BulkTooSoon, DuplicateStamp};
use super::reply::{Content, Reply};
use super::state::State;
use super::write::check;
use super::zone::Zone;

/// When a row was made, as its writer says it.
enum When {
    At(i64),
    /// So many seconds after the row before it.
    After(i64),
}

/// Answers a bulk update of channel `id`.
pub(super) fn update(state: &mut State, id: u64, ask: &Ask, now_ms: i64) -> Reply {
    let knobs = state.knobs.clone();
    let Some(channel) = state.channels.get_mut(&id) else {
        return Fail::NotFound.reply(ask.format);
    };
    let key = ask.params.get("write_api_key").or_else(|| ask.params.key());
    if channel.faults.deny || key != Some(&channel.write_key) {
        return Fail::AuthRequired.reply(ask.format);
    }
    let rows = match rows(&ask.params, knobs.bulk_rows) {
        Ok(rows) => rows,
        Err(fail) => return fail.reply(ask.format),
    };
    if Channel::gated(channel.last_bulk_ms, now_ms, knobs.bulk_gate_s) {
        let told = Fail::TooManyRequests.reply(ask.format);
        return match knobs.bulk_too_soon {
            BulkTooSoon::ErrorObject => told,
            BulkTooSoon::Empty => Reply::refusal(told.status, Content::Text, ""),
        };
    }
    let drafts = dated(rows, now_ms.div_euclid(1_000));
    if !drafts
        .iter()
        .all(|draft| Zone::can_write(draft.created_at_s))
    {
        return Fail::BadRequest.reply(ask.format);
    }
    channel.last_bulk_ms = Some(now_ms);
    for draft in drafts {
        // A row whose time is taken was stored by an earlier try.
        let is_new = !channel.has_stamp(draft.created_at_s);
        if is_new || knobs.duplicate_stamp == DuplicateStamp::Store {
            channel.append(draft);
        }
    }
    let success = Reply::json(&Doc::Object(vec![("success", Doc::Bool(true))]));
    match knobs.bulk_accepted {
        BulkAccepted::Success => success,
        BulkAccepted::Empty => Reply::text(""),
    }
    .with_status(StatusCode::ACCEPTED)
}

fn rows(params: &Params, most: usize) -> Result<Vec<(When, Draft)>, Fail> {
    let updates = params.json.as_ref().and_then(|json| json.get("updates"));
    let rows = match updates {
        Some(Value::Array(updates)) if updates.len() > most => return Err(Fail::TooLarge),
        Some(Value::Array(updates)) => updates
            .iter()
            .map(json_row)
            .collect::<Result<Vec<_>, _>>()?,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        ) => {
            return Err(Fail::BadRequest);
        }
        None => csv_rows(params, most)?,
    };
    if rows.is_empty() {
        return Err(Fail::BadRequest);
    }
    rows.iter().try_for_each(|(_, draft)| check(draft))?;
    Ok(rows)
}

fn json_row(row: &Value) -> Result<(When, Draft), Fail> {
    let row = row.as_object().ok_or(Fail::BadRequest)?;
    let text = |name: &str| row.get(name).and_then(scalar);
    let when = match (text("created_at"), text("delta_t")) {
        (Some(at), _) => When::At(instant(&at).ok_or(Fail::BadRequest)?),
        (None, Some(delta)) => When::After(delta.parse().map_err(|_| Fail::BadRequest)?),
        (None, None) => return Err(Fail::BadRequest),
    };
    let draft = Draft {
        created_at_s: 0,
        fields: FIELD_NAMES.map(text),
        extra: Extra {
            status: text("status"),
            latitude: text("latitude"),
            longitude: text("longitude"),
            elevation: text("elevation"),
        },
    };
    Ok((when, draft))
}

/// Rows apart by `|`, cells by `,`: time, eight fields, latitude, longitude, elevation, status.
fn csv_rows(params: &Params, most: usize) -> Result<Vec<(When, Draft)>, Fail> {
    let updates = params.get("updates").ok_or(Fail::BadRequest)?;
    let is_relative = params.get("time_format") == Some("relative");
    let mut rows = Vec::new();
    for line in updates.split('|').filter(|line| !line.trim().is_empty()) {
        if rows.len() == most {
            return Err(Fail::TooLarge);
        }
        let mut cells = line
            .split(',')
            .map(|cell| Some(cell.trim().to_owned()).filter(|c| !c.is_empty()));
        let time = cells.next().flatten().ok_or(Fail::BadRequest)?;
        let when = if is_relative {
            When::After(time.parse().map_err(|_| Fail::BadRequest)?)
        } else {
            When::At(instant(&time).ok_or(Fail::BadRequest)?)
        };
        let mut cell = || cells.next().flatten();
        let fields = std::array::from_fn(|_| cell());
        let extra = Extra {
            latitude: cell(),
            longitude: cell(),
            elevation: cell(),
            status: cell(),
        };
        let draft = Draft {
            created_at_s: 0,
            fields,
            extra,
        };
        rows.push((when, draft));
    }
    Ok(rows)
}

fn instant(text: &str) -> Option<i64> {
    text.trim().parse().ok().or_else(|| Zone::UTC.parse(text))
}

/// Gives every row its time. Relative rows end now: their writer sends what it has gathered.
fn dated(rows: Vec<(When, Draft)>, now_s: i64) -> Vec<Draft> {
    let passed = |when: &When| match when {
        When::At(_) => 0,
        When::After(delta) => *delta,
    };
    let whole = rows
        .iter()
        .skip(1)
        .fold(0_i64, |sum, (when, _)| sum.saturating_add(passed(when)));
    let mut clock_s = now_s.saturating_sub(whole);
    let mut drafts = Vec::with_capacity(rows.len());
    for (place, (when, mut draft)) in rows.into_iter().enumerate() {
        draft.created_at_s = match when {
            When::At(at_s) => at_s,
            When::After(_) if place == 0 => clock_s,
            When::After(delta) => {
                clock_s = clock_s.saturating_add(delta);
                clock_s
            }
        };
        drafts.push(draft);
    }
    drafts
}
