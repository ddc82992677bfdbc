//! The program itself, as people start and stop it: a real process, real sockets, a real disk.
//!
//! The only tests in real time. Nothing waits without a bound.

use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;

use super::harness::Scratch;
use super::program::{CANARY, PATIENCE, TOKEN};
pub(crate) use super::program::{Caller, Program, password};

/// Asks again until it is so.
pub(super) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, asking).await;
    assert!(answered.is_ok(), "not in time: {what}");
}

pub(super) async fn start_demo(data: &str) -> (Program, Caller) {
    let arguments = [
        "demo", "--port", "0", "--nodes", "6", "--speed", "20", "--data", data,
    ];
    let mut program = Program::start(&arguments);
    let line = program.line_with("http://");
    let admin = program.line_with("super_admin ");
    let mut words = admin.split_whitespace().skip(1);
    let (email, password) = (words.next().unwrap(), words.next().unwrap());
    let caller = Caller::signed_in(&line, email, password).await;
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
    let password = password(&["--data", data], &[]);
    let mut program = Program::start(&["serve", "--bind", "127.0.0.1:0", "--data", data]);
    let line = program.line_with("http://");
    let caller = Caller::of(&line, &password).await;
    (program, caller)
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
    for secret in [CANARY, TOKEN, &caller.token] {
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
        ("THINGSPEAK_API_KEY", CANARY),
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
