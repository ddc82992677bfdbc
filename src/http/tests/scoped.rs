//! What exists for whom: two communities, and people of each.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::http::{Method, StatusCode};
use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use super::pushing::push_with;
use super::scene::{Reply, Scene, TANK, request};
use crate::access::{
    Community, CommunityId, Distributor, DistributorId, Forest, Principal, Reach, Role, UserId,
};
use crate::app::identity::{Freshness, Identities, Unknown};
use crate::http::problem::Code;

const EAST: CommunityId = CommunityId(Uuid::from_u128(0xea));
const WEST: CommunityId = CommunityId(Uuid::from_u128(0xee));
const DISTRIBUTOR: DistributorId = DistributorId(Uuid::from_u128(0xd));
const AT: Timestamp = Timestamp::from_secs(0);

/// People by the token that they bear.
#[derive(Debug)]
struct People(BTreeMap<&'static str, Arc<Principal>>);

impl Identities for People {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let person = self.0.get(token).cloned();
        Box::pin(async move { person.ok_or(Unknown::Refused) })
    }
}

fn people() -> People {
    let everybody = [
        ("root", Role::SuperAdmin, Reach::All),
        ("east-admin", Role::CommunityAdmin, Reach::Community(EAST)),
        ("west-admin", Role::CommunityAdmin, Reach::Community(WEST)),
        ("east-operator", Role::Operator, Reach::Community(EAST)),
        ("nobody", Role::User, Reach::Nothing),
    ];
    let person = |(number, (token, role, reach)): (u128, (_, _, _))| {
        let user = UserId(Uuid::from_u128(number));
        let person = Principal {
            user,
            session: None,
            role,
            reach,
            must_change_password: false,
        };
        (token, Arc::new(person))
    };
    People((1..).zip(everybody).map(person).collect())
}

pub(super) fn forest() -> Forest {
    let mut forest = Forest::default();
    let name = String::new();
    let distributor = Distributor {
        id: DISTRIBUTOR,
        name,
        created_at: AT,
        version: 1,
    };
    forest.distributors.insert(DISTRIBUTOR, distributor);
    for id in [EAST, WEST] {
        let community = Community {
            id,
            distributor: DISTRIBUTOR,
            region: String::new(),
            plan: None,
            name: String::new(),
            time_zone: "UTC".to_owned(),
            created_at: AT,
            version: 1,
        };
        forest.communities.insert(id, community);
    }
    forest
}

async fn scene() -> Scene {
    let scene = Scene::empty_for(Arc::new(people())).await;
    scene.plant(forest()).await;
    scene
}

