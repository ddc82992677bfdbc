//! How it is sent: in parts, folded for who is slow, uncompressed, and with a word at the end.

use std::time::Duration;

use super::super::estate::estate;
use super::super::scene::{PEER, Scene};
use super::client::Client;
use super::storm::Fleet;

/// Anybody, where everyone sees everything.
const TOKEN: &str = "somebody";

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_folded_and_told_how_much_and_knows_all_the_same() {
    let fleet = Fleet::of(3).await;
    let mut slow = fleet
        .scene
        .listen(TOKEN, "topic=fleet&mode=all", None)
        .await;
    let mut quick = fleet
        .scene
        .listen(TOKEN, "topic=fleet&mode=all", None)
        .await;
    slow.until_current().await;
    quick.until_current().await;
    let mut folded = Vec::new();
    for round in 0..60 {
        for number in 0..3 {
            for entry in 0..50 {
                fleet.report(number, round * 50 + entry + 1).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        folded.extend(fleet.catch_up(&mut quick).await);
    }
    assert!(folded.is_empty(), "who keeps up is not folded");
    folded.extend(fleet.catch_up(&mut slow).await);
    assert!(folded.iter().sum::<u64>() > 4_000, "{folded:?}");
    for client in [&slow, &quick] {
        assert_eq!(client.complaints, Vec::<String>::new());
        assert_eq!(client.nodes, fleet.truth().await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_falls_into_a_tick_is_one_frame_and_latest_has_each_node_once() {
    let fleet = Fleet::of(4).await;
    let mut all = fleet
        .scene
        .listen(TOKEN, "topic=fleet&mode=all", None)
        .await;
    let mut latest = fleet.scene.listen(TOKEN, "topic=fleet", None).await;
    all.until_current().await;
    latest.until_current().await;
    for entry in 1..=10 {
        for number in 0..4 {
            fleet.report(number, entry).await;
        }
    }
    let (all, latest) = (all.until("batch").await, latest.until("batch").await);
    assert_eq!(all["updates"].as_array().unwrap().len(), 40);
    assert_eq!(latest["updates"].as_array().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_large_fleet_comes_in_parts_and_what_happens_meanwhile_is_not_missed() {
    let fleet = Fleet::of(400).await;
    let mut client = fleet.scene.listen(TOKEN, "topic=fleet", None).await;
    let first = client.until("snapshot").await;
    assert_eq!((&first["part"], &first["more"]), (&0.into(), &true.into()));
    assert!(first.to_string().len() < 256 * 1024);
    let mut parts = 1;
    while !client.is_current {
        for number in [0, 399, parts * 7] {
            fleet.report(number, 1 + parts as u64).await;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        let frame = client.frame().await.unwrap();
        client.hear(&frame);
        parts += usize::from(frame["type"] == "snapshot");
    }
    assert!(parts > 2, "{parts}");
    fleet.catch_up(&mut client).await;
    assert_eq!(client.complaints, Vec::<String>::new());
    assert_eq!(client.nodes, fleet.truth().await);
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_is_sent_away_when_the_service_ends_with_a_time_to_come_back() {
    let scene = estate().await;
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..5 {
        let mut client = scene.listen("operator", "topic=fleet", None).await;
        client.until_current().await;
        clients.push(client);
    }
    scene.state.drain();
    let mut pauses = Vec::new();
    for client in &mut clients {
        assert!(client.frame().await.is_none());
        pauses.extend(client.retry_ms);
    }
    assert!(pauses.iter().all(|pause| (1_000..5_000).contains(pause)));
    pauses.dedup();
    assert!(pauses.len() > 1, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_before_its_connection_would_and_can_be_gone_on_with() {
    let scene = estate().await;
    let mut client = scene.listen("operator", "topic=fleet", None).await;
    client.until_current().await;
    let began = tokio::time::Instant::now();
    client.silent_until_the_end().await;
    assert!(began.elapsed() < Duration::from_secs(600));
    let cursor = client.cursor.clone();
    let mut again = scene
        .listen("operator", "topic=fleet", cursor.as_deref())
        .await;
    again.until("subscribed").await;
    assert!(again.is_current && client.retry_ms.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_never_compressed_and_never_held_back() {
    let scene = estate().await;
    let mut wish = Scene::wish("operator", "topic=fleet", None);
    wish.headers_mut()
        .insert("accept-encoding", "br, gzip".parse().unwrap());
    let response = std::sync::Arc::clone(&scene.edge).answer(wish, PEER).await;
    let headers = response.headers();
    assert!(headers.get("content-encoding").is_none());
    assert_eq!(headers["x-accel-buffering"], "no");
    assert_eq!(headers["cache-control"], "no-store");
    Client::new(response.into_body()).until_current().await;
}
