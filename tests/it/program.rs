//! A running program, and whoever is signed in to it over a socket.
//!
//! Nothing waits without a bound, and no process outlives its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// A debug build on a busy machine makes its first fleet within this, and stops within it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const TOKEN: &str = "canary-token-0123456789abcdef0123456789";

pub(crate) const CANARY: &str = "CANARY7f3a";

/// Who runs the service.
const ADMIN: &str = "ada@example.org";

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
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Starts it with more settings.
    pub(crate) fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evara"))
            .args(arguments)
            .env("EVARA_REQUESTS_PER_MINUTE", "60000")
            .env("SECRET_KEY", format!("{CANARY}-{TOKEN}"))
            .env("THINGSPEAK_API_KEY", CANARY)
            .env("THINGSPEAK_URL", NOBODY)
            .env("LOG_LEVEL", "debug")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
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
    pub(crate) async fn terminate(self) -> (Option<i32>, String) {
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

/// Somebody who is signed in.
pub(crate) struct Caller {
    client: Client,
    base: String,
    pub(crate) token: String,
    /// What the session goes on by.
    pub(crate) refresh: String,
}

/// The password of whoever runs the service whose settings these are, which must not run: a new one each
/// time.
pub(crate) fn password(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let create = [
        "create",
        "--email",
        ADMIN,
        "--name",
        "Ada",
        "--role",
        "super_admin",
    ];
    let made = user(&create, arguments, settings);
    let made = made.or_else(|| user(&["reset-password", ADMIN], arguments, settings));
    made.unwrap()
}

fn user(action: &[&str], arguments: &[&str], settings: &[(&str, &str)]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_evara"))
        .arg("user")
        .args(action)
        .args(arguments)
        .env("SECRET_KEY", format!("{CANARY}-{TOKEN}"))
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| told.trim().to_owned())
}

impl Caller {
    /// Who runs the service whose announcement this is, and signed in by `password`.
    pub(crate) async fn of(line: &str, password: &str) -> Self {
        Self::signed_in(line, ADMIN, password).await
    }

    /// By a one-time password, in whose place another one is put the first time.
    pub(crate) async fn signed_in(line: &str, email: &str, password: &str) -> Self {
        const LOGIN: &str = "/api/v1/auth/login";
        let mut caller = Self::stranger(line);
        let own = format!("{password} and more");
        let first = json!({ "email": email, "password": password, "new_password": own });
        let later = json!({ "email": email, "password": own });
        let request = caller.request("POST", LOGIN, &first.to_string());
        let signed_in = match request.send().await.unwrap() {
            // It is their own by now.
            refused if refused.status() == StatusCode::UNAUTHORIZED => {
                sent(caller.request("POST", LOGIN, &later.to_string()), LOGIN).await
            }
            answer => parsed(answer, LOGIN).await,
        };
        caller.token = signed_in["access_token"].as_str().unwrap().to_owned();
        caller.refresh = signed_in["refresh_token"].as_str().unwrap().to_owned();
        caller
    }

    /// Nobody yet.
    pub(crate) fn stranger(line: &str) -> Self {
        let from = line.find("http://").unwrap();
        let base = line[from..].split_whitespace().next().unwrap();
        let client = Client::builder().tls_certs_only([]).no_proxy();
        Self {
            client: client.timeout(PATIENCE).build().unwrap(),
            base: base.to_owned(),
            token: String::new(),
            refresh: String::new(),
        }
    }

    pub(crate) async fn get(&self, path: &str, etag: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        let mut request = request.bearer_auth(&self.token);
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Value {
        let request = self.request(method, path, body).bearer_auth(&self.token);
        sent(request, path).await
    }

    /// What a device is answered, whatever it says: posts with its key in a header, and without the token.
    pub(crate) async fn push(&self, header: (&str, &str), path: &str, body: &str) -> Response {
        let request = self.request("POST", path, body).header(header.0, header.1);
        request.send().await.unwrap()
    }

    /// Posts with one more header; with a device's key instead of the token.
    pub(crate) async fn send_as(&self, header: (&str, &str), path: &str, body: &str) -> Value {
        let request = self.request("POST", path, body).header(header.0, header.1);
        let request = match header.0 {
            "x-device-key" => request,
            _ => request.bearer_auth(&self.token),
        };
        sent(request, path).await
    }

    /// The answer, whatever it says.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        let request = self.request(method, path, body).bearer_auth(&self.token);
        request.send().await.unwrap()
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> RequestBuilder {
        self.client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// Every stored value of a node, by source and metric.
    pub(crate) async fn history(&self, id: &str) -> Vec<String> {
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
    parsed(request.send().await.unwrap(), path).await
}

async fn parsed(answer: Response, path: &str) -> Value {
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}
