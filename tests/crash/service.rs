//! One life of the program, from its start to its end, and what is asked of it meanwhile.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::evidence::{SECRET_KEY, Store};

/// Who runs the service.
const ADMIN: &str = "ada@example.org";

/// A third of what a token lives.
const SIGN_IN_EVERY: Duration = Duration::from_secs(5 * 60);

/// A debug build on a busy machine is up within this, and a failpoint is reached within it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A request is given up later than by the service, which takes six seconds at the most.
const REQUEST: Duration = Duration::from_secs(10);

/// Between two looks at whether it is ready: what recovery is measured by.
const LOOK: Duration = Duration::from_millis(2);

/// How the service is reached, in all its lives.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    client: Client,
    base: String,
    password: String,
    token: Arc<Mutex<Option<(String, Instant)>>>,
}

/// No answer came, or one that leaves open what became of the request.
#[derive(Debug)]
pub(crate) struct Unknown;

impl Caller {
    /// Of a service over `store` that will listen on `port`.
    pub(crate) fn of(store: &Store, port: u16) -> Self {
        let client = Client::builder().tls_certs_only([]).no_proxy();
        Self {
            client: client.timeout(REQUEST).build().unwrap(),
            base: format!("http://127.0.0.1:{port}"),
            password: password(store),
            token: Arc::default(),
        }
    }

    fn token(&self) -> Option<(String, Instant)> {
        self.token.lock().unwrap().clone()
    }

    /// Signs in, where the token is not a new one: what was signed before outlives the service.
    async fn sign_in(&self) {
        if self
            .token()
            .is_some_and(|(_, at)| at.elapsed() < SIGN_IN_EVERY)
        {
            return;
        }
        // Whether the one-time password was changed is not known where the service died meanwhile.
        let own = format!("{} and more", self.password);
        for body in [
            serde_json::json!({ "email": ADMIN, "password": own }),
            serde_json::json!({ "email": ADMIN, "password": self.password, "new_password": own }),
        ] {
            if let Some(signed_in) = self.log_in(&body).await {
                let token = signed_in["access_token"].as_str().unwrap().to_owned();
                *self.token.lock().unwrap() = Some((token, Instant::now()));
                return;
            }
        }
    }

    async fn log_in(&self, body: &Value) -> Option<Value> {
        let login = self
            .client
            .post(format!("{}/api/v1/auth/login", self.base))
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = login.send().await.ok()?;
        let answer = answer.error_for_status().ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    /// Asks for something, and answers with what came back of it.
    ///
    /// # Panics
    /// When the service says that the request is wrong: it is not.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Unknown> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, url);
        if let Some((token, _)) = self.token() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            let bytes = serde_json::to_vec(body).unwrap();
            request = request
                .header("content-type", "application/json")
                .body(bytes);
        }
        let answer = request.send().await.map_err(|_| Unknown)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|_| Unknown)?;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Unknown);
        }
        let text = String::from_utf8_lossy(&bytes);
        assert!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// What is to be read there, from a service that is up.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        answer.unwrap_or_else(|Unknown| panic!("no answer to {path}"))
    }
}

/// Makes somebody who runs the service over `store`, which must not run, and says their password.
fn password(store: &Store) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evara"));
    let create = ["user", "create", "--email", ADMIN, "--name", "Ada"];
    command.args(create).args(["--role", "super_admin"]);
    store.configure(&mut command);
    let output = command.env("SECRET_KEY", SECRET_KEY).output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{talk}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A process that runs, or has died.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    started: Instant,
}

impl Service {
    /// Starts it; it is not ready yet.
    pub(crate) fn start(store: &Store, port: u16, feed: &str, failpoints: &[String]) -> Self {
        let log = store.data().with_extension("log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evara"));
        command.args(["serve", "--bind", &format!("127.0.0.1:{port}")]);
        store.configure(&mut command);
        for failpoint in failpoints {
            command.args(["--failpoint", failpoint]);
        }
        command
            .env("SECRET_KEY", SECRET_KEY)
            .env("THINGSPEAK_URL", feed)
            .env("THINGSPEAK_RATE_LIMIT", "600")
            .env("LOG_LEVEL", "warn")
            // One person writes as fast as the store takes it.
            .env("EVARA_REQUESTS_PER_MINUTE", "6000000")
            .env("EVARA_DEVICE_REQUESTS_PER_MINUTE", "6000000")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Self {
            child: command.spawn().unwrap(),
            started: Instant::now(),
        }
    }

    /// Waits until it wants requests, and says how long that took; `None` where it has died before.
    pub(crate) async fn ready(&mut self, caller: &Caller) -> Option<Duration> {
        let asking = async {
            loop {
                if self.child.try_wait().unwrap().is_some() {
                    return None;
                }
                let url = format!("{}/health/ready", caller.base);
                let answer = caller.client.get(url).send().await;
                if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                    let took = self.started.elapsed();
                    caller.sign_in().await;
                    return Some(took);
                }
                sleep(LOOK).await;
            }
        };
        let asked = timeout(PATIENCE, asking).await;
        asked.expect("the service is ready in time")
    }

    /// How long it has been running.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Kills it by SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().unwrap();
        self.ended().await.expect("what is killed ends in time");
    }

    /// Waits until it has died by itself; false where it has not, in time.
    pub(crate) async fn dies(&mut self) -> bool {
        self.ended().await.is_some()
    }

    /// Ends it as platforms do, and answers with its exit code.
    pub(crate) async fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status();
        assert!(kill.unwrap().success());
        self.ended().await.expect("it ends in time").code()
    }

    async fn ended(&mut self) -> Option<ExitStatus> {
        let ending = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(LOOK).await;
            }
        };
        timeout(PATIENCE, ending).await.ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The end of what the services of a store have said.
pub(crate) fn last_words(data: &Path) -> String {
    let told = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    let lines: Vec<_> = told.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
