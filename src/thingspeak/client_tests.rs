//! What the client asks for, what it makes of the answer, and that no key shows on the way.

use std::io;
use std::sync::Mutex;

use axum::Router;
use axum::http::header::{DATE, RETRY_AFTER};
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use evara_actors::domain::NodeId;
use evara_actors::ports::Opened;
use tracing_subscriber::util::SubscriberInitExt;
use uuid::Uuid;

use super::super::{HttpTransport, Limits, Response, RouterTransport};
use super::*;

const POND: ChannelId = ChannelId(2_005_329);
const CANARY: &str = "CANARYCANARY0123";

/// Keeps what was asked, and answers always the same.
#[derive(Debug, Default)]
struct Recorder {
    asked: Mutex<Vec<String>>,
    body: &'static str,
}

impl Transport for Recorder {
    fn get(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.asked
            .lock()
            .unwrap()
            .push(request.url_with_key().into());
        let body = self.body.into();
        Box::pin(async {
            Ok(Response {
                status: 200,
                body,
                ..Response::default()
            })
        })
    }
}

fn client(transport: Arc<dyn Transport>, keys: &Arc<Keyring>) -> ThingSpeak {
    let base_url = BaseUrl::parse("http://localhost:1").unwrap();
    ThingSpeak::new(base_url, transport, Arc::clone(keys))
}

fn in_process(router: Router) -> ThingSpeak {
    client(Arc::new(RouterTransport::new(router)), &Arc::default())
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn asked(ask: Ask) -> String {
    let recorder = Arc::new(Recorder::default());
    let _empty = client(recorder.clone(), &Arc::default())
        .read(POND, ask)
        .await;
    let asked = recorder.asked.lock().unwrap().join(" ");
    let path = "http://localhost:1/channels/2005329/feeds.json?";
    asked.strip_prefix(path).unwrap().to_owned()
}

#[tokio::test]
async fn counts_are_cut_to_what_thingspeak_answers() {
    assert_eq!(asked(Ask::Newest(3)).await, "results=3");
    assert_eq!(asked(Ask::Newest(101)).await, "results=100");
    assert_eq!(asked(Ask::Backfill(101)).await, "results=101");
    assert_eq!(asked(Ask::Backfill(u16::MAX)).await, "results=8000");
}

#[tokio::test]
async fn a_span_is_asked_for_in_whole_seconds_of_utc_that_cover_it() {
    let between = |start, end| Ask::Between {
        start: time(start),
        end: time(end),
    };
    assert_eq!(
        asked(between("2024-02-28T23:59:59-01:00", "2024-03-01T00:00:00Z")).await,
        "results=8000&start=2024-02-29%2000:59:59&end=2024-03-01%2000:00:00"
    );
    assert_eq!(
        asked(between(
            "2024-01-01T00:00:00.999Z",
            "2024-01-01T00:00:01.001Z"
        ))
        .await,
        "results=8000&start=2024-01-01%2000:00:00&end=2024-01-01%2000:00:02"
    );
}

#[tokio::test]
async fn every_span_that_can_be_named_can_be_asked_for() {
    let (start, end) = (Timestamp::MIN, Timestamp::MAX);
    assert_eq!(
        asked(Ask::Between { start, end }).await,
        "results=8000&start=0000-01-01%2000:00:00&end=9999-12-30%2022:00:00"
    );
}

#[tokio::test]
async fn rows_outside_the_span_are_left_out_though_the_server_sent_them() {
    let body = r#"{"channel":{"last_entry_id":4},"feeds":[
        {"created_at":"2024-01-01T00:00:00Z","entry_id":1},
        {"created_at":"2024-01-01T00:00:01Z","entry_id":2},
        {"created_at":"2024-01-01T00:00:02Z","entry_id":3},
        {"created_at":"2024-01-01T00:00:03Z","entry_id":4}]}"#;
    let recorder = Arc::new(Recorder {
        body,
        ..Recorder::default()
    });
    let (start, end) = (
        time("2024-01-01T00:00:00.001Z"),
        time("2024-01-01T00:00:02Z"),
    );
    let page = client(recorder, &Arc::default())
        .read(POND, Ask::Between { start, end })
        .await;
    let ids: Vec<_> = page
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry.id.0)
        .collect();
    assert_eq!(ids, [2, 3]);
}

