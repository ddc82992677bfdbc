//! Who reads what of the audit: the entries of the tenants that they see, in every format, and of a move their own side.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::acts::kept;
use super::people::{Inhabited, Person};
use super::scene::{Reply, TANK};
use super::signing_in::text;
use crate::access::{Role, Tenants};
use crate::app::audit::{Chain, Fact, SEAL_EVERY, SealCopy};
use crate::http::views::AuditView;

/// Two distributors: the one has two communities in the north and one in the south, the other has one.
struct Town {
    scene: Inhabited,
    root: String,
    d1: Uuid,
    d2: Uuid,
    n1: Uuid,
    n2: Uuid,
    s1: Uuid,
    o1: Uuid,
}

impl Town {
    async fn new() -> Self {
        let scene = kept().await;
        scene.rooms.clock.stop();
        let root = scene.root().await;
        let [d1, d2, n1, n2, s1, o1] = [Uuid::nil(); 6];
        let mut town = Self {
            root: scene.token(&root).await,
            scene,
            d1,
            d2,
            n1,
            n2,
            s1,
            o1,
        };
        town.d1 = town
            .make("/admin/distributors", json!({"name": "d1"}))
            .await;
        town.d2 = town
            .make("/admin/distributors", json!({"name": "d2"}))
            .await;
        town.n1 = town.community("n1", town.d1, "north").await;
        town.n2 = town.community("n2", town.d1, "north").await;
        town.s1 = town.community("s1", town.d1, "south").await;
        town.o1 = town.community("o1", town.d2, "north").await;
        town
    }

    async fn community(&self, name: &str, distributor: Uuid, region: &str) -> Uuid {
        let it = json!({"name": name, "distributor_id": distributor, "region": region});
        self.make("/admin/communities", it).await
    }

    async fn make(&self, path: &str, body: Value) -> Uuid {
        let made = self
            .scene
            .ask_as(&self.root, Method::POST, path, Some(body))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{path}: {}", made.json());
        text(&made.json(), "id").parse().unwrap()
    }

    async fn change(&self, path: &str, body: Value) {
        let changed = self
            .scene
            .ask_as(&self.root, Method::PATCH, path, Some(body))
            .await;
        assert_eq!(changed.status, StatusCode::OK, "{path}: {}", changed.json());
    }

    async fn person(&self, name: &str, role: Role, tenants: Tenants) -> Person {
        self.scene.person(name, role, tenants).await
    }

    /// A token of somebody who looks after a community.
    async fn admin_of(&self, name: &str, community: Uuid) -> String {
        let person = self
            .person(name, Role::CommunityAdmin, of_community(community))
            .await;
        self.scene.token(&person).await
    }

    async fn audit(&self, who: &str, asked: &str) -> Reply {
        let path = format!("/admin/audit?{asked}");
        self.scene.ask_as(who, Method::GET, &path, None).await
    }

    async fn entries(&self, who: &str, asked: &str) -> Vec<Value> {
        let reply = self.audit(who, &format!("limit=200&{asked}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{asked}: {}", reply.json());
        assert_eq!(reply.json()["next_cursor"], Value::Null, "more than a page");
        reply.json()["items"].as_array().unwrap().clone()
    }

    async fn export(&self, who: &str, asked: &str, accept: &str) -> Reply {
        let path = format!("/api/v1/admin/audit?{asked}");
        let mut request = super::scene::request(Method::GET, &path, "");
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {who}").parse().unwrap());
        headers.insert("accept", accept.parse().unwrap());
        self.scene.send(request).await
    }
}

fn of_community(community: Uuid) -> Tenants {
    Tenants {
        community: Some(community),
        ..Tenants::default()
    }
}

fn tenants_of(entries: &[Value]) -> BTreeSet<Uuid> {
    let tenant = |entry: &Value| text(entry, "tenant_id").parse().unwrap();
    entries.iter().map(tenant).collect()
}

impl Town {
    /// Those who look after something, with what they see.
    async fn admins(&self) -> Vec<(Role, String, BTreeSet<Uuid>)> {
        let Self { d1, n1, n2, s1, .. } = *self;
        let of_distributor = |region: Option<&str>| Tenants {
            distributor: Some(d1),
            region: region.map(str::to_owned),
            ..Tenants::default()
        };
        let mut admins = Vec::new();
        for (role, tenants, seen) in [
            (
                Role::Distributor,
                of_distributor(None),
                vec![d1, n1, n2, s1],
            ),
            (
                Role::RegionAdmin,
                of_distributor(Some("north")),
                vec![n1, n2],
            ),
            (Role::CommunityAdmin, of_community(n1), vec![n1]),
        ] {
            let person = self.person(role.name(), role, tenants).await;
            let token = self.scene.token(&person).await;
            admins.push((role, token, BTreeSet::from_iter(seen)));
        }
        admins
    }

