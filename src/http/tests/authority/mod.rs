//! Who may do what to what, on every route: everyone against what is theirs, above, below, beside and
//! another's, as the table says.

mod accounts;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::estate::{PEOPLE, estate, id, inhabited_estate, role};
use super::people::Rooms;
use super::scene::{Reply, Scene};
use crate::access::Permission;
use crate::app::accounts::NewAccount;
use accounts::{ACCOUNTS, has_say, stands};
use table::{About, Row, TABLE, Tenants as Kinds};

/// What each sees, said out: the third wall, against what would be computed wrongly on both sides alike.
fn sees(who: &str) -> BTreeSet<&'static str> {
    let seen: &[&str] = match who {
        "super_admin" => &[
            "d1",
            "d2",
            "n1",
            "n2",
            "s1",
            "o1",
            "c1",
            "c2",
            "c3",
            "c9",
            "node-c1",
            "node-c2",
            "node-n1",
            "node-c3",
            "node-s1",
            "node-c9",
            "node-stray",
            "base",
            "root-too",
            "for-d1",
            "for-n1",
            "at-n1",
            "at-c1",
            "at-n2",
            "at-o1",
        ],
        "distributor" => &[
            "d1", "n1", "n2", "s1", "c1", "c2", "c3", "node-c1", "node-c2", "node-n1", "node-c3",
            "node-s1", "base", "for-d1", "for-n1", "at-n1", "at-c1", "at-n2",
        ],
        "region_admin" => &[
            "n1", "n2", "c1", "c2", "c3", "node-c1", "node-c2", "node-n1", "node-c3", "for-n1",
            "at-n1", "at-c1", "at-n2",
        ],
        "community_admin" | "operator" => &[
            "n1", "c1", "c2", "node-c1", "node-c2", "node-n1", "for-n1", "at-n1", "at-c1",
        ],
        "user" => &["c1", "node-c1"],
        _ => &[],
    };
    seen.iter().copied().collect()
}

/// Who may change tenants of a kind, of those who see them.
fn is_above(who: &str, tenants: Kinds) -> bool {
    let above: &[&str] = match tenants {
        Kinds::Distributors | Kinds::Plans => &["super_admin"],
        Kinds::Communities => &["super_admin", "distributor", "region_admin"],
        Kinds::Customers => &[
            "super_admin",
            "distributor",
            "region_admin",
            "community_admin",
        ],
    };
    above.contains(&who)
}

/// What the path of a route may mean: names of things here, and of one that is not.
fn targets(about: About) -> &'static [&'static str] {
    match about {
        About::Open
        | About::Door
        | About::Oneself
        | About::Any(_)
        | About::Bulk(_)
        | About::Device
        | About::Made(..) => &[""],
        About::Node(_) | About::Push(_) => &[
            "node-c1",
            "node-c2",
            "node-n1",
            "node-c3",
            "node-s1",
            "node-c9",
            "node-stray",
            "missing",
        ],
        About::Account(_) | About::Ward(_) => &[
            "root-too", "for-d1", "for-n1", "at-n1", "at-c1", "at-n2", "at-o1", "missing",
        ],
        About::Tenant(tenants, _) | About::Below(tenants, _) => match tenants {
            Kinds::Distributors => &["d1", "d2", "missing"],
            Kinds::Communities => &["n1", "n2", "s1", "o1", "missing"],
            Kinds::Customers => &["c1", "c2", "c3", "c9", "missing"],
            Kinds::Plans => &["base", "missing"],
        },
    }
}

/// What the matrix says.
fn expected(who: &str, (_, _, about, let_in): &Row, target: &str) -> u16 {
    if matches!(about, About::Open | About::Door) {
        return *let_in;
    }
    match who {
        "anonymous" => 401,
        "device" => match about {
            About::Device | About::Bulk(_) => *let_in,
            About::Push(_) if target == "node-c1" => *let_in,
            About::Open
            | About::Door
            | About::Oneself
            | About::Any(_)
            | About::Node(_)
            | About::Push(_)
            | About::Account(_)
            | About::Ward(_)
            | About::Tenant(..)
            | About::Below(..)
            | About::Made(..) => 404,
        },
        who => of_person(who, *about, target).unwrap_or(*let_in),
    }
}

