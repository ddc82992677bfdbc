//! The program itself, as people start and stop it: a real process, real sockets, a real disk.
//!
//! The only tests in real time. Nothing waits without a bound.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::harness::Scratch;

/// A debug build on a busy machine makes its first fleet within this, and stops within it.
const PATIENCE: Duration = Duration::from_secs(60);

const TOKEN: &str = "canary-token-0123456789abcdef0123456789";

const CANARY: &str = "CANARY7f3a";

/// Nothing listens there, so that every poll fails and is told of.
const NOBODY: &str = "http://127.0.0.1:1";

/// A running program, ended with the test at the latest.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    talk: Option<JoinHandle<String>>,
    told: Vec<String>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Starts it with more settings.
    pub(crate) fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evara"))
            .args(arguments)
            .env("EVARA_TOKEN", TOKEN)
            .env("SECRET_KEY", format!("{CANARY}-{TOKEN}"))
            .env("THINGSPEAK_API_KEY", CANARY)
            .env("THINGSPEAK_URL", NOBODY)
            .env("LOG_LEVEL", "debug")
            .env("EVARA_REQUESTS_PER_MINUTE", "60000")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut lines = stdout.lines().map_while(Result::ok);
            let _unheard = lines.try_for_each(|line| sender.send(line));
        });
        let mut stderr = child.stderr.take().unwrap();
        let talk = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            child,
            lines,
            talk: Some(talk),
            told: Vec::new(),
        }
    }

    /// Waits for a line on stdout that has `word` in it.
    pub(crate) fn line_with(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            self.told.push(line.clone());
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Asks it to end as platforms do, and answers with its exit code and all that it told.
    async fn terminate(self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        self.ended().await
    }

    /// Waits for its end, and answers with its exit code and all that it told.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let status = tokio::time::timeout(PATIENCE, ended).await.unwrap();
        let mut told = self.talk.take().unwrap().join().unwrap();
        told.extend(self.told.drain(..));
        told.extend(self.lines.try_iter());
        (status.code(), told)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A caller who bears the token.
pub(crate) struct Caller {
    client: Client,
    base: String,
}

impl Caller {
    /// Of the service whose announcement this is.
    pub(crate) fn of(line: &str) -> Self {
        let from = line.find("http://").unwrap();
        let base = line[from..].split_whitespace().next().unwrap();
        let client = Client::builder().tls_certs_only([]).no_proxy();
        Self {
            client: client.timeout(PATIENCE).build().unwrap(),
            base: base.to_owned(),
        }
    }

    async fn get(&self, path: &str, etag: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        let mut request = request.bearer_auth(TOKEN);
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        request.send().await.unwrap()
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &str) -> Value {
        let request = self.request(method, path, body).bearer_auth(TOKEN);
        sent(request, path).await
    }

    /// What a device is answered, whatever it says: posts with its key in a header, and without the token.
    pub(super) async fn push(&self, header: (&str, &str), path: &str, body: &str) -> Response {
        let request = self.request("POST", path, body).header(header.0, header.1);
        request.send().await.unwrap()
    }

    /// Posts with one more header; with a device's key instead of the token.
    pub(super) async fn send_as(&self, header: (&str, &str), path: &str, body: &str) -> Value {
        let request = self.request("POST", path, body).header(header.0, header.1);
        let request = match header.0 {
            "x-device-key" => request,
            _ => request.bearer_auth(TOKEN),
        };
        sent(request, path).await
    }

    /// The answer, whatever it says.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        let request = self.request(method, path, body).bearer_auth(TOKEN);
        request.send().await.unwrap()
    }

    fn request(&self, method: &str, path: &str, body: &str) -> RequestBuilder {
        self.client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// Every stored value of a node, by source and metric.
    pub(super) async fn history(&self, id: &str) -> Vec<String> {
        let base = format!("/api/v1/nodes/{id}/telemetry?limit=200&from=2020-01-01T00:00:00Z");
        let (mut sources, mut path) = (Vec::new(), base.clone());
        loop {
            let page = self.json(&path).await;
            for item in page["items"].as_array().unwrap() {
                let (source, metric) = (&item["source"], &item["metric"]);
                sources.push(format!("{source} {metric}"));
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("{base}&cursor={cursor}"),
                None => return sources,
            }
        }
    }
}

async fn sent(request: RequestBuilder, path: &str) -> Value {
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// Asks again until it is so.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, asking).await;
    assert!(answered.is_ok(), "not in time: {what}");
}

async fn start_demo(data: &str) -> (Program, Caller) {
    let arguments = [
        "demo", "--port", "0", "--nodes", "6", "--speed", "20", "--data", data,
    ];
    let mut program = Program::start(&arguments);
    let line = program.line_with("http://");
    let caller = Caller::of(&line);
    eventually("every node is heard of", async || {
        let stats = caller.json("/api/v1/dashboard/stats").await;
        stats["provisioning_nodes"] == 0 && stats["total_nodes"] == 6
    })
    .await;
    (program, caller)
}

async fn ids(caller: &Caller) -> Vec<String> {
    let nodes = caller.json("/api/v1/nodes").await;
    let items = nodes["items"].as_array().unwrap();
    let mut ids: Vec<_> = items
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_demonstration_answers_ends_in_order_and_goes_on_where_it_stood() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_demo(&data).await;
    assert_eq!(caller.get("/health", None).await.status(), StatusCode::OK);
    let api = caller.json("/api/openapi.json").await;
    assert!(api["paths"].as_object().unwrap().len() > 10);
    let before = ids(&caller).await;
    assert_eq!(before.len(), 6);
    let path = format!("/api/v1/nodes/{}/twin", before[0]);
    // The twin may move on between two requests.
    eventually("a twin that did not change is not sent again", async || {
        let twin = caller.get(&path, None).await;
        let etag = twin.headers()["etag"].to_str().unwrap().to_owned();
        caller.get(&path, Some(&etag)).await.status() == StatusCode::NOT_MODIFIED
    })
    .await;
    // A twin is seen before its readings are committed.
    eventually("readings are kept", async || {
        !caller.history(&before[0]).await.is_empty()
    })
    .await;
    let history = caller.history(&before[0]).await;
    let (code, told) = program.terminate().await;
    assert_eq!(code, Some(0), "{told}");

    let (program, caller) = start_demo(&data).await;
    assert_eq!(ids(&caller).await, before);
    let after = caller.history(&before[0]).await;
    assert!(after.len() >= history.len());
    assert!(history.iter().all(|source| after.contains(source)));
    let mut once = after.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), after.len(), "an entry is there twice");
    let (code, told) = program.terminate().await;
    assert_eq!(code, Some(0), "{told}");
}