#[tokio::test]
async fn each_ask_carries_the_key_that_is_known_at_that_time() {
    let recorder = Arc::new(Recorder::default());
    let keys = Arc::new(Keyring::new(Some("FALLBACK".into())));
    let _empty = client(recorder.clone(), &keys)
        .read(POND, Ask::Newest(1))
        .await;
    let asked = recorder.asked.lock().unwrap().join(" ");
    let url = "http://localhost:1/channels/2005329/feeds.json?results=1&api_key=";
    assert_eq!(asked, format!("{url}FALLBACK"));
    let (client, _) = locked(&keys);
    let before = client.read(POND, Ask::Newest(1)).await;
    assert_eq!(before, Err(FeedError::NoAccess));
    keys.add(POND, NodeId(Uuid::nil()), "RIGHT".into());
    assert!(client.read(POND, Ask::Newest(1)).await.is_ok());
}

/// Answers to the key `RIGHT` alone, and counts what it was asked.
fn locked(keys: &Arc<Keyring>) -> (ThingSpeak, Arc<Mutex<u32>>) {
    let count = Arc::new(Mutex::new(0));
    let asked = Arc::clone(&count);
    let router = Router::new().fallback(move |uri: Uri| {
        *asked.lock().unwrap() += 1;
        let opens = uri.query().unwrap().ends_with("api_key=RIGHT");
        let body = r#"{"channel":{"last_entry_id":0},"feeds":[]}"#;
        std::future::ready(match opens {
            true => (StatusCode::OK, body),
            false => (StatusCode::NOT_FOUND, ""),
        })
    });
    (client(Arc::new(RouterTransport::new(router)), keys), count)
}

#[tokio::test]
async fn a_wrong_key_beside_the_right_one_costs_at_most_one_request_a_look_and_so_does_none() {
    for order in [["WRONG", "RIGHT"], ["RIGHT", "WRONG"]] {
        let keys = Arc::new(Keyring::default());
        let (client, count) = locked(&keys);
        for (number, key) in (1..).zip(order) {
            keys.add(POND, NodeId(Uuid::from_u128(number)), key.into());
        }
        for _ in 0..5 {
            assert!(client.read(POND, Ask::Newest(1)).await.is_ok(), "{order:?}");
        }
        // It is looked at first, and once more soon after.
        assert!(*count.lock().unwrap() <= 5 + 2 + 2, "{order:?}");
        keys.follow([(POND, NodeId(Uuid::nil()), "WRONG".into())]);
        for _ in 0..2 {
            let page = client.read(POND, Ask::Newest(1)).await;
            assert_eq!(page, Err(FeedError::NoAccess), "{order:?}");
        }
    }
}

#[tokio::test]
async fn keys_that_were_not_tried_in_one_ask_are_tried_in_the_next() {
    let keys = Arc::new(Keyring::default());
    let (client, count) = locked(&keys);
    for (number, key) in (1..).zip(["A", "B", "C", "D", "E", "F", "RIGHT"]) {
        keys.add(POND, NodeId(Uuid::from_u128(number)), key.into());
    }
    let page = client.read(POND, Ask::Newest(1)).await;
    assert_eq!(page, Err(FeedError::NoAccess));
    assert_eq!(*count.lock().unwrap(), 6);
    for asked in [9, 10] {
        assert!(client.read(POND, Ask::Newest(1)).await.is_ok());
        assert_eq!(*count.lock().unwrap(), asked);
    }
}

#[tokio::test]
async fn a_channel_is_opened_to_whoever_brought_the_right_key_and_to_nobody_with_a_wrong_one() {
    let keys = Arc::new(Keyring::default());
    let (client, _) = locked(&keys);
    let [owner, thief] = [1, 2].map(|number| NodeId(Uuid::from_u128(number)));
    keys.add(POND, thief, "WRONG".into());
    keys.add(POND, owner, "RIGHT".into());
    for _ in 0..3 {
        let page = client.read(POND, Ask::Newest(1)).await.unwrap();
        assert_eq!(page.opened, Opened::ByKeysOf(Arc::new([owner].into())));
    }
}

