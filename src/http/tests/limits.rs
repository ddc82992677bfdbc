//! How often everyone may ask, through the router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::time::advance;
use uuid::Uuid;

use super::people::Inhabited;
use super::pushing::{key_of, push_with};
use super::scene::{Reply, Scene, TANK, empty_inside, operator, request};
use crate::access::{
    Community, CommunityId, Distributor, DistributorId, Forest, Plan, PlanId, PlanLimits,
    Principal, Reach, Role, UserId,
};
use crate::address::Proxies;
use crate::app::identity::{Freshness, Identities, Unknown};
use crate::http::{Border, Inside, Transport};
use crate::limits::{Limits, Quota, Quotas};

const VILLAGE: CommunityId = CommunityId(Uuid::from_u128(7));
const PLAN: PlanId = PlanId(Uuid::from_u128(8));
pub(super) const NODES: &str = "/api/v1/nodes";

/// So few that a test can spend them, each another number.
fn few() -> Quotas {
    let quota = |requests| Quota::per_minute(requests).unwrap();
    Quotas {
        person: quota(5),
        device: quota(3),
        address: quota(4),
        sign_in: quota(2),
    }
}

pub(super) async fn scene() -> Scene {
    of(operator(), Border::default()).await
}

async fn of(identities: Arc<dyn Identities>, border: Border) -> Scene {
    Scene::of(Inside {
        limits: Limits::new(few()),
        border,
        ..empty_inside(identities).await
    })
}

/// A border that takes any machine's word for whom it serves.
fn believing() -> Border {
    let proxies = Proxies::new(vec!["0.0.0.0/0".parse().unwrap()], Default::default());
    Border::new(proxies, Vec::new(), Transport::Plain)
}

fn wrong() -> Request<Body> {
    bearing(Request::get(NODES), "Bearer wrong")
}

fn bearing(request: axum::http::request::Builder, credentials: &str) -> Request<Body> {
    let request = request.header("authorization", credentials);
    request.body(Body::empty()).unwrap()
}

pub(super) fn told(reply: &Reply) -> [u64; 3] {
    ["limit", "remaining", "reset"].map(|name| {
        let value = reply.header(&format!("ratelimit-{name}"));
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {value:?}"))
    })
}

