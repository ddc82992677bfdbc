//! The HTTP face of TalkBacks.
//!
//! A TalkBack is opened by its own key and by no other. Text answers carry the bare command, so
//! that a device needs no parser.

use super::ask::{Ask, Verb};
use super::channel::{Draft, Extra};
use super::doc::Doc;
use super::fail::Fail;
use super::knobs::{EmptyExecute, Knobs};
use super::reply::{Content, Reply};
use super::state::State;
use super::talkback::{Command, MAX_COMMAND_CHARS, Placed};
use super::target::{Format, Queue};
use super::zone::Zone;

/// What an execute took off a queue.
pub(super) struct Popped {
    pub(super) reply: Reply,
    /// The command, if there was one.
    pub(super) text: Option<String>,
}

/// Answers a request to TalkBack `id`.
pub(super) fn answer(state: &mut State, id: u64, queue: Queue, ask: &Ask, now_s: i64) -> Reply {
    let Some(talkback) = state.talkbacks.get(&id) else {
        return Fail::NotFound.reply(ask.format);
    };
    if ask.params.key() != Some(&talkback.key) {
        return Fail::AuthRequired.reply(ask.format);
    }
    let done = match (ask.verb, queue) {
        (Verb::Post, Queue::Commands) => add(state, id, ask, now_s),
        (Verb::Get, Queue::Commands) => list(state, id, ask),
        (Verb::Delete, Queue::Commands) => clear(state, id, ask),
        (Verb::Get, Queue::Command(command)) => get(state, id, command, ask),
        (Verb::Put, Queue::Command(command)) => change(state, id, command, ask),
        (Verb::Delete, Queue::Command(command)) => remove(state, id, command, ask),
        (Verb::Get | Verb::Post, Queue::Execute) => execute(state, id, ask, now_s),
        (Verb::Get, Queue::Last) => last(state, id, ask),
        (_, _) => Err(Fail::WrongMethod),
    };
    done.unwrap_or_else(|fail| fail.reply(ask.format))
}

/// Takes the next command off the queue of a combined update. An unknown key finds nothing.
pub(super) fn pop(state: &mut State, key: &str, ask: &Ask, now_s: i64) -> Popped {
    let knobs = state.knobs.clone();
    let placed = state
        .talkback_by(key)
        .and_then(|talkback| talkback.execute(now_s));
    Popped {
        text: placed.map(|placed| placed.command.text.clone()),
        reply: placed.map_or_else(
            || nothing(ask.format, &knobs),
            |placed| shown(placed, ask.format),
        ),
    }
}

fn add(state: &mut State, id: u64, ask: &Ask, now_s: i64) -> Result<Reply, Fail> {
    let text = text(ask)?.ok_or(Fail::BadRequest)?;
    let command = Command {
        id: state.command_id(),
        text,
        created_at_s: now_s,
        executed_at_s: None,
    };
    let talkback = state.talkbacks.get_mut(&id).ok_or(Fail::NotFound)?;
    let placed = talkback
        .add(command, position(ask))
        .map_err(|_full| Fail::BadRequest)?;
    Ok(match ask.format {
        Format::Json | Format::Xml => shown(placed, ask.format),
        Format::Csv | Format::Text | Format::Bare => Reply::text(placed.command.id.to_string()),
    })
}

fn list(state: &State, id: u64, ask: &Ask) -> Result<Reply, Fail> {
    let talkback = state.talkbacks.get(&id).ok_or(Fail::NotFound)?;
    let doc = Doc::List("command", talkback.list().map(doc).collect());
    Ok(match ask.format {
        Format::Xml => Reply::ok(Content::Xml, doc.to_xml("commands")),
        Format::Json | Format::Csv | Format::Text | Format::Bare => Reply::json(&doc),
    })
}

fn clear(state: &mut State, id: u64, ask: &Ask) -> Result<Reply, Fail> {
    state.talkbacks.get_mut(&id).ok_or(Fail::NotFound)?.clear();
    list(state, id, ask)
}

