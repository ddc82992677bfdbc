//! Changing the SECRET_KEY as people do: two starts, and a command beside the running service.

use std::process::Command;

use super::binary::NODE;
use super::harness::Scratch;
use super::program::{Caller, Program, password};

const OLD: &str = "CANARYold-0123456789abcdef0123456789abcdef";
const NEW: &str = "CANARYnew-0123456789abcdef0123456789abcdef";

type Settings = &'static [(&'static str, &'static str)];

const BEFORE: Settings = &[("SECRET_KEY", OLD)];
const MEANWHILE: Settings = &[("SECRET_KEY", NEW), ("SECRET_KEY_OLD", OLD)];
const AFTER: Settings = &[("SECRET_KEY", NEW)];

async fn served(data: &str, settings: Settings) -> (Program, String) {
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--data", data];
    let mut program = Program::start_with(&arguments, settings);
    let line = program.line_with("http://");
    (program, line)
}

async fn refused(data: &str, settings: Settings) -> String {
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--data", data];
    let (code, told) = Program::start_with(&arguments, settings).ended().await;
    assert_eq!(code, Some(1), "{told}");
    told
}

/// Whether it was done, and what was told.
fn rotate(data: &str, settings: Settings) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_evara"))
        .args(["secrets", "rotate", "--data", data])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!told.contains("CANARY"), "{told}");
    (output.status.success(), told)
}

async fn has_read_key(caller: &Caller) -> bool {
    let channel = caller.json("/api/v1/devices/key:oht-1/channel").await;
    channel["has_read_api_key"] == true
}

#[tokio::test]
async fn the_secret_key_is_changed_while_the_service_runs() {
    let scratch = Scratch::new();
    let data = &scratch.place(0).display().to_string();
    let password = password(&["--data", data], BEFORE);
    let (program, line) = served(data, BEFORE).await;
    let before = Caller::of(&line, &password).await;
    before.send("POST", "/api/v1/nodes", NODE).await;
    let binding = r#"{"channel_id":7,"read_api_key":"SECRETREADKEY123","field_map":{"field1":{"metric":"level_cm"}}}"#;
    let channel = "/api/v1/devices/key:oht-1/channel";
    before.send("PUT", channel, binding).await;
    let (done, told) = rotate(data, MEANWHILE);
    assert!(!done && told.contains("no service"), "{told}");
    program.terminate().await;

    let (program, line) = served(data, MEANWHILE).await;
    let mut outdated = Caller::stranger(&line);
    outdated.token.clone_from(&before.token);
    let stranger = outdated.get(channel, None).await;
    assert_eq!(stranger.status(), 401, "a token of the old key");
    // What a session goes on by is of no key.
    let refresh = serde_json::json!({ "refresh_token": before.refresh }).to_string();
    let renewed = outdated
        .send("POST", "/api/v1/auth/refresh", &refresh)
        .await;
    outdated.token = renewed["access_token"].as_str().unwrap().to_owned();
    assert!(has_read_key(&outdated).await);
    let told = rotate(data, MEANWHILE);
    assert!(told.0 && told.1.contains("keys of channels: 1"), "{told:?}");
    let again = rotate(data, MEANWHILE);
    assert!(again.0 && again.1.contains("0 sealed anew"), "{again:?}");
    let meanwhile = Caller::of(&line, &password).await;
    program.terminate().await;

    let told = refused(data, BEFORE).await;
    assert!(told.contains("another SECRET_KEY"), "{told}");
    let (program, line) = served(data, AFTER).await;
    let mut after = Caller::stranger(&line);
    after.token.clone_from(&meanwhile.token);
    assert!(has_read_key(&after).await);
    after.token.clone_from(&before.token);
    let stranger = after.get(channel, None).await;
    assert_eq!(stranger.status(), 401, "a token of the key that is gone");
    program.terminate().await;
}