#[tokio::test(start_paused = true)]
async fn a_person_is_told_what_is_left_and_waits_as_long_as_told() {
    let scene = scene().await;
    for left in (0..5).rev() {
        let reply = scene.get(NODES).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(told(&reply), [5, left, 12 * (5 - left)]);
    }
    let refused = scene.get(NODES).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(told(&refused), [5, 0, 60]);
    assert_eq!(refused.header("retry-after"), "12");
    assert_eq!(refused.json()["retry_after_ms"], 12_000);
    advance(Duration::from_millis(11_999)).await;
    assert_eq!(scene.get(NODES).await.code(), "rate_limited");
    advance(Duration::from_millis(1)).await;
    assert_eq!(scene.get(NODES).await.status, StatusCode::OK);
    assert_eq!(scene.get(NODES).await.code(), "rate_limited");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_another_reason_is_counted_and_told_alike() {
    let scene = scene().await;
    let missing = scene.get(&format!("{NODES}/{}", Uuid::nil())).await;
    assert_eq!(
        (missing.code(), told(&missing)[1]),
        ("not_found".to_owned(), 4)
    );
}

#[tokio::test(start_paused = true)]
async fn probes_are_never_limited() {
    let scene = scene().await;
    for _ in 0..50 {
        for path in [
            "/health",
            "/health/live",
            "/health/ready",
            "/api/v1/health/live",
        ] {
            let reply = scene
                .send(Request::get(path).body(Body::empty()).unwrap())
                .await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.header("ratelimit-limit"), "");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_device_key_has_an_account_of_its_own() {
    let scene = scene().await;
    let made = scene.post(NODES, TANK).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (one, _) = key_of(&scene, &id).await;
    let (other, _) = key_of(&scene, &id).await;
    let push = async |key: &str| {
        let body = json!({"readings": [{"metric": "distance_cm", "value": 50}]});
        push_with(&scene, key, "/api/v1/device/readings", &body).await
    };
    for left in (0..3).rev() {
        let reply = push(&one).await;
        assert_eq!((reply.status, told(&reply)[1]), (StatusCode::OK, left));
    }
    assert_eq!(push(&one).await.code(), "rate_limited");
    assert_eq!(push(&other).await.status, StatusCode::OK);
    assert_eq!(scene.get(NODES).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_counted_by_address_and_then_none_is_looked_at() {
    let scene = of(operator(), believing()).await;
    let from = |mut request: Request<Body>, address: &str| {
        let address = address.parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", address);
        request
    };
    for left in (0..4).rev() {
        let reply = scene.send(from(wrong(), "203.0.113.9")).await;
        assert_eq!(
            (reply.code(), told(&reply)[1]),
            ("unauthenticated".to_owned(), left)
        );
    }
    let refused = scene.send(from(wrong(), "203.0.113.9")).await;
    assert_eq!(
        (refused.code(), refused.header("retry-after")),
        ("rate_limited".to_owned(), "15")
    );
    let right = request(Method::GET, NODES, "");
    assert_eq!(
        scene.send(from(right, "203.0.113.9")).await.code(),
        "rate_limited"
    );
    let elsewhere = request(Method::GET, NODES, "");
    assert_eq!(
        scene.send(from(elsewhere, "203.0.113.10")).await.status,
        StatusCode::OK
    );
    advance(Duration::from_secs(15)).await;
    let right = request(Method::GET, NODES, "");
    assert_eq!(
        scene.send(from(right, "203.0.113.9")).await.status,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_device_with_an_old_key_does_not_silence_its_neighbours() {
    let scene = scene().await;
    let made = scene.post(NODES, TANK).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (key, _) = key_of(&scene, &id).await;
    for _ in 0..4 {
        let old = bearing(Request::get(NODES), "Device evk_old");
        assert_eq!(scene.send(old).await.code(), "unauthenticated");
    }
    let old = bearing(Request::get(NODES), "Device evk_old");
    assert_eq!(scene.send(old).await.code(), "rate_limited");
    let body = json!({"readings": [{"metric": "distance_cm", "value": 50}]});
    let pushed = push_with(&scene, &key, "/api/v1/device/readings", &body).await;
    assert_eq!(pushed.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn strangers_are_counted_by_address_whatever_they_write() {
    let scene = scene().await;
    for (number, path) in ["/api/docs", "/nowhere", "/api/openapi.json", "/nowhere"]
        .iter()
        .enumerate()
    {
        // A peer that nobody trusts is the client, whomever it names.
        let asked = Request::get(*path).header("x-forwarded-for", format!("203.0.113.{number}"));
        let reply = scene.send(asked.body(Body::empty()).unwrap()).await;
        assert_ne!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(told(&reply)[1], 3 - number as u64);
    }
    for path in ["/api/docs", "/nowhere"] {
        let asked = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(scene.send(asked).await.code(), "rate_limited");
    }
    assert_eq!(scene.get(NODES).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_of_ipv6_is_one_client() {
    let scene = scene().await;
    let from = async |peer: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        let asked = Request::get("/nowhere").body(Body::empty()).unwrap();
        let answer = Arc::clone(&scene.edge).answer(asked, peer).await;
        let status = answer.status();
        let _whole = answer.into_body().collect().await;
        status
    };
    for host in 1..=4 {
        assert_eq!(
            from(&format!("[2001:db8::{host}]:1")).await,
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(
        from("[2001:db8::ffff]:1").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(from("[2001:db8:0:1::1]:1").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn neighbours_who_are_signed_in_are_let_in_however_many_wrong_tokens_come_from_there() {
    let people = Inhabited::within(Limits::new(few())).await;
    let root = people.root().await;
    let token = people.token(&root).await;
    let ask = async |token: &str| {
        let asked = people.ask_as(token, Method::GET, "/auth/sessions", None);
        asked.await
    };
    while ask("wrong").await.status == StatusCode::UNAUTHORIZED {}
    assert_eq!(ask(&token).await.status, StatusCode::OK);
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    assert_eq!(ask(&forged).await.code(), "rate_limited");
}

#[tokio::test]
async fn whoever_asks_who_they_are_is_counted_as_themselves() {
    let people = Inhabited::within(Limits::new(few())).await;
    let root = people.root().await;
    let token = people.token(&root).await;
    let me = || people.ask_as(&token, Method::GET, "/auth/me", None);
    for _ in 0..5 {
        assert_eq!(me().await.status, StatusCode::OK);
    }
    let refused = me().await;
    let said = (refused.code(), told(&refused)[0]);
    assert_eq!(said, ("rate_limited".to_owned(), 5));
}

/// One person of the village, whatever token is borne.
#[derive(Debug)]
struct Villager;

impl Identities for Villager {
    fn person<'a>(
        &'a self,
        _: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let person = Principal {
            user: UserId(Uuid::from_u128(1)),
            session: None,
            role: Role::User,
            reach: Reach::Community(VILLAGE),
            must_change_password: false,
        };
        Box::pin(async { Ok(Arc::new(person)) })
    }
}

fn forest(requests_per_minute: Option<u32>) -> Forest {
    let mut forest = Forest::default();
    let at = Timestamp::from_secs(0);
    let community = Community {
        id: VILLAGE,
        distributor: DistributorId(Uuid::nil()),
        region: String::new(),
        plan: Some(PLAN),
        name: String::new(),
        time_zone: "UTC".to_owned(),
        created_at: at,
        version: 1,
    };
    let limits = PlanLimits {
        requests_per_minute,
        ..PlanLimits::default()
    };
    let plan = Plan {
        id: PLAN,
        name: "plus".to_owned(),
        limits,
        created_at: at,
        version: 1,
    };
    let distributor = Distributor {
        id: community.distributor,
        name: String::new(),
        created_at: at,
        version: 1,
    };
    forest.distributors.insert(distributor.id, distributor);
    forest.communities.insert(VILLAGE, community);
    forest.plans.insert(PLAN, plan);
    forest
}

#[tokio::test(start_paused = true)]
async fn a_plan_decides_for_the_people_of_its_community_and_a_change_of_it_at_once() {
    let scene = of(Arc::new(Villager), Border::default()).await;
    assert_eq!(told(&scene.get(NODES).await), [5, 4, 12]);
    scene.plant(forest(Some(60))).await;
    assert_eq!(told(&scene.get(NODES).await)[0], 60);
    while scene.get(NODES).await.status == StatusCode::OK {}
    let refused = scene.get(NODES).await;
    assert_eq!(
        (refused.code(), told(&refused)[0]),
        ("rate_limited".to_owned(), 60)
    );
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("The plan plus allows 60 requests a minute"),
        "{detail}"
    );
    scene.plant(forest(None)).await;
    assert_eq!(scene.get(NODES).await.header("ratelimit-limit"), "");
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_on_with_a_session_is_counted_as_themselves_and_keeps_the_token_meanwhile() {
    let scene = Inhabited::within(Limits::new(few())).await;
    let ana = super::signing_in::user(&scene).await;
    let begun = scene.signed_in(&ana).await;
    let mut token = begun["refresh_token"].clone();
    let refresh = async |token: &serde_json::Value| {
        let body = json!({ "refresh_token": token });
        scene
            .ask_as("", Method::POST, "/auth/refresh", Some(body))
            .await
    };
    for _ in 0..5 {
        let reply = refresh(&token).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.json());
        token = reply.json()["refresh_token"].clone();
    }
    let refused = refresh(&token).await;
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.header("ratelimit-limit"), "5");
    advance(Duration::from_secs(12)).await;
    assert_eq!(refresh(&token).await.status, StatusCode::OK);
}