/// How a person is refused, if they are.
fn of_person(who: &str, about: About, target: &str) -> Option<u16> {
    let lacks = |permission: Permission| !permission.is_had_by(role(who));
    let is_unseen = !sees(who).contains(target);
    match about {
        About::Open | About::Door | About::Oneself => None,
        About::Device => Some(404),
        About::Any(it) | About::Bulk(it) => lacks(it).then_some(403),
        // Whether there are accounts at all is for those alone who may see any.
        About::Account(it) | About::Ward(it) if lacks(it) => Some(403),
        About::Account(_) => is_unseen.then_some(404),
        About::Ward(_) if is_unseen => Some(404),
        About::Ward(_) => (!has_say(who, target)).then_some(403),
        About::Made(tenants, it) => (lacks(it) || !is_above(who, tenants)).then_some(403),
        About::Node(_) | About::Push(_) | About::Tenant(..) | About::Below(..) if is_unseen => {
            Some(404)
        }
        About::Node(it) | About::Push(it) | About::Tenant(_, it) => lacks(it).then_some(403),
        About::Below(tenants, it) => (lacks(it) || !is_above(who, tenants)).then_some(403),
    }
}

/// The estate with a node everywhere, and the credentials of everyone.
struct Matrix {
    scene: Scene,
    _rooms: Rooms,
    /// What has an id that was made: nodes and accounts.
    made: BTreeMap<&'static str, String>,
    credentials: BTreeMap<&'static str, String>,
}

impl Matrix {
    async fn new() -> Self {
        let (scene, rooms) = inhabited_estate().await;
        let mut made = BTreeMap::new();
        for (name, role) in ACCOUNTS {
            let new = NewAccount {
                email: format!("{name}@example.org"),
                name: name.to_owned(),
                role,
                tenants: stands(name, role),
                has_password: false,
            };
            let (accounts, console) = (&scene.state.accounts, scene.state.audit.console());
            let account = accounts.make(new, &console).await.unwrap().account;
            made.insert(name, account.id.to_string());
        }
        for (name, community, customer) in [
            ("node-c1", Some("n1"), Some("c1")),
            ("node-c2", Some("n1"), Some("c2")),
            ("node-n1", Some("n1"), None),
            ("node-c3", Some("n2"), Some("c3")),
            ("node-s1", Some("s1"), None),
            ("node-c9", Some("o1"), Some("c9")),
            ("node-stray", None, None),
        ] {
            made.insert(name, scene.tank(name, community, customer).await);
        }
        let keys = format!("/devices/{}/keys", made["node-c1"]);
        let key = scene.ask("super_admin", Method::POST, &keys, "{}").await;
        let key = key.json()["key"].as_str().unwrap().to_owned();
        let people = PEOPLE.into_iter().map(|who| (who, format!("Bearer {who}")));
        let mut credentials: BTreeMap<_, _> = people.collect();
        credentials.insert("anonymous", String::new());
        credentials.insert("device", format!("Device {key}"));
        Self {
            scene,
            _rooms: rooms,
            made,
            credentials,
        }
    }

