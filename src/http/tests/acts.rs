//! Every route that changes something leaves a row of the audit, and every refusal one of its own: over a
//! store that is real.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::authenticator::code;
use super::memory::MemoryKeys;
use super::people::{Inhabited, OneOperator, Rooms};
use super::scene::{CHANNEL, Reply, Scene, TANK, empty_inside};
use super::signing_in::text;
use super::tokens::{CONFIRMED, of_project};
use crate::app::audit::{Audit, AuditLog as _, AuditQuery, Listed};
use crate::app::device_keys::DeviceKeyring;
use crate::app::ip_rules::AddressRules;
use crate::app::nodes::Nodes;
use crate::app::tenancy::Tenancy;
use crate::audit::{AuditKeys, Outcome};
use crate::http::Inside;

/// What changes something and is no act of anybody.
const NO_ACTS: [(&str, &str); 4] = [
    (
        "POST /nodes/{id}/readings",
        "readings are their own history",
    ),
    ("POST /device/readings", "readings are their own history"),
    ("POST /telemetry", "readings are their own history"),
    (
        "POST /auth/refresh",
        "a session goes on; its beginning and its end are written down",
    ),
];

/// Where everything is kept in one store.
pub(super) async fn kept() -> Inhabited {
    let rooms = Rooms::new();
    let inside = empty_inside(Arc::new(OneOperator)).await;
    let (store, clock) = (rooms.store.clone(), rooms.clock.clone());
    let keys = AuditKeys::derive(&"k".repeat(32).into(), &[]).unwrap();
    let tenancy = Tenancy::over(store.clone());
    tenancy.refresh().await.unwrap();
    let accounts = rooms.accounts(tenancy.clone());
    let gate = inside.border.gate().clone();
    let system = Arc::clone(&inside.system);
    let read_keys = Arc::new(MemoryKeys::default());
    let scene = Scene::of(Inside {
        nodes: Nodes::new(
            system,
            store.clone(),
            store.clone(),
            read_keys,
            clock.clone(),
        ),
        receipts: store.clone(),
        device_keys: Arc::new(DeviceKeyring::new(store.clone(), clock.clone())),
        ip_rules: Arc::new(AddressRules::new(store.clone(), gate, clock.clone())),
        audit: Audit::new(keys, store.clone(), clock.clone()),
        identities: Arc::new(accounts.clone()),
        accounts,
        tenancy,
        ..inside
    });
    Inhabited { scene, rooms }
}

/// Somebody who goes from route to route.
struct Walk {
    scene: Inhabited,
    token: String,
    walked: BTreeSet<String>,
}

impl Walk {
    async fn rows(&self) -> Vec<Listed> {
        let all = self
            .scene
            .rooms
            .store
            .audit_page(AuditQuery::default(), 1_000);
        all.await.unwrap()
    }

    /// Goes one route, which must leave rows that all tell of `action`.
    async fn goes(&mut self, route: &str, path: &str, body: Option<Value>, action: &str) -> Reply {
        let before = self.rows().await.len();
        let method: Method = route.split(' ').next().unwrap().parse().unwrap();
        let reply = self.scene.ask_as(&self.token, method, path, body).await;
        let said = String::from_utf8_lossy(&reply.bytes).into_owned();
        // What was released was not held: that it was asked for is written down before that is known.
        let is_done = reply.status.is_success() || action == "actor.release";
        assert!(is_done, "{route}: {} {said}", reply.status);
        let after = self.rows().await;
        let new = &after[..after.len() - before];
        assert!(!new.is_empty(), "{route} leaves no row of the audit");
        for listed in new {
            let entry = &listed.row.entry;
            assert_eq!(
                (entry.action.as_str(), entry.outcome),
                (action, Outcome::Done),
                "{route}"
            );
            assert!(
                entry.actor.correlation.is_some() && entry.actor.address.is_some(),
                "{route}"
            );
            let told = format!("{:?} {:?}", entry.before, entry.after);
            assert!(
                !told.contains("SESAME") && !told.contains("heron"),
                "{route}: {told}"
            );
        }
        self.walked.insert(route.to_owned());
        reply
    }

    /// Makes something, changes it, and leaves it there; its path.
    async fn makes(&mut self, kind: &str, body: Value, change: Value) -> String {
        let (list, one) = (format!("/admin/{kind}"), format!("/admin/{kind}/{{id}}"));
        let name = match kind {
            "communities" => "community",
            other => &other[..other.len() - 1],
        };
        let create = format!("{name}.create");
        let made = self
            .goes(&format!("POST {list}"), &list, Some(body), &create)
            .await;
        let path = format!("{list}/{}", text(&made.json(), "id"));
        let update = format!("{name}.update");
        self.goes(&format!("PATCH {one}"), &path, Some(change), &update)
            .await;
        path
    }

    async fn removes(&mut self, route: &str, path: &str, action: &str) {
        self.goes(&format!("DELETE {route}"), path, None, action)
            .await;
    }