pub(super) async fn start_service(data: &str) -> (Program, Caller) {
    let mut program = Program::start(&["serve", "--bind", "127.0.0.1:0", "--data", data]);
    let line = program.line_with("http://");
    (program, Caller::of(&line))
}

pub(crate) const NODE: &str =
    r#"{"node_key":"oht-1","label":"A tank","kind":"generic","category":"OHT"}"#;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_process_was_killed() {
    let scratch = Scratch::new();
    let data = scratch.place(0).display().to_string();
    let (program, caller) = start_service(&data).await;
    let made = caller.send("POST", "/api/v1/nodes", NODE).await;
    drop(program);
    let (_program, caller) = start_service(&data).await;
    assert_eq!(ids(&caller).await, [made["id"].as_str().unwrap()]);
    let twin = caller.json("/api/v1/nodes/key:oht-1/twin").await;
    assert_eq!(twin["status"]["state"], "provisioning");
}

#[tokio::test]
async fn no_secret_is_told_or_kept_in_the_clear() {
    let scratch = Scratch::new();
    let data = scratch.place(0);
    let (program, caller) = start_service(&data.display().to_string()).await;
    let made = caller.send("POST", "/api/v1/nodes", NODE).await;
    let id = made["id"].as_str().unwrap();
    let binding = format!(
        r#"{{"channel_id":7,"read_api_key":"{CANARY}","field_map":{{"field1":{{"metric":"level_cm"}}}}}}"#
    );
    let channel = format!("/api/v1/devices/{id}/channel");
    let mut bodies = caller.send("PUT", &channel, &binding).await.to_string();
    eventually("the channel was asked in vain", async || {
        let pollers = caller.json("/api/v1/admin/pollers").await;
        bodies += &pollers.to_string();
        bodies.contains("unreachable") || pollers["items"][0]["last_error"].is_string()
    })
    .await;
    let twin = format!("/api/v1/nodes/{id}/twin");
    for path in [&twin, &channel, "/health", "/api/v1/nodes", "/api/v1/none"] {
        bodies += &caller.get(path, None).await.text().await.unwrap();
    }
    let (code, told) = program.terminate().await;
    assert_eq!(code, Some(0), "{told}");
    for secret in [CANARY, TOKEN] {
        assert!(!bodies.contains(secret), "{bodies}");
        assert!(!told.contains(secret), "{told}");
        for file in std::fs::read_dir(&data).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let mut windows = bytes.windows(secret.len());
            assert!(!windows.any(|window| window == secret.as_bytes()));
        }
    }
}

fn check_config(settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_evara"))
        .args(["config", "check"])
        .env_remove("EVARA_TOKEN")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8(told).unwrap();
    (output.status.code(), told)
}

#[test]
fn a_wrong_configuration_is_told_whole_and_without_its_values() {
    let secret_url = format!("http://me:{CANARY}@api.thingspeak.com");
    let (code, told) = check_config(&[
        ("EVARA_BIND", "everywhere"),
        ("THINGSPEAK_RATE_LIMIT", "lots"),
        ("THINGSPEAK_URL", &secret_url),
        ("SECRET_KEY", CANARY),
        ("LOG_LEVEL", "loud"),
    ]);
    assert_eq!(code, Some(78), "{told}");
    for key in [
        "EVARA_BIND",
        "THINGSPEAK_RATE_LIMIT",
        "THINGSPEAK_URL",
        "SECRET_KEY",
        "LOG_LEVEL",
    ] {
        assert!(told.contains(key), "{key} is not named:\n{told}");
    }
    assert!(!told.contains(CANARY), "{told}");
}

#[test]
fn a_right_configuration_is_told_with_its_secrets_masked() {
    let secret = format!("{CANARY}-0123456789abcdef0123456789abcdef");
    let settings = [
        ("SECRET_KEY", secret.as_str()),
        ("EVARA_TOKEN", secret.as_str()),
    ];
    let (code, told) = check_config(&settings);
    assert_eq!(code, Some(0), "{told}");
    let output = Command::new(env!("CARGO_BIN_EXE_evara"))
        .args(["config", "print"])
        .envs(settings)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && printed.contains("secret_key"),
        "{printed}"
    );
    assert!(!printed.contains(CANARY) && !told.contains(CANARY));
}