    /// Something that was made to be removed, in the list at `path`; of a node that is none there is nothing.
    async fn disposable(&self, path: &str) -> String {
        let body = if path.ends_with("/keys") {
            "{}"
        } else {
            r#"{"network": "203.0.113.0/24", "action": "deny"}"#
        };
        let made = self
            .scene
            .ask("super_admin", Method::POST, path, body)
            .await;
        let id = made.json()["id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| Uuid::nil().to_string())
    }

    /// Asks for a removal of what was made for it, and has it gone after that.
    async fn ask(&self, who: &str, row: &Row, target: &str) -> Reply {
        let (_, path, ..) = row;
        let list = path
            .strip_suffix("/{key_id}")
            .or_else(|| path.strip_suffix("/{rule_id}"));
        let Some(list) = list else {
            return self.ask_of(who, row, target, "").await;
        };
        let list = list.replace("{id}", &self.named(target));
        let doomed = self.disposable(&list).await;
        let reply = self.ask_of(who, row, target, &doomed).await;
        let one = format!("{list}/{doomed}");
        self.scene
            .ask("super_admin", Method::DELETE, &one, "")
            .await;
        reply
    }

    fn named(&self, target: &str) -> String {
        let made = self.made.get(target).cloned();
        made.unwrap_or_else(|| id(target).to_string())
    }

    async fn ask_of(
        &self,
        who: &str,
        (method, path, ..): &Row,
        target: &str,
        doomed: &str,
    ) -> Reply {
        let path = path
            .replace("{id}", &self.named(target))
            .replace("{path}", "status")
            .replace("{key_id}", doomed)
            .replace("{rule_id}", doomed)
            .replace("{channel_id}", "7")
            .replace("{actor}", "root");
        let body = if *method == Method::PATCH { "{}" } else { "[]" };
        let credentials = &self.credentials[who];
        let mut request = super::scene::request(method.clone(), &format!("/api/v1{path}"), body);
        let headers = request.headers_mut();
        headers.remove("authorization");
        headers.insert("if-match", r#""v0""#.parse().unwrap());
        if !credentials.is_empty() {
            headers.insert("authorization", credentials.parse().unwrap());
        }
        self.scene.send(request).await
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_matrix_names_and_nobody_else() {
    let matrix = Matrix::new().await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for row in TABLE {
        for who in matrix.credentials.keys() {
            for target in targets(row.2) {
                let answer = matrix.ask(who, row, target).await;
                let expected = expected(who, row, target);
                asked += 1;
                if answer.status.as_u16() != expected {
                    let (method, path, ..) = row;
                    let got = answer.status;
                    wrong.push(format!(
                        "{who} {method} {path} {target}: {got}, not {expected}"
                    ));
                }
            }
        }
    }
    assert!(asked > 1_500, "{asked}");
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn what_is_anothers_is_answered_to_the_byte_like_what_is_not_there() {
    let matrix = Matrix::new().await;
    let without_id = |reply: &Reply| -> Value {
        let mut json = reply.json();
        json["correlation_id"] = json!(null);
        json
    };
    for row in TABLE
        .iter()
        .filter(|row| targets(row.2).contains(&"missing"))
    {
        for who in PEOPLE {
            // Who may see no account at all is told that, whatever they ask for.
            let is_let_look = if let About::Account(needed) | About::Ward(needed) = row.2 {
                needed.is_had_by(role(who))
            } else {
                true
            };
            if !is_let_look {
                continue;
            }
            let missing = matrix.ask(who, row, "missing").await;
            assert_eq!(missing.status, StatusCode::NOT_FOUND);
            let missing = without_id(&missing);
            for target in targets(row.2).iter().filter(|it| !sees(who).contains(*it)) {
                let foreign = matrix.ask(who, row, target).await;
                assert_eq!(without_id(&foreign), missing, "{who} {} {target}", row.1);
            }
        }
    }
}

#[tokio::test]
async fn every_route_has_a_row_and_every_row_a_route() {
    let scene = estate().await;
    let api = scene.get("/api/openapi.json").await.json();
    let mut served = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else {
            continue;
        };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if item.get(method.to_lowercase()).is_some() {
                served.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    let row = |(method, path, ..): &Row| (method.to_string(), path.replace("{actor}", "{id}"));
    let rows: BTreeSet<_> = TABLE.iter().map(row).collect();
    assert_eq!(rows.len(), TABLE.len(), "some route has two rows");
    let without_row: Vec<_> = served.difference(&rows).collect();
    assert!(without_row.is_empty(), "no row for {without_row:?}");
    let without_route: Vec<_> = rows.difference(&served).collect();
    assert!(without_route.is_empty(), "no route for {without_route:?}");
}

#[tokio::test]
async fn a_key_of_another_node_is_not_there_under_ones_own() {
    let matrix = Matrix::new().await;
    let list = |node: &str| format!("/devices/{}/keys", matrix.made[node]);
    for other in ["node-c2", "node-c3", "node-c9"] {
        let key = matrix.disposable(&list(other)).await;
        let under_own = format!("{}/{key}", list("node-c1"));
        let refused = matrix
            .scene
            .ask("community_admin", Method::DELETE, &under_own, "")
            .await;
        assert_eq!(refused.code(), "not_found", "{other}");
        let kept = matrix
            .scene
            .ask("super_admin", Method::GET, &list(other), "")
            .await;
        assert_eq!(kept.json()["items"][0]["id"], key, "{other}");
    }
}
