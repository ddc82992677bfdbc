//! Who listens and how it goes, as it is told to those who run the service and to each of himself.

use serde_json::{Value, json};
use std::time::Duration;

use super::super::estate::{estate, id};
use super::super::scene::Scene;

async fn stats(scene: &Scene, who: &str, path: &str) -> Value {
    let reply = scene.ask(who, axum::http::Method::GET, path, "").await;
    assert!(reply.status.is_success(), "{}", reply.json());
    reply.json()
}

#[tokio::test(start_paused = true)]
async fn those_who_run_the_service_see_who_listens_to_what_and_everyone_else_himself() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let mut clients = Vec::new();
    for (who, query) in [
        ("user", "topic=fleet"),
        ("user", &format!("topic=nodes/{node}")),
        ("operator", "topic=fleet"),
    ] {
        let mut client = scene.listen(who, query, None).await;
        client.until_current().await;
        clients.push(client);
    }
    scene.report(&node, 1, 10.0).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for client in &mut clients {
        client.until("event").await;
    }
    let all = stats(&scene, "super_admin", "/admin/ws/stats").await;
    assert_eq!((&all["sockets"], &all["strangers"]), (&json!(3), &json!(0)));
    assert_eq!(all["most_sockets"], 10_000);
    let share = |of: String, sockets: u32| json!({ "of": of, "sockets": sockets });
    assert_eq!(all["by_user"][0], share(id("user").to_string(), 2));
    assert_eq!(all["by_user"][1], share(id("operator").to_string(), 1));
    let tenant = share(format!("customers/{}", id("c1")), 2);
    assert_eq!(all["by_tenant"][0], tenant);
    assert_eq!(all["topics"][0], share("fleet".to_owned(), 2));
    assert_eq!(all["ring"]["updates"].as_u64().map(|it| it > 0), Some(true));
    assert!(all["frames"].as_u64().unwrap() >= 9, "{all}");
    assert_eq!((&all["folded"], &all["resyncs"]), (&json!(0), &json!(0)));
    assert_eq!((&all["slowest"], &all["too_slow"]), (&json!([]), &json!(0)));
    let own = stats(&scene, "user", "/ws/stats").await;
    let own = own["sockets"].as_array().unwrap();
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|it| it["user_id"] == id("user").to_string()));
    assert!(
        own.iter()
            .all(|it| it["topics"] == 1 && it["bytes"].as_u64() > Some(0))
    );
    clients.clear();
    let all = stats(&scene, "super_admin", "/admin/ws/stats").await;
    assert_eq!(all["sockets"], 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_anew_is_counted() {
    let scene = estate().await;
    let mut client = scene.listen("operator", "topic=fleet", Some("none")).await;
    client.until_current().await;
    let own = stats(&scene, "operator", "/ws/stats").await;
    assert_eq!(own["sockets"][0]["resyncs"], 1, "{own}");
}
