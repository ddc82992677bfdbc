//! The description of live topics, in AsyncAPI 3: made of the types that frames are made of.

use evara_actors::watchers::broadcast::UpdateKind;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::asked::Asked;
use super::frame;
use super::said::{Gone, NodeShape, Place, Said, Snapshot, Step, Supervised, Turned};

/// What has no meaning on a stream of server-sent events: nothing is said there but by the request.
const OF_SOCKETS_ALONE: [&str; 3] = ["authenticated", "unsubscribed", "ping"];

/// How a WebSocket is closed by the service, and for what.
const CLOSES: [(u16, &str); 8] = [
    (1002, "A frame is against RFC 6455."),
    (1007, "A text is not UTF-8."),
    (1009, "A frame is longer than 64 KiB."),
    (
        1012,
        r#"The service ends or starts again. The reason is {"retry_after_ms":n}: come back then, with the last cursors."#,
    ),
    (
        4401,
        "No token within 10 s, one that is no use or no use any more, or a person who may or sees less than before: come back with another, or the same one.",
    ),
    (
        4403,
        "A token of another person, or an address from which requests are not taken.",
    ),
    (
        4408,
        "Too slow, or no sign of life: come back with the last cursors.",
    ),
    (
        4429,
        "Too many frames, requests, sockets of one person or wrong tokens, or idle while others wait for a place: come back later.",
    ),
];

/// What happens to a node that is there, and to one that was.
const CHANGES: [UpdateKind; 4] = [
    UpdateKind::Telemetry,
    UpdateKind::Status,
    UpdateKind::Described,
    UpdateKind::Provisioned,
];