    async fn tenants(&mut self) {
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let plan = json!({"name": "tailored", "nodes": 3});
        let plan = self.makes("plans", plan, json!({"nodes": null})).await;
        let they = self
            .makes("distributors", json!({"name": "d"}), json!({"name": "e"}))
            .await;
        let community = json!({"name": "x", "distributor_id": id(&they), "region": "north"});
        let community = self
            .makes("communities", community, json!({"region": "south"}))
            .await;
        let customer = json!({"name": "House", "community_id": id(&community)});
        let customer = self
            .makes("customers", customer, json!({"name": "Home"}))
            .await;
        self.removes("/admin/customers/{id}", &customer, "customer.delete")
            .await;
        self.removes("/admin/communities/{id}", &community, "community.delete")
            .await;
        self.removes("/admin/distributors/{id}", &they, "distributor.delete")
            .await;
        self.removes("/admin/plans/{id}", &plan, "plan.delete")
            .await;
    }

    async fn nodes(&mut self) {
        let tank: Value = serde_json::from_str(TANK).unwrap();
        let channel: Value = serde_json::from_str(CHANNEL).unwrap();
        let made = self
            .goes("POST /nodes", "/nodes", Some(tank.clone()), "node.create")
            .await;
        let id = text(&made.json(), "id");
        let at = |rest: &str| format!("/nodes/{id}{rest}");
        let device = |rest: &str| format!("/devices/{id}{rest}");
        let label = Some(json!({"label": "y"}));
        self.goes("PATCH /nodes/{id}", &at(""), label, "node.update")
            .await;
        let out = Some(json!({"until": "2030-01-01T00:00:00Z", "reason": "a leak"}));
        self.goes(
            "POST /nodes/{id}/maintenance",
            &at("/maintenance"),
            out,
            "node.maintain",
        )
        .await;
        let tags = Some(json!({"tags": {"block": "C"}}));
        self.goes("PATCH /nodes/{id}/twin", &at("/twin"), tags, "node.tag")
            .await;
        let mut config = tank["config"].clone();
        config["expected_interval_s"] = json!(90);
        let route = "PUT /devices/{id}/config";
        self.goes(route, &device("/config"), Some(config), "device.configure")
            .await;
        let route = "PUT /devices/{id}/channel";
        self.goes(
            route,
            &device("/channel"),
            Some(channel),
            "channel.bind_with_key",
        )
        .await;
        self.verbs(&id).await;
        let named = Some(json!({"name": "logger"}));
        let keys = device("/keys");
        let key = self
            .goes("POST /devices/{id}/keys", &keys, named, "device_key.create")
            .await;
        let key = format!("{keys}/{}", text(&key.json(), "id"));
        self.removes("/devices/{id}/keys/{key_id}", &key, "device_key.revoke")
            .await;
        self.removes(
            "/devices/{id}/channel",
            &device("/channel"),
            "channel.unbind",
        )
        .await;
        self.removes("/nodes/{id}", &at(""), "node.delete").await;
    }

    async fn verbs(&mut self, node: &str) {
        for verb in ["poll", "pause", "resume", "reset-breaker", "backfill"] {
            let route = format!("POST /admin/pollers/{{channel_id}}/{verb}");
            let action = format!("poller.{}", verb.replace('-', "_"));
            self.goes(&route, &format!("/admin/pollers/7/{verb}"), None, &action)
                .await;
        }
        let route = "POST /admin/actors/{id}/release";
        let path = format!("/admin/actors/{node}/release");
        self.goes(route, &path, None, "actor.release").await;
    }

    async fn rules_and_users(&mut self) {
        let rule = Some(json!({"network": "203.0.113.0/24", "action": "deny"}));
        let rules = "/admin/ip-rules";
        let made = self
            .goes("POST /admin/ip-rules", rules, rule, "ip_rule.create")
            .await;
        let rule = format!("{rules}/{}", text(&made.json(), "id"));
        self.removes("/admin/ip-rules/{rule_id}", &rule, "ip_rule.delete")
            .await;
        let new = json!({"email": "bo@example.org", "name": "Bo", "role": "user"});
        let user = "POST /admin/users";
        let made = self
            .goes(user, "/admin/users", Some(new), "user.create")
            .await;
        let json = made.json();
        let id = json["id"].as_str().unwrap_or_default();
        let path = format!("/admin/users/{id}");
        let name = Some(json!({"name": "Bob"}));
        self.goes("PATCH /admin/users/{id}", &path, name, "user.update")
            .await;
        self.removes("/admin/users/{id}", &path, "user.delete")
            .await;
    }

