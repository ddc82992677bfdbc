//! Who is told what: never of a node that he does not see, also where it, or he, moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Method;
use evara_actors::ports::BoxFuture;
use serde_json::json;
use tokio::time::Instant;

use super::super::estate::{estate, estate_of, id, reach, role};
use super::socket::Door;
use crate::access::{Principal, UserId};
use crate::app::identity::{Freshness, Identities, Unknown};

/// People whose rights are what a test says.
#[derive(Debug, Default)]
pub(in crate::http::tests) struct Changing(Mutex<BTreeMap<&'static str, Arc<Principal>>>);

impl Changing {
    /// From now on, whoever bears the token is and sees what somebody else is and sees.
    pub(in crate::http::tests) fn make(&self, token: &'static str, like: &str) {
        let person = Principal {
            user: UserId(id(token)),
            session: None,
            role: role(like),
            reach: reach(like),
            must_change_password: false,
        };
        self.0.lock().unwrap().insert(token, Arc::new(person));
    }

    /// He signed in by a password that was made for him.
    fn make_new(&self, token: &'static str) {
        let mut people = self.0.lock().unwrap();
        let person = people.get_mut(token).unwrap();
        Arc::make_mut(person).must_change_password = true;
    }

    pub(in crate::http::tests) fn put_out(&self, token: &str) {
        self.0.lock().unwrap().remove(token);
    }
}

impl Identities for Changing {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let person = self.0.lock().unwrap().get(token).cloned();
        Box::pin(async move { person.ok_or(Unknown::Refused) })
    }
}