    fn all(&self) -> BTreeSet<Uuid> {
        let Self {
            d1,
            d2,
            n1,
            n2,
            s1,
            o1,
            ..
        } = *self;
        BTreeSet::from([Uuid::nil(), d1, d2, n1, n2, s1, o1])
    }
}

#[tokio::test]
async fn each_reads_the_entries_of_the_tenants_that_they_see() {
    let town = Town::new().await;
    assert_eq!(tenants_of(&town.entries(&town.root, "").await), town.all());
    for (role, who, seen) in town.admins().await {
        assert_eq!(tenants_of(&town.entries(&who, "").await), seen, "{role:?}");
        let verified = town
            .scene
            .ask_as(&who, Method::GET, "/admin/audit/verify", None)
            .await;
        let verified = verified.json()["items"].as_array().unwrap().clone();
        assert_eq!(tenants_of(&verified), seen, "{role:?}");
        assert!(verified.iter().all(|verdict| verdict["is_whole"] == true));
    }
}

#[tokio::test]
async fn no_filter_shows_an_entry_of_another_tenant() {
    let town = Town::new().await;
    for (role, who, seen) in town.admins().await {
        for foreign in town.all().difference(&seen) {
            for tenant in ["/admin/audit", "/admin/audit/verify"] {
                let path = format!("{tenant}?tenant_id={foreign}");
                let found = town
                    .scene
                    .ask_as(&who, Method::GET, &path, None)
                    .await
                    .json();
                assert_eq!(found["items"], json!([]), "{role:?} {path}");
            }
            for target in ["community", "distributor"] {
                let asked = format!("target={target}/{foreign}");
                let found = tenants_of(&town.entries(&who, &asked).await);
                assert!(found.is_subset(&seen), "{role:?} {asked}");
            }
        }
    }
}

#[tokio::test]
async fn who_looks_after_nothing_reads_no_entry() {
    let town = Town::new().await;
    let customer = json!({"name": "c", "community_id": town.n1});
    let customer = town.make("/admin/customers", customer).await;
    let of_customer = Tenants {
        customer: Some(customer),
        ..Tenants::default()
    };
    for (role, tenants) in [
        (Role::Operator, of_community(town.n1)),
        (Role::User, of_customer),
    ] {
        let person = town.person(role.name(), role, tenants).await;
        let who = town.scene.token(&person).await;
        for path in ["/admin/audit", "/admin/audit/verify"] {
            let refused = town.scene.ask_as(&who, Method::GET, path, None).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?} {path}");
        }
    }
}