#[tokio::test]
async fn what_a_key_opened_is_not_lost_because_another_could_not_be_tried() {
    let keys = Arc::new(Keyring::default());
    let router = Router::new().fallback(|uri: Uri| async move {
        let body = r#"{"channel":{"last_entry_id":0},"feeds":[]}"#;
        match uri.query().unwrap().rsplit('=').next() {
            Some("RIGHT") => (StatusCode::OK, body),
            Some("UNLUCKY") => (StatusCode::BAD_GATEWAY, ""),
            _ => (StatusCode::NOT_FOUND, ""),
        }
    });
    let client = client(Arc::new(RouterTransport::new(router)), &keys);
    let [owner, other] = [1, 2].map(|number| NodeId(Uuid::from_u128(number)));
    keys.add(POND, owner, "RIGHT".into());
    keys.add(POND, other, "UNLUCKY".into());
    let page = client.read(POND, Ask::Newest(1)).await.unwrap();
    assert_eq!(page.opened, Opened::ByKeysOf(Arc::new([owner].into())));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_a_feed_that_timed_out() {
    let router = Router::new().fallback(get(std::future::pending::<()>));
    let page = in_process(router).read(POND, Ask::Newest(1)).await;
    assert_eq!(page, Err(FeedError::TimedOut));
}

#[tokio::test]
async fn a_body_past_the_limit_is_too_large() {
    let router = Router::new().fallback(|| async { vec![b' '; 3 << 20] });
    let page = in_process(router).read(POND, Ask::Newest(1)).await;
    assert_eq!(page, Err(FeedError::TooLarge));
}

#[tokio::test]
async fn patience_is_asked_for_in_seconds_or_until_a_date() {
    for value in ["30", "Sun, 06 Nov 1994 08:50:07 GMT"] {
        let headers = [
            (RETRY_AFTER, value),
            (DATE, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ];
        let router = Router::new()
            .fallback(move || async move { (StatusCode::TOO_MANY_REQUESTS, headers, "") });
        let page = in_process(router).read(POND, Ask::Newest(1)).await;
        let retry_after = Some(Duration::from_secs(30));
        assert_eq!(page, Err(FeedError::Throttled { retry_after }), "{value}");
    }
}

#[tokio::test]
async fn a_closed_port_is_a_feed_that_is_unreachable_and_no_key_shows() {
    let log = Log::default();
    let _guard = log.clone().capture();
    let keys = Arc::new(Keyring::new(Some(CANARY.into())));
    let client = client(
        Arc::new(HttpTransport::with_limits(Limits::STANDARD).unwrap()),
        &keys,
    );

    let error = client.read(POND, Ask::Newest(1)).await.unwrap_err();

    assert_eq!(error, FeedError::Unreachable);
    let log = log.text();
    assert!(log.contains("a channel could not be fetched"), "{log}");
    assert!(!log.contains(CANARY), "{log}");
    assert!(!format!("{client:?} {error} {error:?}").contains(CANARY));
}

#[tokio::test]
async fn no_key_shows_in_what_is_made_of_a_body_that_repeats_it() {
    let log = Log::default();
    let _guard = log.clone().capture();
    let keys = Arc::new(Keyring::new(Some(CANARY.into())));
    let router = Router::new().fallback(|uri: Uri| async move { format!("<p>{uri}</p>") });
    let client = client(Arc::new(RouterTransport::new(router)), &keys);

    let error = client.read(POND, Ask::Newest(1)).await.unwrap_err();

    assert_eq!(error, FeedError::Malformed("it is a web page"));
    assert!(!format!("{client:?} {error} {error:?} {}", log.text()).contains(CANARY));
}

/// All that is logged on this thread, by this code and by what lies beneath it, down to traces.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn capture(self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || self.clone());
        subscriber.finish().set_default()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
