//! What clients are sent, letter by letter: the same over a WebSocket and as server-sent events.
//!
//! What an update says of its node is spelt once and shared by all who are told of it; what is written here
//! around it is small.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::ws::Utf8Bytes;
use evara_actors::watchers::broadcast::{Condition, Subject, Told, Turn, Update, UpdateKind};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::cursor::{Covered, Known};
use super::fields::{ALL, Fields, Named};
use super::said::{NodeState, Said, Supervised, Turned};
use super::topic::Topic;
use crate::http::problem::Code;
use crate::http::views::Time;

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// JSON, in one line. Cheap to clone: whoever is told the same is sent the same letters.
    pub(crate) json: Utf8Bytes,
    /// Where to go on behind it.
    pub(crate) place: Place,
}

/// What a frame says of where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it was before.
    Same,
    /// Nowhere: what was before is no use any more.
    Lost,
    /// From here.
    At(Arc<str>),
}

impl Place {
    fn or(cursor: Option<Arc<str>>, without: Self) -> Self {
        cursor.map_or(without, Self::At)
    }
}

impl Frame {
    fn of(said: &Said) -> Self {
        Self::told(said, Place::Same)
    }

    fn told(said: &Said, place: Place) -> Self {
        // Names and numbers: there is nothing in it that could not be written.
        let json = serde_json::to_string(said).unwrap_or_else(|_| "{}".to_owned());
        Self::at(json, place)
    }

    fn at(json: String, place: Place) -> Self {
        let json = json.into();
        Self { json, place }
    }

    /// The first of all.
    pub(crate) fn hello(session: Uuid, heartbeat: Duration, resume_window: Duration) -> Self {
        Self::of(&Said::Hello {
            session,
            heartbeat_s: heartbeat.as_secs(),
            resume_window_s: resume_window.as_secs(),
        })
    }

    /// A topic is listened to; from `cursor` on, or from a snapshot that follows.
    pub(crate) fn subscribed(topic: Topic, cursor: Option<Arc<str>>) -> Self {
        let place = Place::or(cursor.clone(), Place::Lost);
        let topic = topic.to_string();
        Self::told(&Said::Subscribed { topic, cursor }, place)
    }

    /// A topic is not listened to any more.
    pub(crate) fn unsubscribed(topic: Topic) -> Self {
        let topic = topic.to_string();
        Self::of(&Said::Unsubscribed { topic })
    }

    /// It is known who listens.
    pub(crate) fn authenticated() -> Self {
        Self::of(&Said::Authenticated {})
    }

    /// A sign of life is asked for; with the places that topics have come to.
    pub(crate) fn ping(places: impl Iterator<Item = (Topic, Option<Arc<str>>)>) -> Self {
        let known = places.filter_map(|(topic, cursor)| Some((topic.to_string(), cursor?)));
        let cursors = known.collect();
        Self::of(&Said::Ping { cursors })
    }

    /// Nothing that was known of a topic holds any more: a snapshot follows.
    pub(crate) fn resync(topic: Topic, reason: &'static str) -> Self {
        let (topic, reason) = (topic.to_string(), reason.to_owned());
        Self::told(&Said::Resync { topic, reason }, Place::Lost)
    }

    /// So many events were left out, each since a later one of its node says all that it said.
    pub(crate) fn lag(topic: Topic, folded: usize) -> Self {
        let topic = topic.to_string();
        Self::of(&Said::Lag { topic, folded })
    }

    /// Something is not as it should be.
    pub(crate) fn error(code: Code, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self::of(&Said::Error { code, detail })
    }