/// What a stream may take to notice, beside what is remembered of a person.
const A_SECOND: Duration = Duration::from_millis(1_200);

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_a_node_that_he_does_not_see() {
    let scene = estate().await;
    let own = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let foreign = scene.tank("oht-2", Some("n1"), Some("c2")).await;
    let mut client = scene.listen("user", "topic=fleet&mode=all", None).await;
    client.until_current().await;
    for entry in 1..=3 {
        scene.report(&foreign, entry, 10.0).await;
        scene.report(&own, entry, 20.0).await;
    }
    let revision = scene
        .state
        .system
        .twin(own.parse().unwrap())
        .unwrap()
        .view()
        .revision()
        .0;
    client.until_revision(&own, revision).await;
    assert_eq!(client.nodes.keys().collect::<Vec<_>>(), [&own]);
    assert_eq!(client.complaints, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_moves_out_of_sight_is_removed_and_what_it_reports_then_is_not_told() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let mut before = scene.listen("user", "topic=fleet", None).await;
    let mut after = scene
        .listen("operator", &format!("topic=communities/{}", id("n1")), None)
        .await;
    let mut elsewhere = scene
        .listen(
            "distributor",
            &format!("topic=communities/{}", id("n2")),
            None,
        )
        .await;
    before.until_current().await;
    after.until_current().await;
    elsewhere.until_current().await;
    assert!(before.nodes.contains_key(&node) && elsewhere.nodes.is_empty());
    let path = format!("/nodes/{node}");
    let moved = json!({ "customer_id": null, "community_id": id("n2") }).to_string();
    let moved = scene.ask("super_admin", Method::PATCH, &path, &moved).await;
    assert!(moved.status.is_success(), "{}", moved.json());
    for client in [&mut before, &mut after] {
        let event = client.until("event").await;
        assert_eq!(event["event"], "NODE_REMOVED");
        assert!(
            event.get("reported").is_none() && event.get("status").is_none(),
            "{event}"
        );
        assert!(client.nodes.is_empty());
    }
    assert_eq!(elsewhere.until("event").await["event"], "NODE_PROVISIONED");
    scene.report(&node, 9, 33.0).await;
    elsewhere.until("event").await;
    for client in [&mut before, &mut after] {
        let more = tokio::time::timeout(Duration::from_secs(5), client.frame()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_put_out_is_told_nothing_more_after_a_second() {
    let people = Arc::<Changing>::default();
    people.make("super_admin", "super_admin");
    people.make("mallory", "user");
    let scene = estate_of(people.clone()).await;
    let node = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let mut client = scene.listen("mallory", "topic=fleet", None).await;
    client.until_current().await;
    people.put_out("mallory");
    let put_out = Instant::now();
    let error = client.until("error").await;
    assert_eq!(error["code"], "unauthenticated");
    assert!(put_out.elapsed() < A_SECOND);
    scene.report(&node, 1, 10.0).await;
    assert!(client.frame().await.is_none());
}

#[tokio::test]
async fn a_password_that_was_made_for_somebody_opens_no_topic() {
    let people = Arc::new(Changing::default());
    people.make("anna", "operator");
    people.make_new("anna");
    let door = Door::of(estate_of(people).await).await;
    for mut socket in [door.enter("anna").await, door.stranger().await] {
        socket.say(&json!({"type": "auth", "token": "anna"})).await;
        socket.until("authenticated").await;
        for topic in ["fleet", "alerts", "commands"] {
            let asked = json!({"type": "subscribe", "topic": topic, "mode": "all"});
            socket.say(&asked).await;
            let refused = socket.frame().await;
            assert_eq!(refused["code"], "forbidden", "{refused}");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains("/auth/password"), "{refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_demoted_is_sent_away_and_who_comes_to_see_more_begins_anew() {
    let people = Arc::<Changing>::default();
    people.make("super_admin", "super_admin");
    people.make("mallory", "operator");
    let scene = estate_of(people.clone()).await;
    let own = scene.tank("oht-1", Some("n1"), Some("c1")).await;
    let other = scene.tank("oht-2", Some("n1"), Some("c2")).await;
    let mut client = scene.listen("mallory", "topic=fleet", None).await;
    client.until_current().await;
    assert_eq!(client.nodes.len(), 2);
    let cursor = client.cursor.clone();
    people.make("mallory", "user");
    let demoted = Instant::now();
    assert_eq!(client.until("error").await["code"], "unauthenticated");
    assert!(demoted.elapsed() < A_SECOND);
    scene.report(&other, 1, 10.0).await;
    assert!(client.frame().await.is_none());
    let mut back = scene
        .listen("mallory", "topic=fleet", cursor.as_deref())
        .await;
    back.until("resync").await;
    back.until_current().await;
    assert_eq!(back.nodes.keys().collect::<Vec<_>>(), [&own]);
    scene.report(&other, 2, 11.0).await;
    scene.report(&own, 1, 10.0).await;
    assert_eq!(back.until("event").await["node_id"], own);
    people.make("mallory", "community_admin");
    assert_eq!(back.until("resync").await["reason"], "rights_changed");
    back.until_current().await;
    assert_eq!(back.nodes.len(), 2);
}

#[tokio::test]
async fn the_socket_of_who_is_demoted_ends_with_the_code_of_who_is_not_known() {
    let people = Arc::new(Changing::default());
    people.make("mallory", "community_admin");
    let door = Door::of(estate_of(people.clone()).await).await;
    let mut socket = door.enter("mallory").await;
    // A community's admin who comes to be an operator there sees the same, and may do less.
    people.make("mallory", "operator");
    let (code, why) = socket.end().await;
    assert_eq!(
        (code, why.as_str()),
        (4401, "what the token is good for was changed")
    );
    let mut back = door.enter("mallory").await;
    back.say(&json!({"type": "subscribe", "topic": "fleet"}))
        .await;
    back.until("snapshot").await;
}

#[tokio::test(start_paused = true)]
async fn a_community_that_goes_to_another_distributor_is_out_of_the_first_ones_sight() {
    let scene = estate().await;
    let node = scene.tank("oht-1", Some("n2"), None).await;
    let stays = scene.tank("oht-2", Some("n1"), None).await;
    let mut client = scene.listen("region_admin", "topic=fleet", None).await;
    client.until_current().await;
    assert_eq!(client.nodes.len(), 2);
    let path = format!("/admin/communities/{}", id("n2"));
    let moved = json!({ "distributor_id": id("d2") }).to_string();
    let moved = scene.ask("super_admin", Method::PATCH, &path, &moved).await;
    assert!(moved.status.is_success(), "{}", moved.json());
    client.until("resync").await;
    client.until_current().await;
    assert_eq!(client.nodes.keys().collect::<Vec<_>>(), [&stays]);
    scene.report(&node, 1, 10.0).await;
    let more = tokio::time::timeout(Duration::from_secs(5), client.frame()).await;
    assert!(more.is_err(), "{more:?}");
}