async fn ask(scene: &Scene, who: &str, method: Method, path: &str, body: &str) -> Reply {
    let mut request = request(method, &format!("/api/v1{path}"), body);
    let bearer = format!("Bearer {who}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    scene.send(request).await
}

fn tank(key: &str, community: Option<CommunityId>) -> String {
    let mut body: serde_json::Value = serde_json::from_str(TANK).unwrap();
    body["node_key"] = json!(key);
    body["community_id"] = json!(community.map(|id| id.0));
    body.to_string()
}

/// A node in a community, made by those who run the service; its id.
async fn node(scene: &Scene, key: &str, community: CommunityId) -> String {
    let made = ask(
        scene,
        "root",
        Method::POST,
        "/nodes",
        &tank(key, Some(community)),
    )
    .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn another_communitys_node_is_answered_like_one_that_is_not_there() {
    let scene = scene().await;
    let id = node(&scene, "oht-1", EAST).await;
    let missing = Uuid::from_u128(7);
    for path in [
        "/nodes/ID",
        "/nodes/ID/twin",
        "/nodes/ID/telemetry/latest",
        "/devices/ID/config",
    ] {
        let own = ask(
            &scene,
            "east-admin",
            Method::GET,
            &path.replace("ID", &id),
            "",
        )
        .await;
        assert_eq!(own.status, StatusCode::OK, "{path}");
        for who in ["west-admin", "nobody"] {
            let foreign = ask(&scene, who, Method::GET, &path.replace("ID", &id), "").await;
            let absent = path.replace("ID", &missing.to_string());
            let absent = ask(&scene, who, Method::GET, &absent, "").await;
            assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{who} {path}");
            let without_id = |reply: &Reply| {
                let mut json = reply.json();
                json["correlation_id"] = json!(null);
                json
            };
            assert_eq!(without_id(&foreign), without_id(&absent), "{who} {path}");
        }
    }
}

#[tokio::test]
async fn who_sees_a_node_and_may_not_change_it_is_told_so_and_a_stranger_is_not() {
    let scene = scene().await;
    let id = node(&scene, "oht-1", EAST).await;
    let path = format!("/nodes/{id}");
    let change = |who| ask(&scene, who, Method::PATCH, &path, r#"{"label": "x"}"#);
    let refused = change("east-operator").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.code(),
        serde_json::to_value(Code::Forbidden).unwrap()
    );
    assert_eq!(change("west-admin").await.status, StatusCode::NOT_FOUND);
    assert_eq!(change("east-admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn lists_counts_and_the_map_hold_what_is_seen() {
    let scene = scene().await;
    let own = node(&scene, "oht-1", EAST).await;
    node(&scene, "oht-2", WEST).await;
    let stray = ask(&scene, "root", Method::POST, "/nodes", &tank("oht-3", None)).await;
    assert_eq!(stray.status, StatusCode::CREATED);
    for (who, seen) in [("root", 3), ("east-admin", 1), ("nobody", 0)] {
        for path in ["/nodes", "/dashboard/fleet", "/devices/map"] {
            let list = ask(&scene, who, Method::GET, path, "").await.json();
            let items = list.get("items").unwrap_or(&list).as_array().unwrap();
            assert_eq!(items.len(), seen, "{who} {path}");
        }
        let stats = ask(&scene, who, Method::GET, "/dashboard/stats", "").await;
        assert_eq!(stats.json()["total_nodes"], seen, "{who}");
    }
    let list = ask(&scene, "east-admin", Method::GET, "/nodes", "")
        .await
        .json();
    assert_eq!(list["items"][0]["id"], own);
    assert_eq!(list["items"][0]["distributor_id"], json!(DISTRIBUTOR.0));
}

#[tokio::test]
async fn nodes_are_made_and_moved_where_one_sees_and_nowhere_else() {
    let scene = scene().await;
    let make = async |who, community| {
        let made = ask(
            &scene,
            who,
            Method::POST,
            "/nodes",
            &tank("oht-1", community),
        )
        .await;
        let pointer = made.json()["errors"][0]["pointer"].clone();
        (made.status, pointer)
    };
    let unknown = CommunityId(Uuid::from_u128(9));
    let refused = (StatusCode::UNPROCESSABLE_ENTITY, json!("/community_id"));
    assert_eq!(make("east-admin", Some(WEST)).await, refused);
    assert_eq!(make("east-admin", None).await, refused);
    assert_eq!(make("root", Some(unknown)).await, refused);
    assert_eq!(
        make("east-operator", Some(EAST)).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(make("east-admin", Some(EAST)).await.0, StatusCode::CREATED);
    let path = "/nodes/key:oht-1";
    let away = json!({ "community_id": WEST.0 }).to_string();
    let moved = ask(&scene, "east-admin", Method::PATCH, path, &away).await;
    assert_eq!(moved.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_key_means_the_node_that_is_seen_and_several_are_a_conflict() {
    let scene = scene().await;
    let east = node(&scene, "oht-1", EAST).await;
    let west = node(&scene, "oht-1", WEST).await;
    let path = "/nodes/key:oht-1";
    for (who, id) in [("east-admin", &east), ("west-admin", &west)] {
        assert_eq!(
            ask(&scene, who, Method::GET, path, "").await.json()["id"],
            **id
        );
    }
    let both = ask(&scene, "root", Method::GET, path, "").await;
    assert_eq!(both.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_inside_of_the_service_is_for_those_who_run_it() {
    let scene = scene().await;
    for path in [
        "/admin/actors",
        "/admin/pollers",
        "/admin/dead-letters",
        "/admin/queries",
    ] {
        for (who, status) in [
            ("root", StatusCode::OK),
            ("east-admin", StatusCode::FORBIDDEN),
        ] {
            assert_eq!(
                ask(&scene, who, Method::GET, path, "").await.status,
                status,
                "{who} {path}"
            );
        }
    }
}

/// Moves a node to the west, and hangs up after so many polls. Whether there was an answer before.
async fn moved(scene: &Scene, id: &str, polls: usize) -> bool {
    let (path, body) = (format!("/nodes/{id}"), json!({ "community_id": WEST.0 }));
    let body = body.to_string();
    let mut moving = pin!(ask(scene, "root", Method::PATCH, &path, &body));
    for _ in 0..polls {
        let reply = poll_fn(|context| Poll::Ready(moving.as_mut().poll(context)));
        if reply.await.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_key_opens_no_node_that_went_elsewhere_though_whoever_moved_it_hung_up() {
    let scene = scene().await;
    let body = json!({ "readings": [{ "metric": "distance_cm", "value": 53.2 }] });
    let mut went_alone = 0;
    for polls in 1..=12 {
        let id = node(&scene, &format!("oht-{polls}"), EAST).await;
        let keys = format!("/devices/{id}/keys");
        let made = ask(&scene, "root", Method::POST, &keys, r#"{"name": "board"}"#).await;
        let key = made.json()["key"].as_str().unwrap().to_owned();
        let is_answered = moved(&scene, &id, polls).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let path = format!("/nodes/{id}");
        let seen = ask(&scene, "west-admin", Method::GET, &path, "").await;
        let went = seen.status == StatusCode::OK;
        let pushed = push_with(&scene, &key, "/api/v1/device/readings", &body).await;
        let opens = pushed.status == StatusCode::OK;
        assert_eq!(opens, !went, "{polls} polls: {}", pushed.json());
        went_alone += usize::from(went && !is_answered);
    }
    assert!(went_alone > 0, "nobody hung up in the middle of it");
}
