//! The control desk: what it lists, what it refuses, and whom.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;

use super::Lab;
use crate::simulator::Knobs;

#[tokio::test]
async fn channels_are_listed_with_keys_kinds_and_counts() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    lab.read("feeds.json").await;
    lab.read("feeds/last.json").await;
    lab.write("?field1=1").await;
    lab.write("?field1=1").await;
    let listed = lab.get("/_control/channels").await.json();
    let (card, channel) = (lab.card(), &listed[0]);
    assert_eq!(channel["id"], card.id);
    assert_eq!(channel["public"], false);
    assert_eq!(channel["read_api_key"], card.read_api_key);
    assert_eq!(channel["write_api_key"], card.write_api_key);
    assert_eq!(channel["kind"], "tank");
    let counts = serde_json::json!({"reads": 2, "writes": 2, "bulk_writes": 0, "talkback": 0});
    assert_eq!(channel["requests"], counts);
}

#[tokio::test]
async fn an_unreadable_order_is_400_and_changes_nothing() {
    let lab = Lab::with_rows(Knobs::default(), 1);
    lab.order(r#"{"status":503}"#).await;
    for order in [
        r#"{"statsu":429}"#,
        r#"{"status":"x"}"#,
        r#"{"status":200}"#,
        "",
        "[",
    ] {
        assert_eq!(lab.order(order).await.status, 400, "{order}");
    }
    assert_eq!(lab.read("feeds.json").await.status, 503);
}

#[tokio::test]
async fn an_order_for_an_unknown_channel_is_404() {
    let lab = Lab::new(Knobs::default());
    let path = "/_control/channels/7/faults";
    let answer = lab.call_json(axum::http::Method::PUT, path, "{}").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_caller_from_elsewhere_finds_no_desk() {
    let lab = Lab::new(Knobs::default());
    for (address, status) in [
        ("127.0.0.1:4000", 200),
        ("[::1]:4000", 200),
        ("[::ffff:127.0.0.1]:4000", 200),
        ("10.0.0.9:4000", 404),
    ] {
        let caller: SocketAddr = address.parse().unwrap();
        let request = Request::get("/_control/channels").extension(ConnectInfo(caller));
        let answer = lab.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{address}");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids_and_keys() {
    let cards = |seed| {
        let knobs = Knobs {
            seed,
            ..Knobs::default()
        };
        Lab::new(knobs).card()
    };
    assert_eq!(cards(1), cards(1));
    assert_eq!(cards(1).id, 2_000_001);
    assert_ne!(cards(1).read_api_key, cards(2).read_api_key);
}
