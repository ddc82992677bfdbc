//! Cursors of lists: good for whom they were given, where, and for what was asked; and they tell nothing.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::acts::kept;
use super::people::Inhabited;
use super::scene::{Reply, TANK};
use super::signing_in::text;
use crate::access::{Role, Tenants};
use crate::app::audit::{AuditLog as _, AuditQuery};

/// Lists, each with the same place at another path, or what else can be asked of it.
const LISTS: [(&str, &[&str]); 8] = [
    (
        "/nodes?kind=tank",
        &["/nodes?kind=flow", "/nodes", "/dashboard/fleet?kind=tank"],
    ),
    (
        "/dashboard/fleet?q=oht",
        &["/dashboard/fleet?q=oh", "/nodes?q=oht"],
    ),
    (
        "/admin/distributors?",
        &["/admin/communities?", "/admin/plans"],
    ),
    (
        "/admin/communities?region=north",
        &["/admin/communities", "/admin/communities?region=south"],
    ),
    (
        "/admin/customers?",
        &[
            "/admin/users",
            "/admin/customers?community_id=00000000-0000-0000-0000-000000000001",
        ],
    ),
    ("/admin/users?", &["/admin/distributors"]),
    (
        "/admin/audit?action=community.create",
        &["/admin/audit", "/admin/audit?action=community.update"],
    ),
    (
        "/admin/audit/verify?",
        &["/admin/audit", "/admin/communities"],
    ),
];

/// Three of everything, for two who run the service.
struct Lists {
    scene: Inhabited,
    root: String,
    other: String,
    node: String,
}

impl Lists {
    async fn new() -> Self {
        let scene = kept().await;
        scene.rooms.clock.stop();
        let root = scene.root().await;
        let other = scene
            .person("other", Role::SuperAdmin, Tenants::default())
            .await;
        scene.person("third", Role::User, Tenants::default()).await;
        let mut lists = Self {
            root: scene.token(&root).await,
            other: scene.token(&other).await,
            node: String::new(),
            scene,
        };
        for name in ["a", "b", "c"] {
            let tank = TANK.replace("oht-7", &format!("oht-{name}"));
            let made = lists
                .make("/nodes", serde_json::from_str(&tank).unwrap())
                .await;
            lists.node = text(&made, "id");
            let made = lists
                .make("/admin/distributors", json!({ "name": name }))
                .await;
            let community = json!({"name": name, "distributor_id": made["id"], "region": "north"});
            let made = lists.make("/admin/communities", community).await;
            let customer = json!({"name": name, "community_id": made["id"]});
            lists.make("/admin/customers", customer).await;
        }
        lists
    }

    async fn make(&self, path: &str, body: Value) -> Value {
        let made = self
            .scene
            .ask_as(&self.root, Method::POST, path, Some(body))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{path}: {}", made.json());
        made.json()
    }

    /// A page of one, or of so many.
    async fn page(&self, who: &str, list: &str, cursor: &str, limit: u32) -> Reply {
        let and = if list.contains('?') { '&' } else { '?' };
        let path = format!("{list}{and}limit={limit}&cursor={cursor}").replace("?&", "?");
        self.scene.ask_as(who, Method::GET, &path, None).await
    }

    /// What comes first in a list, and the cursor of what comes behind.
    async fn first(&self, who: &str, list: &str) -> (Value, String) {
        let and = if list.contains('?') { '&' } else { '?' };
        let path = format!("{list}{and}limit=1").replace("?&", "?");
        let page = self
            .scene
            .ask_as(who, Method::GET, &path, None)
            .await
            .json();
        let cursor = page["next_cursor"].as_str();
        let cursor = cursor.unwrap_or_else(|| panic!("{list}: {page}"));
        (page["items"][0].clone(), cursor.to_owned())
    }