    async fn oneself(&mut self, password: &str) {
        let of_totp = |verb: &str| {
            let path = format!("/auth/totp/{verb}");
            (format!("POST {path}"), path)
        };
        let (route, path) = of_totp("enroll");
        let own = Some(json!({ "password": password }));
        let enrolled = self.goes(&route, &path, own, "user.totp.enrol").await;
        let uri = text(&enrolled.json(), "otpauth_uri");
        let (route, path) = of_totp("confirm");
        let shown = Some(json!({"code": code(&uri, 0)}));
        let codes = self
            .goes(&route, &path, shown, "user.totp.confirm")
            .await
            .json();
        let (route, path) = of_totp("disable");
        let both = Some(json!({"password": password, "code": codes["recovery_codes"][0]}));
        self.goes(&route, &path, both, "user.totp.disable").await;
        let sign_in = || Some(json!({"email": "root@example.org", "password": password}));
        let login = ("POST /auth/login", "/auth/login");
        let session = self
            .goes(login.0, login.1, sign_in(), "session.begin")
            .await;
        let session = format!("/auth/sessions/{}", text(&session.json(), "session_id"));
        self.removes("/auth/sessions/{id}", &session, "session.end")
            .await;
        let new = "seven quiet herons by the weir";
        let both = Some(json!({"current_password": password, "new_password": new}));
        self.goes(
            "POST /auth/password",
            "/auth/password",
            both,
            "user.password",
        )
        .await;
        let sign_in = Some(json!({"email": "root@example.org", "password": new}));
        let signed_in = self.goes(login.0, login.1, sign_in, "session.begin").await;
        self.token = text(&signed_in.json(), "access_token");
        self.goes("POST /auth/logout", "/auth/logout", None, "session.end")
            .await;
        self.token = of_project(CONFIRMED);
        self.goes("POST /auth/sync", "/auth/sync", None, "user.settle")
            .await;
    }
}

#[tokio::test]
async fn every_route_that_changes_something_leaves_a_row_of_the_audit() {
    let scene = kept().await;
    scene.rooms.clock.stop();
    let root = scene.root().await;
    let token = scene.token(&root).await;
    let walked = NO_ACTS.map(|(route, _why)| route.to_owned()).into();
    let mut walk = Walk {
        scene,
        token,
        walked,
    };
    walk.tenants().await;
    walk.nodes().await;
    walk.rules_and_users().await;
    walk.oneself(&root.password).await;
    let api = walk.scene.get("/api/openapi.json").await.json();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in ["post", "put", "patch", "delete"] {
            let path = path.strip_prefix("/api/v1").unwrap_or(path);
            let route = format!("{} {path}", method.to_uppercase());
            let is_walked = walk.walked.contains(&route);
            assert!(
                item.get(method).is_none() || is_walked,
                "nobody looked whether {route} is audited"
            );
        }
    }
    let audit = &walk.scene.state.audit;
    for chain in audit.chains(&[]).await.unwrap() {
        assert!(audit.verify(chain, &[]).await.unwrap().found.is_ok());
    }
}

#[tokio::test]
async fn what_is_refused_is_written_down_and_a_flood_is_counted() {
    let scene = kept().await;
    scene.rooms.clock.stop();
    let user = super::signing_in::user(&scene).await;
    let token = scene.token(&user).await;
    let missing = format!("/nodes/{}", uuid::Uuid::nil());
    for _ in 0..30 {
        let unseen = scene.ask_as(&token, Method::DELETE, &missing, None).await;
        assert_eq!(unseen.status, StatusCode::NOT_FOUND);
    }
    let forbidden = scene.ask_as(
        "",
        Method::POST,
        "/auth/login",
        Some(json!({
            "email": "ana@example.org", "password": "not this one"
        })),
    );
    assert_eq!(forbidden.await.status, StatusCode::UNAUTHORIZED);
    let begun = scene.signed_in(&user).await;
    let token = json!({ "refresh_token": begun["refresh_token"] });
    for status in [StatusCode::OK, StatusCode::UNAUTHORIZED] {
        let refreshed = scene.ask_as("", Method::POST, "/auth/refresh", Some(token.clone()));
        assert_eq!(refreshed.await.status, status);
    }
    scene.state.refusals().end().await;
    let all = scene
        .rooms
        .store
        .audit_page(AuditQuery::default(), 1_000)
        .await
        .unwrap();
    let of = |action: &str| {
        let found = all
            .iter()
            .filter(|listed| listed.row.entry.action == action);
        found.collect::<Vec<_>>()
    };
    let unseen = of("DELETE /api/v1/nodes/{id}");
    assert_eq!(unseen.len(), 20, "{all:?}");
    assert_eq!(unseen[0].row.entry.outcome, Outcome::Denied);
    assert_eq!(unseen[0].row.entry.actor.id, Some(user.account.id.0));
    let counted = of("refusals.counted");
    assert_eq!(counted[0].row.entry.after.as_deref(), Some("10"));
    let mut failed = of("session.begin").into_iter();
    let failed = failed
        .find(|listed| listed.row.entry.outcome == Outcome::Denied)
        .unwrap();
    assert_eq!(failed.row.entry.target, "email/ana@example.org");
    let reused = &of("session.reuse")[0].row.entry;
    let session = begun["session_id"].as_str().unwrap();
    assert_eq!(reused.target, format!("session/{session}"));
    let whose = reused.before.as_deref().unwrap();
    assert!(whose.contains(&user.account.id.to_string()), "{whose}");
}
