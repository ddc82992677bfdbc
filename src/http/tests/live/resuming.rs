//! Coming back: with a good cursor to where one stopped, with any other to the beginning.

use axum::http::Method;
use serde_json::Value;

use super::super::estate::estate;
use super::super::scene::Scene;

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_what_is_known_and_goes_on_with_what_happens() {
    let (scene, node) = Scene::with_tank().await;
    let mut client = scene.listen("an-open-secret", "topic=fleet", None).await;
    let hello = client.frame().await.unwrap();
    assert_eq!(
        (&hello["type"], &hello["resume_window_s"]),
        (&"hello".into(), &120.into())
    );
    let subscribed = client.frame().await.unwrap();
    assert_eq!(
        (&subscribed["topic"], &subscribed["cursor"]),
        (&"fleet".into(), &Value::Null)
    );
    let snapshot = client.until("snapshot").await;
    assert_eq!(snapshot["nodes"][0]["node_id"], node);
    assert_eq!(snapshot["cursor"], client.cursor.clone().unwrap());
    scene.report(&node, 1, 53.2).await;
    let event = client.until("event").await;
    assert_eq!(event["event"], "STATUS_UPDATE");
    assert_eq!(event["status"], "online");
    assert_eq!(event["reported"]["distance_cm"], 53.2);
    assert_eq!(event["previous_revision"], snapshot["nodes"][0]["revision"]);
    scene.report(&node, 2, 50.0).await;
    let event = client.until("event").await;
    assert_eq!(event["event"], "TELEMETRY_UPDATE");
    let twin = scene
        .get(&format!("/api/v1/nodes/{node}/twin?view=values"))
        .await
        .json();
    assert_eq!(event["revision"], twin["revision"]);
    assert_eq!(event["derived"], twin["derived"]);
    assert_eq!(client.complaints, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_is_told_all_that_he_missed_in_order_and_nothing_twice() {
    let (scene, node) = Scene::with_tank().await;
    for topic in ["fleet", &format!("nodes/{node}")] {
        let query = format!("topic={topic}&mode=all");
        let mut client = scene.listen("an-open-secret", &query, None).await;
        client.until_current().await;
        let twin = scene.state.system.twin(node.parse().unwrap()).unwrap();
        let first = twin.view().revision().0;
        let mut revisions = Vec::new();
        for entry in 1..=5 {
            scene.report(&node, first * 100 + entry, entry as f64).await;
            revisions.push(twin.view().revision().0);
        }
        let cursor = client.cursor.clone();
        let again = scene
            .listen("an-open-secret", &query, cursor.as_deref())
            .await;
        let mut client = client.back(again);
        client.until("subscribed").await;
        assert!(client.is_current, "{topic}");
        let batch = client.until("batch").await;
        let updates = batch["updates"].as_array().unwrap();
        let told: Vec<_> = updates
            .iter()
            .map(|it| it["revision"].as_u64().unwrap())
            .collect();
        assert_eq!(told, revisions, "{topic}");
        assert_eq!(client.complaints, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_was_not_given_for_this_leads_to_a_snapshot_and_never_to_anothers_events() {
    let scene = estate().await;
    let own = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let foreign = scene.tank("oht-2", Some("o1"), Some("c9")).await;
    let mut everyone = scene.listen("super_admin", "topic=fleet", None).await;
    everyone.until_current().await;
    let theirs = everyone.cursor.unwrap();
    let mut node = scene
        .listen("user", &format!("topic=nodes/{own}"), None)
        .await;
    node.until_current().await;
    let of_another_topic = node.cursor.unwrap();
    let mut altered = theirs.clone().into_bytes();
    altered[20] ^= 1;
    let altered = String::from_utf8_lossy(&altered).into_owned();
    scene.report(&foreign, 1, 10.0).await;
    let future = "AQAAAAAAAAABf_________8AAAAAAAAAAAAAAAAAAAAA";
    for cursor in [
        &theirs,
        &of_another_topic,
        &altered,
        future,
        "",
        "0",
        "&&&",
        &"A".repeat(4_000),
    ] {
        let mut client = scene.listen("user", "topic=fleet", Some(cursor)).await;
        let resync = client.until("resync").await;
        assert_eq!(resync["reason"], "cursor_unknown");
        client.until_current().await;
        assert_eq!(client.nodes.keys().collect::<Vec<_>>(), [&own], "{cursor}");
    }
    let mut client = scene.listen("user", "topic=fleet&since=none", None).await;
    client.until("resync").await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_from_before_all_that_is_kept_leads_to_a_snapshot() {
    let (scene, node) = Scene::with_tank().await;
    let mut client = scene.listen("an-open-secret", "topic=fleet", None).await;
    client.until_current().await;
    let cursor = client.cursor.clone();
    drop(client);
    // Somebody else keeps it going.
    let _other = scene.listen("an-open-secret", "topic=fleet", None).await;
    scene.report(&node, 1, 10.0).await;
    tokio::time::sleep(std::time::Duration::from_secs(130)).await;
    scene.report(&node, 2, 11.0).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let mut late = scene
        .listen("an-open-secret", "topic=fleet", cursor.as_deref())
        .await;
    late.until("resync").await;
    late.until_current().await;
    assert_eq!(late.nodes[&node].reported["distance_cm"], 11.0);
}

#[tokio::test(start_paused = true)]
async fn whoever_sees_nothing_happen_is_still_given_a_place_to_come_back_to() {
    let scene = estate().await;
    let busy = scene.tank("oht-1", Some("n1"), None).await;
    let quiet = scene.tank("oht-2", Some("n2"), None).await;
    let query = format!("topic=nodes/{quiet}");
    let mut client = scene.listen("super_admin", &query, None).await;
    client.until_current().await;
    let first = client.cursor.clone().unwrap();
    for minute in 0..10 {
        scene.report(&busy, 1 + minute, minute as f64).await;
        let silent = tokio::time::timeout(std::time::Duration::from_secs(30), client.frame());
        assert!(silent.await.is_err(), "something was told");
    }
    let cursor = client.cursor.clone().unwrap();
    assert_ne!(cursor, first);
    let mut again = scene.listen("super_admin", &query, Some(&cursor)).await;
    again.until("subscribed").await;
    assert!(again.is_current);
}

#[tokio::test(start_paused = true)]
async fn nodes_that_come_and_go_are_told() {
    let scene = estate().await;
    let mut client = scene.listen("operator", "topic=fleet", None).await;
    client.until_current().await;
    let node = scene.tank("oht-1", Some("n1"), None).await;
    let event = client.until("event").await;
    assert_eq!(
        (&event["event"], &event["node_id"]),
        (&"NODE_PROVISIONED".into(), &node.as_str().into())
    );
    scene.tank("oht-2", Some("o1"), None).await;
    let removed = scene
        .ask("super_admin", Method::DELETE, &format!("/nodes/{node}"), "")
        .await;
    assert!(removed.status.is_success());
    while client.nodes.contains_key(&node) {
        let frame = client.frame().await.unwrap();
        client.hear(&frame);
    }
    assert!(client.nodes.is_empty());
    assert_eq!(client.complaints, Vec::<String>::new());
}
