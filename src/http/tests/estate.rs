//! Two distributors with all that is below them, and people of each role.
//!
//! ```text
//! d1 ── n1 (north) ── c1, c2        d2 ── o1 (north) ── c9
//!    ├─ n2 (north) ── c3
//!    └─ s1 (south)
//! ```
//!
//! The people are of d1, of its north, and of n1; the user is c1.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use super::people::Rooms;
use super::scene::{CHANNEL, Reply, Scene, TANK, empty_inside, request};
use crate::access::{
    Community, CommunityId, Customer, CustomerId, Distributor, DistributorId, Forest, Plan, PlanId,
    PlanLimits, Principal, Reach, Role, UserId,
};
use crate::app::identity::{Freshness, Identities, Unknown};
use crate::history::History;
use crate::http::Inside;

const AT: Timestamp = Timestamp::from_secs(0);

/// Everyone, by the token that they bear, which is what they are.
pub(super) const PEOPLE: [&str; 7] = [
    "super_admin",
    "distributor",
    "region_admin",
    "community_admin",
    "operator",
    "user",
    "nobody",
];

/// The id of what bears a name here.
pub(super) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes[16 - name.len()..].copy_from_slice(name.as_bytes());
    Uuid::from_bytes(bytes)
}

pub(super) fn role(who: &str) -> Role {
    who.parse().unwrap_or(Role::User)
}

pub(super) fn reach(who: &str) -> Reach {
    match who {
        "super_admin" => Reach::All,
        "distributor" => Reach::Distributor(DistributorId(id("d1"))),
        "region_admin" => Reach::Region(DistributorId(id("d1")), "north".to_owned()),
        "community_admin" | "operator" => Reach::Community(CommunityId(id("n1"))),
        "user" => Reach::Customer(CustomerId(id("c1"))),
        _ => Reach::Nothing,
    }
}

/// Everyone is who they say.
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
    let person = |who| {
        let person = Principal {
            user: UserId(id(who)),
            session: None,
            role: role(who),
            reach: reach(who),
            must_change_password: false,
        };
        (who, Arc::new(person))
    };
    People(PEOPLE.into_iter().map(person).collect())
}

fn forest() -> Forest {
    let mut forest = Forest::default();
    for (name, nodes) in [("base", Some(2)), ("pro", None)] {
        let it = Plan {
            id: PlanId(id(name)),
            name: name.to_owned(),
            limits: PlanLimits {
                nodes,
                ..PlanLimits::default()
            },
            created_at: AT,
            version: 1,
        };
        forest.plans.insert(it.id, it);
    }
    for name in ["d1", "d2"] {
        let it = Distributor {
            id: DistributorId(id(name)),
            name: name.to_owned(),
            created_at: AT,
            version: 1,
        };
        forest.distributors.insert(it.id, it);
    }
    for (name, distributor, region) in [
        ("n1", "d1", "north"),
        ("n2", "d1", "north"),
        ("s1", "d1", "south"),
        ("o1", "d2", "north"),
    ] {
        let it = Community {
            id: CommunityId(id(name)),
            distributor: DistributorId(id(distributor)),
            region: region.to_owned(),
            plan: None,
            name: name.to_owned(),
            time_zone: "UTC".to_owned(),
            created_at: AT,
            version: 1,
        };
        forest.communities.insert(it.id, it);
    }
    for (name, community) in [("c1", "n1"), ("c2", "n1"), ("c3", "n2"), ("c9", "o1")] {
        let it = Customer {
            id: CustomerId(id(name)),
            community: CommunityId(id(community)),
            name: name.to_owned(),
            created_at: AT,
            version: 1,
        };
        forest.customers.insert(it.id, it);
    }
    forest
}

/// The tenants and the people, without a node.
pub(super) async fn estate() -> Scene {
    estate_of(Arc::new(people())).await
}

/// The same, where accounts are kept, too.
pub(super) async fn inhabited_estate() -> (Scene, Rooms) {
    let rooms = Rooms::new();
    let inside = empty_inside(Arc::new(people())).await;
    let accounts = rooms.accounts(inside.tenancy.clone());
    let scene = Scene::of(Inside { accounts, ..inside });
    scene.plant(forest()).await;
    rooms.house(forest()).await;
    (scene, rooms)
}

/// The tenants without a node, and other people.
pub(super) async fn estate_of(people: Arc<dyn Identities>) -> Scene {
    let scene = Scene::empty_for(people).await;
    scene.plant(forest()).await;
    scene
}

/// The same with a past.
pub(super) async fn estate_with(people: Arc<dyn Identities>, history: Arc<dyn History>) -> Scene {
    let inside = empty_inside(people).await;
    let scene = Scene::of(Inside { history, ..inside });
    scene.plant(forest()).await;
    scene
}

impl Scene {
    /// What somebody is answered.
    pub(super) async fn ask(&self, who: &str, method: Method, path: &str, body: &str) -> Reply {
        self.ask_with(&format!("Bearer {who}"), method, path, body)
            .await
    }

    /// What whoever bears these credentials is answered. What one changes, one changes as it never was.
    pub(super) async fn ask_with(
        &self,
        credentials: &str,
        method: Method,
        path: &str,
        body: &str,
    ) -> Reply {
        let mut request = request(method, &format!("/api/v1{path}"), body);
        let headers = request.headers_mut();
        headers.remove("authorization");
        if !credentials.is_empty() {
            headers.insert("authorization", credentials.parse().unwrap());
        }
        self.send(request).await
    }

    /// A tank of a community, and a customer's if there is one, that reads a channel; its id.
    pub(super) async fn tank(
        &self,
        key: &str,
        community: Option<&str>,
        customer: Option<&str>,
    ) -> String {
        let mut body: serde_json::Value = serde_json::from_str(TANK).unwrap();
        body["node_key"] = json!(key);
        body["community_id"] = json!(community.map(id));
        body["customer_id"] = json!(customer.map(id));
        let body = body.to_string();
        let made = self.ask("super_admin", Method::POST, "/nodes", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        let node = made.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/devices/{node}/channel");
        let bound = self.ask("super_admin", Method::PUT, &path, CHANNEL).await;
        assert_eq!(bound.status, StatusCode::OK);
        node
    }
}