fn get(state: &State, id: u64, command: u64, ask: &Ask) -> Result<Reply, Fail> {
    let talkback = state.talkbacks.get(&id).ok_or(Fail::NotFound)?;
    let placed = talkback.get(command).ok_or(Fail::NotFound)?;
    Ok(shown(placed, ask.format))
}

fn change(state: &mut State, id: u64, command: u64, ask: &Ask) -> Result<Reply, Fail> {
    let text = text(ask)?;
    let talkback = state.talkbacks.get_mut(&id).ok_or(Fail::NotFound)?;
    let placed = talkback
        .update(command, text, position(ask))
        .ok_or(Fail::NotFound)?;
    Ok(shown(placed, ask.format))
}

fn remove(state: &mut State, id: u64, command: u64, ask: &Ask) -> Result<Reply, Fail> {
    let talkback = state.talkbacks.get_mut(&id).ok_or(Fail::NotFound)?;
    let position = talkback.get(command).and_then(|placed| placed.position);
    let removed = talkback.remove(command).ok_or(Fail::NotFound)?;
    let placed = Placed {
        command: &removed,
        position,
    };
    Ok(shown(placed, ask.format))
}

fn execute(state: &mut State, id: u64, ask: &Ask, now_s: i64) -> Result<Reply, Fail> {
    let knobs = state.knobs.clone();
    let talkback = state.talkbacks.get_mut(&id).ok_or(Fail::NotFound)?;
    let channel_id = talkback.channel_id;
    let Some(placed) = talkback.execute(now_s) else {
        return Ok(nothing(ask.format, &knobs));
    };
    let (text, reply) = (placed.command.text.clone(), shown(placed, ask.format));
    if knobs.log_commands_to_channel
        && let Some(channel) = channel_id.and_then(|id| state.channels.get_mut(&id))
    {
        let extra = Extra {
            status: Some(text),
            ..Extra::default()
        };
        channel.append(Draft {
            created_at_s: now_s,
            extra,
            ..Draft::default()
        });
    }
    Ok(reply)
}

fn last(state: &State, id: u64, ask: &Ask) -> Result<Reply, Fail> {
    let talkback = state.talkbacks.get(&id).ok_or(Fail::NotFound)?;
    let placed = talkback.last().ok_or(Fail::NotFound)?;
    Ok(shown(placed, ask.format))
}

fn text(ask: &Ask) -> Result<Option<String>, Fail> {
    let text = ask.params.get("command_string");
    if text.is_some_and(|text| text.chars().count() > MAX_COMMAND_CHARS) {
        return Err(Fail::BadRequest);
    }
    Ok(text.map(str::to_owned))
}

fn position(ask: &Ask) -> Option<usize> {
    ask.params.get("position")?.trim().parse().ok()
}

fn nothing(format: Format, knobs: &Knobs) -> Reply {
    match (format, knobs.empty_execute) {
        (Format::Json, EmptyExecute::Object) => Reply::json(&Doc::Object(Vec::new())),
        (Format::Json, EmptyExecute::Blank) => Reply::ok(Content::Json, ""),
        (Format::Xml | Format::Csv | Format::Text | Format::Bare, _) => Reply::text(""),
    }
}

fn shown(placed: Placed<'_>, format: Format) -> Reply {
    match format {
        Format::Json => Reply::json(&doc(placed)),
        Format::Xml => Reply::ok(Content::Xml, doc(placed).to_xml("command")),
        Format::Csv | Format::Text | Format::Bare => Reply::text(placed.command.text.clone()),
    }
}

fn doc(placed: Placed<'_>) -> Doc {
    let command = placed.command;
    let time = |at_s| Doc::Time(Zone::UTC.json(at_s));
    Doc::Object(vec![
        ("id", Doc::id(command.id)),
        ("command_string", Doc::Text(command.text.clone())),
        (
            "position",
            placed
                .position
                .map_or(Doc::Null, |place| Doc::id(place as u64)),
        ),
        ("executed_at", command.executed_at_s.map_or(Doc::Null, time)),
        ("created_at", time(command.created_at_s)),
    ])
}