    async fn refuses(&self, who: &str, list: &str, cursor: &str) {
        let refused = self.page(who, list, cursor, 1).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{list} {cursor}");
        let problem = refused.json();
        assert_eq!(problem["code"], "invalid_request");
        assert_eq!(
            problem["errors"][0]["pointer"], "/cursor",
            "{list}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_cursor_goes_on_for_whom_it_was_given_and_for_the_same_question() {
    let lists = Lists::new().await;
    for (list, others) in LISTS {
        let (first, cursor) = lists.first(&lists.root, list).await;
        for limit in [1, 2] {
            let next = lists.page(&lists.root, list, &cursor, limit).await;
            assert_eq!(next.status, StatusCode::OK, "{list}");
            let next = next.json()["items"][0].clone();
            assert!(next.is_object() && next != first, "{list}: {next}");
        }
        lists.refuses(&lists.other, list, &cursor).await;
        for other in others {
            lists.refuses(&lists.root, other, &cursor).await;
        }
    }
}

#[tokio::test]
async fn filters_may_come_in_another_order() {
    let lists = Lists::new().await;
    let (_, cursor) = lists.first(&lists.root, "/nodes?kind=tank&q=oht").await;
    let next = lists
        .page(&lists.root, "/nodes?q=oht&kind=tank", &cursor, 1)
        .await;
    assert_eq!(next.status, StatusCode::OK);
}

#[tokio::test]
async fn who_sees_something_else_by_now_begins_anew() {
    let lists = Lists::new().await;
    let (first, _) = lists.first(&lists.root, "/admin/distributors").await;
    let tenants = Tenants {
        distributor: Some(text(&first, "id").parse().unwrap()),
        ..Tenants::default()
    };
    let mo = lists.scene.person("mo", Role::Distributor, tenants).await;
    let list = "/admin/audit/verify";
    let token = lists.scene.token(&mo).await;
    let (_, cursor) = lists.first(&token, list).await;
    // Of another session, and as far as before.
    let token = lists.scene.token(&mo).await;
    let next = lists.page(&token, list, &cursor, 1).await;
    assert_eq!(next.status, StatusCode::OK);
    let change = json!({"role": "region_admin", "region": "north"});
    let path = format!("/admin/users/{}", mo.account.id);
    let changed = lists
        .scene
        .ask_as(&lists.root, Method::PATCH, &path, Some(change))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json());
    let token = lists.scene.token(&mo).await;
    lists.refuses(&token, list, &cursor).await;
}

#[tokio::test]
async fn no_list_takes_a_cursor_that_it_did_not_give() {
    let lists = Lists::new().await;
    let (_, true_one) = lists.first(&lists.root, "/admin/distributors").await;
    let mut altered = URL_SAFE_NO_PAD.decode(&true_one).unwrap();
    altered[7] ^= 1;
    let api = lists.scene.get("/api/openapi.json").await.json();
    let mut found = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let asked = item["get"]["parameters"].as_array();
        let mut asked = asked.into_iter().flatten();
        if !asked.any(|it| it["in"] == "query" && it["name"] == "cursor") {
            continue;
        }
        found += 1;
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let path = path.replace("{id}", &lists.node);
        // What it was once: the place itself, in hexadecimal.
        let plain: String = b"7".iter().map(|byte| format!("{byte:02x}")).collect();
        let garbage = ["", "AAAA", "%00", &plain, &"A".repeat(4_000)];
        let altered = URL_SAFE_NO_PAD.encode(&altered);
        for cursor in garbage.into_iter().chain([altered.as_str()]) {
            lists.refuses(&lists.root, &path, cursor).await;
        }
        if path != "/admin/distributors" {
            lists.refuses(&lists.root, &path, &true_one).await;
        }
    }
    assert!(found >= 12, "{found} lists have cursors");
}

#[tokio::test]
async fn a_cursor_of_the_audit_does_not_tell_how_much_others_do() {
    let lists = Lists::new().await;
    let store = &lists.scene.rooms.store;
    let mut lengths = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let (_, cursor) = lists.first(&lists.root, "/admin/audit").await;
        let newest = store.audit_page(AuditQuery::default(), 1).await.unwrap();
        let id = newest[0].row.id;
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for told in [id.to_string().into_bytes(), id.to_be_bytes().to_vec()] {
            let is_told = bytes.windows(told.len()).any(|part| part == told);
            assert!(told.len() < 3 || !is_told, "{id} is in {cursor}");
        }
        lengths.insert(cursor.len());
        for number in 0..40 {
            lists
                .make("/admin/plans", json!({ "name": format!("{id}-{number}") }))
                .await;
        }
    }
    // From two digits to three.
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}