/// The description.
pub(crate) fn description(version: &str) -> Value {
    let (told, asked) = (told(), variants(&Asked::schema()));
    let names = |messages: &Messages| messages.keys().cloned().collect::<Vec<_>>();
    let streamed: Vec<_> = names(&told)
        .into_iter()
        .filter(|name| !OF_SOCKETS_ALONE.contains(&name.as_str()))
        .collect();
    let (tells, hears) = (names(&told), names(&asked));
    let of_socket: Vec<_> = tells.iter().chain(&hears).cloned().collect();
    let closes = CLOSES.map(|(code, meaning)| json!({ "code": code, "meaning": meaning }));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Evara, live",
            "version": version,
            "description": "Topics that are listened to, from where one stopped and without gaps: `fleet`, \
                `communities/{id}`, `nodes/{id}`, `alerts`, `commands` and, for those who run the service, `supervision`.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/api/v1/ws",
                "title": "Many topics over a WebSocket",
                "description": "Subprotocol `evara.v1`. The token is in the header `Authorization`, or in an `auth` \
                    frame within 10 s; another `auth` frame of the same person takes its place.",
                "messages": references(&of_socket, "/components/messages"),
                "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
                "x-close-codes": closes,
            },
            "stream": {
                "address": "/api/v1/stream",
                "title": "One topic as server-sent events",
                "description": "`data` is a frame, `id` its cursor, which `Last-Event-ID` brings back. Its \
                    parameters are in /api/openapi.json.",
                "messages": references(&streamed, "/components/messages"),
            },
        },
        "operations": {
            "tell": operation("send", "socket", &tells),
            "hear": operation("receive", "socket", &hears),
            "stream": operation("send", "stream", &streamed),
        },
        "components": {
            "messages": told.into_iter().chain(asked).collect::<Map<_, _>>(),
            "schemas": schemas(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// Messages by the type of their frames.
type Messages = Map<String, Value>;

/// All that a client is told.
fn told() -> Messages {
    let mut messages = variants(&Said::schema());
    let (place, step) = (plain(&Place::schema()), plain(&Step::schema()));
    let (changed, removed) = (changed(&[&place, &step]), removed(&[&place, &step]));
    let event = [changed, removed, turned(&[&place])];
    let event = json!({ "oneOf": event.map(|shape| of_type("event", shape)) });
    let happened = json!([
        { "$ref": "#/components/schemas/Change" },
        { "$ref": "#/components/schemas/Removal" },
        { "$ref": "#/components/schemas/Turn" },
    ]);
    let mut batch = of_type("batch", place);
    batch["properties"]["event"] = json!({ "type": "string", "enum": ["BATCH_STATUS_UPDATE"] });
    batch["properties"]["updates"] =
        json!({ "type": "array", "minItems": 2, "items": { "oneOf": happened } });
    if let Some(required) = batch["required"].as_array_mut() {
        required.extend(["event".into(), "updates".into()]);
    }
    let snapshot = of_type("snapshot", plain(&Snapshot::schema()));
    let about = snapshot["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for (name, summary, payload) in [
        (
            "event",
            "What happened to one node, or to one of the tree.",
            event,
        ),
        ("batch", "What fell into one tick, as one frame.", batch),
        ("snapshot", about.as_str(), snapshot),
    ] {
        messages.insert(name.to_owned(), message(name, summary, payload));
    }
    messages
}

fn schemas() -> Map<String, Value> {
    let mut all = Vec::new();
    Said::schemas(&mut all);
    Asked::schemas(&mut all);
    Snapshot::schemas(&mut all);
    let schemas = all
        .iter()
        .map(|(name, schema)| (name.clone(), plain(schema)));
    let mut schemas: Map<_, _> = schemas.collect();
    let step = plain(&Step::schema());
    schemas.insert("Change".to_owned(), changed(&[&step]));
    schemas.insert("Removal".to_owned(), removed(&[&step]));
    schemas.insert("Turn".to_owned(), turned(&[]));
    for name in ["Node", "Supervised"] {
        if let Some(schema) = schemas.get_mut(name) {
            schema["additionalProperties"] = false.into();
        }
    }
    schemas
}

/// Something that happened to a node that is there, with what else is said.
fn changed(said: &[&Value]) -> Value {
    let node = plain(&NodeShape::schema());
    of_events(&CHANGES, joined(&[said, &[&node]].concat()))
}

fn removed(said: &[&Value]) -> Value {
    let gone = plain(&Gone::schema());
    of_events(&[UpdateKind::Removed], joined(&[said, &[&gone]].concat()))
}

/// What became of one of the tree.
fn turned(said: &[&Value]) -> Value {
    let (turned, supervised) = (plain(&Turned::schema()), plain(&Supervised::schema()));
    let mut schema = joined(&[said, &[&turned, &supervised]].concat());
    schema["properties"]["event"]["enum"] = json!([frame::SUPERVISION]);
    schema
}

fn of_events(kinds: &[UpdateKind], mut schema: Value) -> Value {
    let names: Vec<_> = kinds.iter().map(|kind| frame::name(*kind)).collect();
    schema["properties"]["event"]["enum"] = names.into();
    schema
}

/// One object with the members of all of them and no other.
fn joined(schemas: &[&Value]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for schema in schemas {
        let more = schema["properties"].as_object();
        properties.extend(more.cloned().unwrap_or_default());
        let more = schema["required"].as_array();
        required.extend(more.cloned().unwrap_or_default());
    }
    json!({ "type": "object", "properties": properties, "required": required,
        "additionalProperties": false })
}

/// An object as a frame of a type, closed.
fn of_type(kind: &str, mut schema: Value) -> Value {
    schema["properties"]["type"] = json!({ "type": "string", "enum": [kind] });
    schema["additionalProperties"] = false.into();
    match schema["required"].as_array_mut() {
        Some(required) => required.insert(0, "type".into()),
        None => schema["required"] = json!(["type"]),
    }
    schema
}

/// The variants of an enum that is told apart by its type.
fn variants(schema: &RefOr<Schema>) -> Messages {
    let schema = plain(schema);
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let messages = variants.filter_map(|variant| {
        let kind = variant.pointer("/properties/type/enum/0")?.as_str()?;
        let summary = variant["description"].as_str().unwrap_or_default();
        let mut payload = variant.clone();
        payload["additionalProperties"] = false.into();
        Some((kind.to_owned(), message(kind, summary, payload)))
    });
    messages.collect()
}

fn message(name: &str, summary: &str, payload: Value) -> Value {
    json!({ "name": name, "summary": summary, "payload": payload })
}

fn references(names: &[String], place: &str) -> Map<String, Value> {
    let reference = |name: &String| (name.clone(), json!({ "$ref": format!("#{place}/{name}") }));
    names.iter().map(reference).collect()
}

fn operation(action: &str, channel: &str, names: &[String]) -> Value {
    let place = format!("/channels/{channel}/messages");
    let messages: Vec<_> = references(names, &place).into_values().collect();
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "messages": messages,
        "security": [{ "$ref": "#/components/securitySchemes/token" }],
    })
}

/// A schema as JSON: there is nothing in it that could not be written.
fn plain(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}
