//! One who listens and believes nothing: he keeps what he is told, and breaks the test where that goes back, skips
//! something without a word, or comes from before his cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::Value;

/// Many times what anything here takes: a frame that is not there by then is not coming.
const PATIENCE: Duration = Duration::from_secs(40);

/// Longer than any connection lives.
const A_LIFE: Duration = Duration::from_secs(3_600);

/// What a node is known to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) revision: u64,
    pub(super) status: String,
    pub(super) reported: Value,
    pub(super) derived: Value,
}

/// One who listens.
pub(super) struct Client {
    body: Body,
    unread: String,
    /// Of the newest event that had one.
    pub(super) cursor: Option<String>,
    /// By id.
    pub(super) nodes: BTreeMap<String, Known>,
    /// Whether what he knows is whole.
    pub(super) is_current: bool,
    /// What is wrong with what he was told.
    pub(super) complaints: Vec<String>,
    /// When he is to come back.
    pub(super) retry_ms: Option<u64>,
}

impl Client {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            unread: String::new(),
            cursor: None,
            nodes: BTreeMap::new(),
            is_current: false,
            complaints: Vec::new(),
            retry_ms: None,
        }
    }

    /// The same one with what he knows, over another connection.
    pub(super) fn back(self, again: Self) -> Self {
        Self {
            body: again.body,
            unread: again.unread,
            ..self
        }
    }

    /// The next frame; `None` at the end.
    pub(super) async fn frame(&mut self) -> Option<Value> {
        tokio::time::timeout(PATIENCE, self.frame_in_time())
            .await
            .expect("a frame")
    }

    async fn frame_in_time(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(frame) = self.read(&event) {
                    return Some(frame);
                }
                continue;
            }
            let part = self.body.frame().await?.unwrap().into_data().unwrap();
            self.unread.push_str(std::str::from_utf8(&part).unwrap());
        }
    }

    /// As browsers do: the place is taken over also where nothing is said.
    fn read(&mut self, event: &str) -> Option<Value> {
        let mut frame = None;
        for line in event.lines() {
            match line.split_once(": ") {
                _ if line == "id:" => self.cursor = None,
                Some(("id", cursor)) => self.cursor = Some(cursor.to_owned()),
                Some(("data", data)) => frame = Some(serde_json::from_str(data).unwrap()),
                Some(("retry", pause)) => self.retry_ms = Some(pause.parse().unwrap()),
                _ => assert!(line.starts_with(':'), "{line}"),
            }
        }
        frame
    }

    /// The next frame of a type, and what he learns on the way there.
    pub(super) async fn until(&mut self, wanted: &str) -> Value {
        loop {
            let frame = self.frame().await.expect("more to come");
            self.hear(&frame);
            if frame["type"] == wanted {
                return frame;
            }
        }
    }

    /// Listens until he knows how everything is.
    pub(super) async fn until_current(&mut self) {
        while !self.is_current {
            let frame = self.frame().await.expect("more to come");
            self.hear(&frame);
        }
    }

    /// Listens until a node is known to be at a revision.
    pub(super) async fn until_revision(&mut self, node: &str, revision: u64) {
        while self
            .nodes
            .get(node)
            .is_none_or(|known| known.revision < revision)
        {
            let frame = self.frame().await.expect("more to come");
            self.hear(&frame);
        }
    }

    /// Waits for the end, until which nothing is told.
    pub(super) async fn silent_until_the_end(&mut self) {
        let end = tokio::time::timeout(A_LIFE, self.frame_in_time()).await;
        assert_eq!(end.expect("an end"), None);
    }

    /// Takes a frame in.
    pub(super) fn hear(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "subscribed" => self.is_current = frame["cursor"].is_string(),
            "resync" => self.is_current = false,
            "snapshot" => self.hear_snapshot(frame),
            "event" => self.hear_event(frame),
            "batch" => {
                for event in frame["updates"].as_array().unwrap() {
                    self.hear_event(event);
                }
            }
            "hello" | "lag" | "error" => {}
            other => panic!("{other}"),
        }
    }

    fn hear_snapshot(&mut self, frame: &Value) {
        if frame["part"] == 0 {
            self.nodes.clear();
        }
        for node in frame["nodes"].as_array().unwrap() {
            let (id, known) = known(node);
            if self.nodes.insert(id.clone(), known).is_some() {
                self.complaints.push(format!("{id} is there twice"));
            }
        }
        let is_last = frame["more"] == false;
        assert_eq!(frame["cursor"].is_string(), is_last, "{frame}");
        self.is_current = is_last;
    }

    fn hear_event(&mut self, event: &Value) {
        let id = event["node_id"].as_str().unwrap().to_owned();
        let previous = event["previous_revision"].as_u64().unwrap();
        let before = self.nodes.get(&id).map_or(0, |known| known.revision);
        if previous != before {
            self.complaints
                .push(format!("{id} skips from {before} to {previous}"));
        }
        if event["event"] == "NODE_REMOVED" {
            self.nodes.remove(&id);
            return;
        }
        let (id, known) = known(event);
        if known.revision <= before {
            self.complaints
                .push(format!("{id} goes from {before} to {}", known.revision));
        }
        self.nodes.insert(id, known);
    }
}

pub(super) fn known(node: &Value) -> (String, Known) {
    let known = Known {
        revision: node["revision"].as_u64().unwrap(),
        status: node["status"].as_str().unwrap().to_owned(),
        reported: node["reported"].clone(),
        derived: node["derived"].clone(),
    };
    (node["node_id"].as_str().unwrap().to_owned(), known)
}
