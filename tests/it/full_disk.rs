//! The disk of the embedded database is full; then there is room.

use std::time::Duration;

use evara_actors::domain::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::binary::{Caller, NODE, start_service};
use super::small_disk::SmallDisk;

/// An empty database with its log takes a tenth of it.
const MEBIBYTES: u32 = 16;

/// Readings in a request: some pages.
const AT_ONCE: u64 = 500;

/// What is free in pages that were begun is less than this many requests take.
const MOST_REQUESTS: u64 = 100;

/// A sender is put off by then, and acknowledged once there is room.
const PATIENCE: Duration = Duration::from_secs(6);

/// Readings `0..` of a device, by the request that they are in.
struct Device<'a> {
    caller: &'a Caller,
    key: String,
    begun: Timestamp,
}

impl Device<'_> {
    /// Sends request number `request`, and tells whether it was acknowledged; or was told to come again.
    async fn push(&self, request: u64) -> bool {
        let reading = |number: u64| {
            let at = self.begun.minus(Duration::from_millis(number)).to_string();
            json!({ "metric": "level_cm", "value": number, "at": at })
        };
        let numbers = request * AT_ONCE..(request + 1) * AT_ONCE;
        let body = json!({ "readings": numbers.map(reading).collect::<Vec<_>>() });
        let header = ("x-device-key", &*self.key);
        let path = "/api/v1/device/readings";
        let asked = Instant::now();
        let answer = self.caller.push(header, path, &body.to_string()).await;
        assert!(asked.elapsed() < PATIENCE, "{:?}", asked.elapsed());
        let (status, may_come_back) = (
            answer.status(),
            answer.headers().contains_key("retry-after"),
        );
        let told: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        if status == StatusCode::OK {
            assert_eq!(told["accepted"], AT_ONCE, "{told}");
            return true;
        }
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{told}");
        assert!(may_come_back && told["accepted"].is_null(), "{told}");
        false
    }

    /// Sends requests until one is put off, and tells its number.
    async fn push_until_put_off(&self) -> u64 {
        for request in 0..MOST_REQUESTS {
            if !self.push(request).await {
                return request;
            }
        }
        panic!("the disk is never full");
    }

    async fn push_until_taken(&self, request: u64) {
        let begun = Instant::now();
        while !self.push(request).await {
            assert!(begun.elapsed() < PATIENCE, "nothing is taken");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test]
async fn a_service_whose_disk_is_full_goes_on_and_takes_readings_as_soon_as_there_is_room() {
    let Some(disk) = SmallDisk::mounted(MEBIBYTES) else {
        return;
    };
    let data = disk.path().join("data").display().to_string();
    let (program, caller) = start_service(&data).await;
    let made = caller.send("POST", "/api/v1/nodes", NODE).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let keys = format!("/api/v1/devices/{id}/keys");
    let key = caller.send("POST", &keys, "{}").await["key"].clone();
    let device = Device {
        caller: &caller,
        key: key.as_str().unwrap().to_owned(),
        begun: made["created_at"].as_str().unwrap().parse().unwrap(),
    };
    disk.fill();
    let full = device.push_until_put_off().await;
    let health = caller.json("/api/v1/health").await;
    let reason = &health["dependencies"]["archive_failing"]["reason"];
    assert_eq!(reason, "the disk of the database is full", "{health}");
    let twin = caller.json(&format!("/api/v1/nodes/{id}/twin")).await;
    assert!(twin["reported"]["level_cm"]["value"].is_number(), "{twin}");
    assert!(!device.push(full + 1).await, "there is no room");

    disk.clear();
    device.push_until_taken(full + 2).await;
    for put_off in [full, full + 1] {
        device.push_until_taken(put_off).await;
    }
    assert_eq!(caller.json("/api/v1/health").await["status"], "ok");
    drop(program);
    let (_program, caller) = start_service(&data).await;
    let kept = caller.history(&id).await.len() as u64;
    assert_eq!(kept, (full + 3) * AT_ONCE);
}