    /// A part of how the nodes of a topic are, or the tree.
    pub(crate) fn snapshot(Covered { topic, fields, .. }: &Covered, part: Part<'_>) -> Self {
        let Part {
            number,
            is_last,
            members,
            cursor,
        } = part;
        let room = match members {
            Members::Nodes(nodes) => nodes.iter().map(|it| room(it, fields)).sum(),
            Members::Tree(those) => those.len() * ROOM_AROUND,
        };
        let mut json = String::with_capacity(room + ROOM_AROUND);
        let more = !is_last;
        json.push_str(r#"{"type":"snapshot""#);
        let _written = write!(json, r#","topic":"{topic}","part":{number},"more":{more}"#);
        put_cursor(&mut json, cursor.as_deref());
        match members {
            Members::Nodes(nodes) => {
                put_list(&mut json, "nodes", nodes.iter().map(|it| text(it, fields)));
            }
            Members::Tree(those) => {
                put_list(&mut json, "nodes", std::iter::empty());
                let those = those.iter().map(|it| spell_supervised(*it).into());
                put_list(&mut json, "supervised", those);
            }
        }
        json.push('}');
        Self::at(json, Place::or(cursor, Place::Same))
    }

    /// What happened to nodes.
    pub(crate) fn events(covered: &Covered, told: &[Told], cursor: Option<Arc<str>>) -> Self {
        let fields = &covered.fields;
        let room_of = |it: &Told| room(&it.update, fields) + ROOM_AROUND;
        let room = told.iter().map(room_of).sum();
        let put = |json: &mut String, one: &Told| put_event(json, one, fields);
        Self::happened((covered.topic, cursor), told, put, room)
    }

    /// What became of the tree.
    pub(crate) fn turns(topic: Topic, turns: &[Turn], cursor: Option<Arc<str>>) -> Self {
        Self::happened((topic, cursor), turns, put_turn, turns.len() * ROOM_AROUND)
    }

    /// One event by itself, several as a batch.
    fn happened<T>(
        (topic, cursor): (Topic, Option<Arc<str>>),
        all: &[T],
        put: impl Fn(&mut String, &T),
        room: usize,
    ) -> Self {
        let mut json = String::with_capacity(room + ROOM_AROUND);
        if let [one] = all {
            json.push_str(r#"{"type":"event","#);
            put(&mut json, one);
        } else {
            json.push_str(r#"{"type":"batch","event":"BATCH_STATUS_UPDATE""#);
        }
        let _written = write!(json, r#","topic":"{topic}""#);
        put_cursor(&mut json, cursor.as_deref());
        if all.len() != 1 {
            json.push_str(r#","updates":["#);
            for (place, one) in all.iter().enumerate() {
                json.push_str(if place > 0 { ",{" } else { "{" });
                put(&mut json, one);
                json.push('}');
            }
            json.push(']');
        }
        json.push('}');
        Self::at(json, Place::or(cursor, Place::Same))
    }
}

/// What somebody knows of a node who was told this of it.
pub(crate) fn known(update: &Update) -> Known {
    let sum = digest(&SHA256, update.text(whole).as_bytes());
    let mut print = [0; 8];
    print.copy_from_slice(&sum.as_ref()[..8]);
    Known {
        revision: update.revision,
        print: u64::from_be_bytes(print),
    }
}

/// What is written around a node at most, and around all of them.
const ROOM_AROUND: usize = 256;

/// A part of a snapshot.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// Counted from nought: with that, all that was known before is to be forgotten.
    pub(crate) number: u32,
    pub(crate) is_last: bool,
    pub(crate) members: &'a Members,
    /// Of the last part alone.
    pub(crate) cursor: Option<Arc<str>>,
}

/// What a part of a snapshot is of.
#[derive(Debug)]
pub(crate) enum Members {
    Nodes(Vec<Arc<Update>>),
    Tree(Vec<(Subject, Condition)>),
}

fn put_list<'a>(json: &mut String, name: &str, texts: impl Iterator<Item = Cow<'a, str>>) {
    let _written = write!(json, r#","{name}":["#);
    for (place, text) in texts.enumerate() {
        if place > 0 {
            json.push(',');
        }
        json.push_str(&text);
    }
    json.push(']');
}

/// Its letters are all of them plain.
fn put_cursor(json: &mut String, cursor: Option<&str>) {
    let _written = match cursor {
        Some(cursor) => write!(json, r#","cursor":"{cursor}""#),
        None => write!(json, r#","cursor":null"#),
    };
}

/// The members of an event, without the braces.
fn put_event(
    json: &mut String,
    Told {
        kind,
        previous,
        update,
    }: &Told,
    fields: &Fields,
) {
    let _written = write!(
        json,
        r#""event":"{}","previous_revision":{previous},"at":"{}","#,
        name(*kind),
        update.at
    );
    if *kind == UpdateKind::Removed {
        let (node, revision) = (update.node, update.revision);
        let _written = write!(json, r#""node_id":"{node}","revision":{revision}"#);
        return;
    }
    let text = text(update, fields);
    json.push_str(&text[1..text.len() - 1]);
}

/// The members of an event of the tree, without the braces.
fn put_turn(json: &mut String, turn: &Turn) {
    let turned = Turned {
        event: SUPERVISION,
        at: Time(turn.at),
    };
    let turned = serde_json::to_string(&turned).unwrap_or_default();
    let supervised = spell_supervised((turn.subject, turn.condition));
    json.push_str(turned.trim_matches(['{', '}']));
    json.push(',');
    json.push_str(&supervised[1..supervised.len() - 1]);
}

fn spell_supervised(one: (Subject, Condition)) -> String {
    // Names and numbers: there is nothing in it that could not be written.
    serde_json::to_string(&Supervised::from(one)).unwrap_or_else(|_| "{}".to_owned())
}

/// What a node's text takes, or about that much.
fn room(update: &Update, fields: &Fields) -> usize {
    match fields.only() {
        None => update.text(whole).len() + 1,
        Some(_) => ROOM_AROUND,
    }
}

/// How a node is, as far as that is wanted: an object.
pub(super) fn text<'a>(update: &'a Update, fields: &Fields) -> Cow<'a, str> {
    match fields.only() {
        None => update.text(whole).into(),
        Some(named) => spell(update, named).into(),
    }
}

fn whole(update: &Update) -> String {
    spell(update, &ALL)
}

/// What an event of the tree is called.
pub(super) const SUPERVISION: &str = "SUPERVISION";

/// What an event is called.
pub(super) fn name(kind: UpdateKind) -> &'static str {
    match kind {
        UpdateKind::Telemetry => "TELEMETRY_UPDATE",
        UpdateKind::Status => "STATUS_UPDATE",
        UpdateKind::Described => "CACHE_INVALIDATED",
        UpdateKind::Provisioned => "NODE_PROVISIONED",
        UpdateKind::Removed => "NODE_REMOVED",
    }
}

/// These members of how a node is.
fn spell(update: &Update, wanted: &Named) -> String {
    let reported = update.reported.iter();
    let reported = reported.filter(|(metric, _)| wanted.reported.has(metric.name()));
    let reported = reported.map(|(metric, number)| (metric.name(), Some(*number)));
    let derived = update.derived.iter().copied();
    let derived = derived.filter(|(name, _)| wanted.derived.has(name));
    let told = NodeState {
        node_id: update.node.0,
        revision: update.revision.0,
        status: wanted.status.then(|| update.status.state.into()),
        status_since: wanted.status_since.then_some(Time(update.status.since)),
        last_seen_at: wanted.last_seen_at.then(|| update.last_seen_at.map(Time)),
        reported: wanted.reported.is_wanted().then_some(Numbers(reported)),
        derived: wanted.derived.is_wanted().then_some(Numbers(derived)),
    };
    // Names and numbers: there is nothing in it that could not be written.
    serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned())
}

/// Numbers by name.
struct Numbers<I>(I);

impl<I, N> Serialize for Numbers<I>
where
    I: Iterator<Item = (N, Option<f64>)> + Clone,
    N: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}
