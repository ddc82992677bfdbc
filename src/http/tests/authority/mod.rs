//! Who may do what to what, on every route: everyone against what is theirs, above, below, beside and
//! another's, as the table says.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::estate::{PEOPLE, estate, id, role};
use super::scene::{Reply, Scene};
use crate::access::Permission;
use table::{About, Row, TABLE, Tenants};

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
        ],
        "distributor" => &[
            "d1", "n1", "n2", "s1", "c1", "c2", "c3", "node-c1", "node-c2", "node-n1", "node-c3",
            "node-s1", "base",
        ],
        "region_admin" => &[
            "n1", "n2", "c1", "c2", "c3", "node-c1", "node-c2", "node-n1", "node-c3",
        ],
        "community_admin" | "operator" => &["n1", "c1", "c2", "node-c1", "node-c2", "node-n1"],
        "user" => &["c1", "node-c1"],
        _ => &[],
    };
    seen.iter().copied().collect()
}

/// Who may change tenants of a kind, of those who see them.
fn is_above(who: &str, tenants: Tenants) -> bool {
    let above: &[&str] = match tenants {
        Tenants::Distributors | Tenants::Plans => &["super_admin"],
        Tenants::Communities => &["super_admin", "distributor", "region_admin"],
        Tenants::Customers => &[
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
        About::Tenant(tenants, _) | About::Below(tenants, _) => match tenants {
            Tenants::Distributors => &["d1", "d2", "missing"],
            Tenants::Communities => &["n1", "n2", "s1", "o1", "missing"],
            Tenants::Customers => &["c1", "c2", "c3", "c9", "missing"],
            Tenants::Plans => &["base", "missing"],
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
    nodes: BTreeMap<&'static str, String>,
    credentials: BTreeMap<&'static str, String>,
}

impl Matrix {
    async fn new() -> Self {
        let scene = estate().await;
        let mut nodes = BTreeMap::new();
        for (name, community, customer) in [
            ("node-c1", Some("n1"), Some("c1")),
            ("node-c2", Some("n1"), Some("c2")),
            ("node-n1", Some("n1"), None),
            ("node-c3", Some("n2"), Some("c3")),
            ("node-s1", Some("s1"), None),
            ("node-c9", Some("o1"), Some("c9")),
            ("node-stray", None, None),
        ] {
            nodes.insert(name, scene.tank(name, community, customer).await);
        }
        let keys = format!("/devices/{}/keys", nodes["node-c1"]);
        let key = scene.ask("super_admin", Method::POST, &keys, "{}").await;
        let key = key.json()["key"].as_str().unwrap().to_owned();
        let people = PEOPLE.into_iter().map(|who| (who, format!("Bearer {who}")));
        let mut credentials: BTreeMap<_, _> = people.collect();
        credentials.insert("anonymous", String::new());
        credentials.insert("device", format!("Device {key}"));
        Self {
            scene,
            nodes,
            credentials,
        }
    }

    async fn ask(&self, who: &str, (method, path, ..): &Row, target: &str) -> Reply {
        let named = self.nodes.get(target).cloned();
        let named = named.unwrap_or_else(|| id(target).to_string());
        let path = path
            .replace("{id}", &named)
            .replace("{path}", "status")
            .replace("{key_id}", "none")
            .replace("{rule_id}", "none")
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
