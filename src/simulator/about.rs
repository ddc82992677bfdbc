//! A channel's settings, as its owner and as strangers see them, and the lists of channels.
//!
//! The one place where keys are shown, to the holder of the account's key only. A channel's read
//! key is refused here, as on the hosted service.

use super::ask::{Ask, Params};
use super::channel::{Channel, FIELD_NAMES, FIELDS};
use super::doc::Doc;
use super::fail::Fail;
use super::read::denied;
use super::reply::{Content, Reply};
use super::state::State;
use super::target::Format;
use super::world::Node;
use super::zone::Zone;

/// Channels on one page of the public list.
const PAGE_LEN: usize = 15;

/// What the hosted service shows for a channel nobody has ranked.
const RANKING: i64 = 30;

/// Answers for one channel's settings.
pub(super) fn show(state: &State, channel: &Channel, ask: &Ask) -> Reply {
    if ask.params.key() == Some(&state.user_key) {
        spelled(&Doc::Object(owned(channel)), "channel", ask.format)
    } else if channel.public && !channel.faults.deny {
        spelled(&Doc::Object(seen(channel)), "channel", ask.format)
    } else {
        denied(ask.format)
    }
}

/// Lists the account's channels.
pub(super) fn list(state: &State, ask: &Ask) -> Reply {
    if ask.params.key() != Some(&state.user_key) {
        return Fail::AuthRequired.reply(ask.format);
    }
    let channels = state
        .channels
        .values()
        .map(|channel| Doc::Object(owned(channel)));
    spelled(
        &Doc::List("channel", channels.collect()),
        "channels",
        ask.format,
    )
}

/// Lists one page of the public channels.
pub(super) fn list_public(state: &State, ask: &Ask) -> Reply {
    let page = ask
        .params
        .get("page")
        .and_then(|page| page.parse::<usize>().ok());
    let page = page.unwrap_or(1).max(1);
    let public = || state.channels.values().filter(|channel| channel.public);
    let channels = public()
        .skip((page - 1).saturating_mul(PAGE_LEN))
        .take(PAGE_LEN)
        .map(|channel| Doc::Object(seen(channel)));
    let pagination = Doc::Object(vec![
        ("current_page", Doc::id(page as u64)),
        ("per_page", Doc::id(PAGE_LEN as u64)),
        ("total_entries", Doc::id(public().count() as u64)),
    ]);
    let doc = Doc::Object(vec![
        ("pagination", pagination),
        ("channels", Doc::List("channel", channels.collect())),
    ]);
    spelled(&doc, "response", ask.format)
}

/// Makes a channel for the account.
pub(super) fn create(state: &mut State, ask: &Ask, now_s: i64) -> Reply {
    if ask.params.key() != Some(&state.user_key) {
        return Fail::AuthRequired.reply(ask.format);
    }
    let Some(id) = state.add_channel(node(&ask.params), now_s) else {
        return Fail::TooManyRequests.reply(ask.format);
    };
    let Some(channel) = state.channels.get_mut(&id) else {
        return Fail::NotFound.reply(ask.format);
    };
    channel.public |= ask.params.says_true("public_flag");
    spelled(&Doc::Object(owned(channel)), "channel", ask.format)
}

fn node(params: &Params) -> Node {
    let given = |name| {
        params
            .get(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let place = |name| Some(given(name).unwrap_or_else(|| "0.0".to_owned()));
    Node {
        kind: "generic".to_owned(),
        name: given("name").unwrap_or_default(),
        description: given("description").unwrap_or_default(),
        labels: std::array::from_fn::<_, FIELDS, _>(|index| given(FIELD_NAMES[index])),
        latitude: place("latitude"),
        longitude: place("longitude"),
        elevation: given("elevation"),
        metadata: given("metadata"),
    }
}

fn spelled(doc: &Doc, root: &str, format: Format) -> Reply {
    match format {
        Format::Xml => Reply::ok(Content::Xml, doc.to_xml(root)),
        Format::Json | Format::Csv | Format::Text | Format::Bare => Reply::json(doc),
    }
}

/// Unlike in a feed, what is empty is null here.
fn common(channel: &Channel) -> Vec<(&'static str, Doc)> {
    let node = &channel.node;
    let description = Some(&node.description).filter(|text| !text.is_empty());
    vec![
        ("id", Doc::id(channel.id)),
        ("name", Doc::Text(node.name.clone())),
        ("description", Doc::text_or_null(description)),
        ("latitude", Doc::text_or_null(node.latitude.as_ref())),
        ("longitude", Doc::text_or_null(node.longitude.as_ref())),
        (
            "created_at",
            Doc::Time(Zone::UTC.json(channel.created_at_s)),
        ),
        ("elevation", Doc::text_or_null(node.elevation.as_ref())),
        (
            "last_entry_id",
            channel.visible_last_entry_id().map_or(Doc::Null, Doc::id),
        ),
    ]
}

fn seen(channel: &Channel) -> Vec<(&'static str, Doc)> {
    let mut pairs = common(channel);
    pairs.push(("ranking", Doc::Number(RANKING)));
    pairs.push((
        "metadata",
        Doc::text_or_null(channel.node.metadata.as_ref()),
    ));
    pairs.push(("tags", Doc::List("tag", Vec::new())));
    pairs
}

fn owned(channel: &Channel) -> Vec<(&'static str, Doc)> {
    let key = |key: &String, writes| {
        Doc::Object(vec![
            ("api_key", Doc::Text(key.clone())),
            ("write_flag", Doc::Bool(writes)),
        ])
    };
    let keys = vec![key(&channel.write_key, true), key(&channel.read_key, false)];
    let mut pairs = common(channel);
    pairs.extend([
        ("public_flag", Doc::Bool(channel.public)),
        ("url", Doc::Null),
        ("ranking", Doc::Number(RANKING)),
        (
            "metadata",
            Doc::text_or_null(channel.node.metadata.as_ref()),
        ),
        ("license_id", Doc::Number(0)),
        ("github_url", Doc::Null),
        ("tags", Doc::List("tag", Vec::new())),
        ("api_keys", Doc::List("api_key", keys)),
    ]);
    pairs
}
