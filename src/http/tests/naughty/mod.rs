//! Texts that have broken something somewhere, in every field of every route: each is kept to the byte, or
//! refused by name.

mod fields;

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::people::Inhabited;
use super::scene::{Reply, request};
use crate::naughty::{HALVES, texts};
use fields::{Fate, NODES, PEOPLE, Row, TENANTS};

/// What there is to write to, and who may.
struct Place {
    scene: Inhabited,
    token: String,
    ids: Vec<(&'static str, String)>,
    count: u32,
}

impl Place {
    async fn new() -> Self {
        let scene = Inhabited::new().await;
        let root = scene.root().await;
        let email = root.account.email.as_str().to_owned();
        let mut place = Self {
            token: scene.token(&root).await,
            scene,
            ids: vec![("{email}", email)],
            count: 0,
        };
        for (name, path, body) in [
            ("{distributor}", "/admin/distributors", r#"{"name":"d"}"#),
            (
                "{community}",
                "/admin/communities",
                r#"{"name":"c","distributor_id":"{distributor}"}"#,
            ),
            (
                "{customer}",
                "/admin/customers",
                r#"{"name":"k","community_id":"{community}"}"#,
            ),
            ("{plan}", "/admin/plans", r#"{"name":"p"}"#),
            (
                "{user}",
                "/admin/users",
                r#"{"email":"u@example.org","name":"u","role":"operator","community_id":"{community}"}"#,
            ),
        ] {
            let id = place.made(path, body).await;
            place.ids.push((name, id));
        }
        place
    }

    /// The id of what is made.
    async fn made(&mut self, path: &str, body: &str) -> String {
        let reply = self.ask(&Method::POST, path, body).await;
        assert_eq!(
            reply.status,
            StatusCode::CREATED,
            "{path}: {}",
            reply.json()
        );
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    fn filled(&mut self, template: &str) -> String {
        self.count += 1;
        let named = |text: String, (name, id): &(&str, String)| text.replace(name, id);
        let filled = self.ids.iter().fold(template.to_owned(), named);
        filled.replace('#', &self.count.to_string())
    }

    async fn ask(&mut self, method: &Method, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        self.ask_as(&bearer, method, path, body).await
    }

    async fn ask_as(&mut self, who: &str, method: &Method, path: &str, body: &str) -> Reply {
        let (path, body) = (self.filled(path), self.filled(body));
        let mut request = request(method.clone(), &format!("/api/v1{path}"), &body);
        request
            .headers_mut()
            .insert("authorization", who.parse().unwrap());
        self.scene.send(request).await
    }

    /// How a route answers a text that is written like this in JSON, in a body of its own.
    async fn write(&mut self, (method, path, body, ..): &Row, text: &str) -> Reply {
        if path.contains("{node}") || body.contains("{node}") || path.starts_with("/device/") {
            const NODE: &str = r#"{"node_key":"own-#","label":"x","kind":"tank","category":"OHT"}"#;
            let node = self.made("/nodes", NODE).await;
            self.ids.retain(|(name, _)| *name != "{node}");
            self.ids.push(("{node}", node));
        }
        // What is in the text is nobody's name.
        let body = self.filled(body).replace('§', text);
        let path = self.filled(path);
        let who = self.credentials(&path).await;
        let mut request = request(method.clone(), &format!("/api/v1{path}"), &body);
        request
            .headers_mut()
            .insert("authorization", who.parse().unwrap());
        self.scene.send(request).await
    }

    async fn credentials(&mut self, path: &str) -> String {
        if !path.starts_with("/device/") {
            return format!("Bearer {}", self.token);
        }
        let made = self.ask(&Method::POST, "/devices/{node}/keys", "{}").await;
        format!("Device {}", made.json()["key"].as_str().unwrap())
    }

    /// Whether a text is shown as it was written.
    async fn is_kept(&mut self, fate: Fate, written: &Reply, text: &str) -> bool {
        let Fate::Shown(path, pointer) = fate else {
            return true;
        };
        let location = written.header("location").strip_prefix("/api/v1");
        let path = if path.is_empty() {
            location.unwrap()
        } else {
            path
        };
        let shown = self.ask(&Method::GET, path, "").await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        shows(&shown.json(), pointer, text)
    }

    /// What is wrong with what became of each text in one field; and how many were kept.
    async fn write_all(&mut self, row: &Row) -> (Vec<String>, usize) {
        let (mut wrong, mut kept) = (Vec::new(), 0);
        for text in texts() {
            let reply = self.write(row, &json!(text).to_string()).await;
            let is_right = if reply.status.is_success() {
                kept += 1;
                self.is_kept(row.4, &reply, &text).await
            } else {
                is_refused(row, &reply)
            };
            if !is_right {
                wrong.push(told(row, &text, &reply));
            }
        }
        for half in HALVES {
            let reply = self.write(row, &format!(r#""{half}""#)).await;
            if reply.problem()["status"] != 400 {
                wrong.push(told(row, half, &reply));
            }
        }
        (wrong, kept)
    }
}

/// Each field in a place of its own, so that no text is in the way of another field's.
async fn write_everywhere(rows: &[Row]) {
    let (mut wrong, mut kept) = (Vec::new(), 0);
    for row in rows {
        let (more, also) = Place::new().await.write_all(row).await;
        wrong.extend(more);
        kept += also;
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(kept > texts().len(), "{kept}");
}

fn told((method, path, _, pointer, _): &Row, text: &str, reply: &Reply) -> String {
    let body = String::from_utf8_lossy(&reply.bytes);
    let [text, body]: [String; 2] =
        [(text, 40), (&*body, 300)].map(|(it, most)| it.chars().take(most).collect());
    format!(
        "{method} {path} {pointer} {text:?}: {} {body}",
        reply.status
    )
}

/// Whether what stands at `pointer` is `text`; a star is any of what is there, or its name.
fn shows(json: &Value, pointer: &str, text: &str) -> bool {
    let Some((before, after)) = pointer.split_once("/*") else {
        return json.pointer(pointer).is_some_and(|it| it == text);
    };
    match json.pointer(before) {
        Some(Value::Array(items)) => items.iter().any(|item| shows(item, after, text)),
        Some(Value::Object(fields)) => fields.contains_key(text),
        _ => false,
    }
}

/// Whether a text was refused as it should be: by the name of its field, unless it is a secret, or a name, that
/// is not right.
fn is_refused((_, path, _, pointer, fate): &Row, reply: &Reply) -> bool {
    let names = |reply: &Reply| {
        let errors = reply.json()["errors"].clone();
        let errors = errors.as_array().cloned().unwrap_or_default();
        errors.iter().any(|error| error["pointer"] == *pointer)
    };
    match (reply.status.as_u16(), fate) {
        (422, _) => names(reply) || path.starts_with("/auth/"),
        // What is read as something else has a type.
        (400, Fate::Used) => names(reply),
        (401 | 404 | 409 | 429, Fate::Used) => path.starts_with("/auth/"),
        _ => false,
    }
}

#[tokio::test]
async fn whatever_is_written_of_nodes_is_kept_to_the_byte_or_refused_by_name() {
    write_everywhere(NODES).await;
}

#[tokio::test]
async fn whatever_is_written_of_tenants_is_kept_to_the_byte_or_refused_by_name() {
    write_everywhere(TENANTS).await;
}

#[tokio::test]
async fn whatever_is_written_of_people_is_kept_to_the_byte_or_refused_by_name() {
    write_everywhere(PEOPLE).await;
}

/// The fields that a schema takes texts in, by pointers in which a star is any name or place.
fn written(api: &Value, schema: &Value, pointer: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        return written(api, api.pointer(&name[1..]).unwrap(), pointer, found);
    }
    for variants in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[variants].as_array().into_iter().flatten() {
            written(api, schema, pointer, found);
        }
    }
    let is_text = schema["type"] == "string"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("string")));
    let is_free = !["uuid", "date-time"]
        .iter()
        .any(|format| schema["format"] == *format);
    if is_text && is_free && schema["enum"].is_null() && schema["const"].is_null() {
        found.insert(pointer.to_owned());
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        written(api, schema, &format!("{pointer}/{name}"), found);
    }
    for within in ["items", "additionalProperties"] {
        if schema[within].is_object() {
            written(api, &schema[within], &format!("{pointer}/*"), found);
        }
    }
}

/// The pointer to where a body has its text, with stars as in [`written`].
fn place_of(body: &Value, pointer: &str) -> Option<String> {
    match body {
        Value::String(text) => (text == "§").then(|| pointer.to_owned()),
        Value::Array(items) => {
            let mut within = items
                .iter()
                .map(|item| place_of(item, &format!("{pointer}/*")));
            within.find_map(|found| found)
        }
        Value::Object(fields) => {
            let is_map = pointer.ends_with("/tags") || pointer.ends_with("/field_map");
            fields.iter().find_map(|(name, value)| {
                let name = if is_map || name == "§" { "*" } else { name };
                place_of(value, &format!("{pointer}/{name}"))
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[tokio::test]
async fn every_text_that_the_api_takes_has_a_row() {
    let api = Place::new()
        .await
        .scene
        .get("/api/openapi.json")
        .await
        .json();
    let mut described = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else {
            continue;
        };
        for method in ["post", "put", "patch"] {
            let content = item[method]["requestBody"]["content"].as_object();
            for kind in content.into_iter().flat_map(|content| content.values()) {
                let mut found = BTreeSet::new();
                written(&api, &kind["schema"], "", &mut found);
                described.extend(
                    found
                        .into_iter()
                        .map(|field| format!("{method} {path} {field}")),
                );
            }
        }
    }
    let rows = [NODES, TENANTS, PEOPLE].concat();
    let row = |(method, path, body, ..): &Row| {
        let body: Value = serde_json::from_str(&body.replace('§', r#""§""#)).unwrap();
        let mut path = path.to_string();
        for name in [
            "node",
            "distributor",
            "community",
            "customer",
            "plan",
            "user",
        ] {
            path = path.replace(&format!("{{{name}}}"), "{id}");
        }
        let field = place_of(&body, "")?;
        Some(format!("{} {path} {field}", method.as_str().to_lowercase()))
    };
    let tried: BTreeSet<_> = rows.iter().filter_map(row).collect();
    let untried: Vec<_> = described.difference(&tried).collect();
    assert!(described.len() > 25, "{described:?}");
    assert!(untried.is_empty(), "{untried:#?}");
}