#[tokio::test]
async fn every_format_tells_the_same_of_the_same_scope() {
    let town = Town::new().await;
    let who = town.admin_of("admin", town.n1).await;
    for number in 0..600 {
        let fact = Fact::new("thing.do", format!("thing/{number}")).is(&json!({"of": "a, \"b\""}));
        let both = fact.of([Chain(town.n1), Chain(town.o1)]);
        town.scene.state.audit.console().write(both).await.unwrap();
    }
    let mut told = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = town
            .audit(&who, &format!("action=thing.do&limit=200{cursor}"))
            .await
            .json();
        told.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(told.len(), 600);
    assert_eq!(told[0]["target"], "thing/599", "the newest comes first");
    assert_eq!(tenants_of(&told), BTreeSet::from([town.n1]));
    let lines = town
        .export(&who, "action=thing.do", "application/x-ndjson")
        .await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let lines = String::from_utf8(lines.bytes).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, told);
    let table = town.export(&who, "action=thing.do", "text/csv").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let mut table = csv::Reader::from_reader(&*table.bytes);
    assert!(table.headers().unwrap().iter().eq(AuditView::HEAD));
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    let cell = |name: &str| {
        AuditView::HEAD
            .iter()
            .position(|head| *head == name)
            .unwrap()
    };
    let targets: Vec<_> = rows
        .iter()
        .map(|row| row[cell("target")].to_owned())
        .collect();
    assert_eq!(
        targets,
        told.iter().map(|it| text(it, "target")).collect::<Vec<_>>()
    );
    for row in &rows {
        assert_eq!(row[cell("tenant_id")], town.n1.to_string());
        assert_eq!(row[cell("after")], json!({"of": "a, \"b\""}).to_string());
    }
    let refused = town.export(&who, "action=thing.do", "image/png").await;
    assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn of_what_moves_each_side_is_told_what_it_was_or_is_there_and_no_id_of_the_other() {
    let town = Town::new().await;
    let Town { d1, d2, n1, o1, .. } = town;
    let mut tank: Value = serde_json::from_str(TANK).unwrap();
    tank["community_id"] = json!(n1);
    let node = town.make("/nodes", tank).await;
    let customer = town
        .make("/admin/customers", json!({"name": "c", "community_id": n1}))
        .await;
    let person = town
        .person("operator", Role::Operator, of_community(n1))
        .await;
    let person = person.account.id;
    // Who looks is made before, so that only the moves tell of another side.
    let [left, entered] = [
        town.admin_of("left", n1).await,
        town.admin_of("entered", o1).await,
    ];
    town.change(&format!("/nodes/{node}"), json!({"community_id": o1}))
        .await;
    town.change(
        &format!("/admin/customers/{customer}"),
        json!({"community_id": o1}),
    )
    .await;
    town.change(
        &format!("/admin/users/{person}"),
        json!({"community_id": o1}),
    )
    .await;
    let moves = [
        format!("action=node.update&target=node/{node}"),
        format!("action=customer.update&target=customer/{customer}"),
        format!("action=user.update&target=user/{person}"),
    ];
    for asked in &moves {
        for (who, own, other, told, untold) in [
            (&left, n1, [o1, d2], "before", "after"),
            (&entered, o1, [n1, d1], "after", "before"),
        ] {
            let [entry] = &town.entries(who, asked).await[..] else {
                panic!("{asked}: not one entry");
            };
            assert_eq!(text(entry, "tenant_id"), own.to_string());
            assert_eq!(entry[told]["community_id"], json!(own), "{asked}: {entry}");
            assert_eq!(entry[untold], Value::Null, "{asked}: {entry}");
            for export in ["application/json", "application/x-ndjson", "text/csv"] {
                let all = town.export(who, "", export).await;
                assert_eq!(all.status, StatusCode::OK);
                let all = String::from_utf8(all.bytes).unwrap();
                assert!(all.contains(&own.to_string()));
                let foreign = other.iter().find(|id| all.contains(&id.to_string()));
                assert_eq!(foreign, None, "{asked} {export}: {all}");
            }
        }
        // Who runs the service reads both.
        assert_eq!(town.entries(&town.root, asked).await.len(), 2, "{asked}");
    }
}

#[tokio::test]
async fn what_stays_in_its_community_is_told_as_it_was_and_as_it_is() {
    let town = Town::new().await;
    let who = town.admin_of("admin", town.n1).await;
    let customer = json!({"name": "c", "community_id": town.n1});
    let customer = town.make("/admin/customers", customer).await;
    town.change(
        &format!("/admin/customers/{customer}"),
        json!({"name": "e"}),
    )
    .await;
    let [entry] = &town.entries(&who, "action=customer.update").await[..] else {
        panic!("not one entry");
    };
    assert_eq!(
        (&entry["before"]["name"], &entry["after"]["name"]),
        (&json!("c"), &json!("e"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_sealed_for_long_is_a_fault_and_a_seal_is_told_to_be_kept() {
    let scene = kept().await;
    let root = scene.root().await;
    let token = scene.token(&root).await;
    let verdict = async || {
        let path = "/admin/audit/verify";
        let told = scene.ask_as(&token, Method::GET, path, None).await;
        told.json()["items"][0].clone()
    };
    let new = verdict().await;
    assert_eq!(new["is_whole"], true, "{new}");
    assert_eq!(new["seal"], Value::Null);
    tokio::time::advance(2 * SEAL_EVERY).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let old = verdict().await;
    assert_eq!(old["is_whole"], false, "{old}");
    assert_eq!(old["broken_at"], 1);
    assert!(text(&old, "fault").starts_with("no seal covers the entry"));
    scene.state.audit.seal().await.unwrap();
    let sealed = verdict().await;
    assert_eq!(sealed["is_whole"], true, "{sealed}");
    let seal: SealCopy = text(&sealed, "seal").parse().unwrap();
    assert_eq!((seal.chain, seal.number), (Chain::SERVICE, 1));
}
