//! The way in of devices: `POST /nodes/{id}/readings`, with a key of the node, over a socket.
//!
//! A reading is its number: that is its value, and says whose it is and when it was measured, so that it
//! can be sent again as it was.

use std::sync::atomic::Ordering;
use std::time::Duration;

use evara_actors::domain::Timestamp;
use evara_actors::twin::TwinHandle;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::site::{BACK_WITHIN, LOOK, PATIENCE, Reply, Site, answer};

/// A device of a node, which knows one key of it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) twin: TwinHandle,
    key: String,
}

/// What became of a reading that was pushed.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) number: u64,
    pub(super) reply: Reply,
}

impl Pushed {
    /// It is kept, this one or the same before, and nothing contradicts it.
    pub(super) fn is_acknowledged(&self) -> bool {
        let told = &self.reply.body;
        self.reply.status.is_success() && told["accepted"] == 1 && told["conflicting"] == 0
    }

    /// It is told to come again, and that nothing is known to be kept.
    pub(super) fn assert_put_off(&self) {
        let Reply { status, body, .. } = &self.reply;
        assert_eq!(*status, StatusCode::SERVICE_UNAVAILABLE, "{self:?}");
        let code = body["code"].as_str().unwrap();
        assert!(["unavailable", "busy"].contains(&code), "{self:?}");
        assert!(self.reply.may_come_back, "{self:?}");
        assert!(body["retry_after_ms"].is_u64() && body["accepted"].is_null());
    }
}

impl Site {
    /// Gives the device of a node a key, as a person does.
    pub(super) async fn device_of(&self, twin: TwinHandle) -> Device {
        let path = format!("/devices/{}/keys", twin.id());
        let made = self.ask(Method::POST, &path, &json!({})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let key = made.body["key"].as_str().unwrap().to_owned();
        Device { twin, key }
    }

    /// When a reading was measured: no two at once.
    fn measured_at(&self, number: u64) -> Timestamp {
        self.begun.plus(Duration::from_millis(number))
    }

    /// Pushes one reading, and waits for the answer.
    pub(super) async fn push(&self) -> Pushed {
        self.pushing(self.take_number()).await
    }

    /// [`Self::push`], by the device of the node that is flooded.
    pub(super) async fn push_by_flooded(&self) -> Pushed {
        let devices = self.pushed.len() as u64;
        let number = self.next_number().next_multiple_of(devices);
        self.next.store(number + 1, Ordering::Relaxed);
        self.pushing(number).await
    }

    /// Pushes readings side by side.
    pub(super) async fn push_at_once(&self, count: usize) -> Vec<Pushed> {
        let pushing: JoinSet<Pushed> = (0..count)
            .map(|_| self.pushing(self.take_number()))
            .collect();
        pushing.join_all().await
    }

    fn pushing(&self, number: u64) -> impl Future<Output = Pushed> + Send + use<> {
        let device = &self.pushed[number as usize % self.pushed.len()];
        let at = self.measured_at(number).to_string();
        let reading = json!({ "metric": "level_cm", "value": number, "at": at });
        let path = format!("/nodes/{}/readings", device.twin.id());
        let request = self
            .request(Method::POST, &path)
            .header("authorization", format!("Device {}", device.key))
            .header("content-type", "application/json")
            .body(json!({ "readings": [reading] }).to_string());
        async move {
            let reply = answer(request).await;
            Pushed { number, reply }
        }
    }

    fn take_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Pushes readings, as a sender does who is put off, until one is acknowledged: within the promised
    /// time from now on.
    pub(super) async fn assert_is_back(&self) -> Pushed {
        let back = Instant::now();
        loop {
            let pushed = self.push().await;
            assert!(back.elapsed() < BACK_WITHIN, "{pushed:?}");
            if pushed.is_acknowledged() {
                println!("first acknowledgement after {:?}", back.elapsed());
                return pushed;
            }
            pushed.assert_put_off();
            sleep(LOOK).await;
        }
    }

    /// Sends everything that was put off once more, as its sender does, until it is acknowledged.
    pub(super) async fn push_again(&self, pushed: &[Pushed]) {
        let end = Instant::now() + PATIENCE;
        for Pushed { number, .. } in pushed.iter().filter(|one| !one.is_acknowledged()) {
            let mut again = self.pushing(*number).await;
            while !again.is_acknowledged() {
                again.assert_put_off();
                assert!(Instant::now() < end, "{again:?}");
                sleep(LOOK).await;
                again = self.pushing(*number).await;
            }
        }
    }
}
