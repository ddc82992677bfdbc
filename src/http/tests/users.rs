//! Whom people see, invite, change and remove.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::{Inhabited, Person};
use super::scene::Reply;
use crate::access::{Role, Tenants};

pub(super) const EAST: Uuid = Uuid::from_u128(0xea);
const WEST: Uuid = Uuid::from_u128(0xee);
const DISTRIBUTOR: Uuid = Uuid::from_u128(0xd);

fn community(id: Uuid) -> Tenants {
    Tenants {
        community: Some(id),
        ..Tenants::default()
    }
}

pub(super) struct Places {
    pub(super) scene: Inhabited,
    pub(super) root: String,
    pub(super) east: String,
    pub(super) of_east: Person,
    of_west: Person,
}

pub(super) async fn places() -> Places {
    let scene = Inhabited::new().await;
    scene.plant(super::scoped::forest()).await;
    let root = scene.root().await;
    let admin = scene
        .person("east", Role::CommunityAdmin, community(EAST))
        .await;
    let of_east = scene.person("ost", Role::Operator, community(EAST)).await;
    let of_west = scene.person("west", Role::Operator, community(WEST)).await;
    Places {
        root: scene.token(&root).await,
        east: scene.token(&admin).await,
        scene,
        of_east,
        of_west,
    }
}

pub(super) fn invitation(role: &str, tenant: &str, id: Uuid) -> Value {
    json!({ "email": format!("{role}-{id}@example.org"), "name": "New", "role": role, tenant: id })
}

impl Places {
    pub(super) async fn ask(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let path = format!("/admin/users{path}");
        self.scene.ask_as(who, method, &path, body).await
    }

    async fn emails(&self, who: &str) -> Vec<String> {
        let (mut emails, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self
                .ask(who, Method::GET, &format!("?limit=2{cursor}"), None)
                .await
                .json();
            let items = page["items"].as_array().unwrap();
            emails.extend(
                items
                    .iter()
                    .map(|item| item["email"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return emails,
            }
        }
    }
}

#[tokio::test]
async fn one_sees_the_accounts_inside_ones_own_reach_and_no_others() {
    let places = places().await;
    let all = ["root", "east", "ost", "west"].map(|name| format!("{name}@example.org"));
    assert_eq!(places.emails(&places.root).await, all);
    assert_eq!(places.emails(&places.east).await, all[1..3]);
    let foreign = format!("/{}", places.of_west.account.id);
    let missing = format!("/{}", Uuid::from_u128(5));
    for (method, body) in [
        (Method::GET, None),
        (Method::PATCH, Some(json!({ "name": "x" }))),
        (Method::DELETE, None),
    ] {
        for path in [&foreign, &missing] {
            let reply = places
                .ask(&places.east, method.clone(), path, body.clone())
                .await;
            assert_eq!(reply.code(), "not_found", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nobody_invites_upward_or_outside_of_their_own_reach() {
    let places = places().await;
    for (role, tenant, id, status) in [
        ("operator", "community_id", EAST, StatusCode::CREATED),
        (
            "operator",
            "community_id",
            WEST,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "operator",
            "community_id",
            Uuid::from_u128(9),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "community_admin",
            "community_id",
            EAST,
            StatusCode::FORBIDDEN,
        ),
        (
            "distributor",
            "distributor_id",
            DISTRIBUTOR,
            StatusCode::FORBIDDEN,
        ),
        (
            "user",
            "customer_id",
            Uuid::from_u128(9),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "user",
            "community_id",
            EAST,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let body = invitation(role, tenant, id);
        let reply = places.ask(&places.east, Method::POST, "", Some(body)).await;
        assert_eq!(
            reply.status,
            status,
            "{role} {tenant} {id}: {}",
            reply.json()
        );
    }
    let twice = invitation("operator", "community_id", EAST);
    let twice = places
        .ask(&places.east, Method::POST, "", Some(twice))
        .await;
    assert_eq!(twice.code(), "conflict");
    let own = json!({ "email": "ost@example.org", "role": "community_admin" });
    let path = format!("/{}", places.of_east.account.id);
    let raised = places
        .ask(
            &places.east,
            Method::PATCH,
            &path,
            Some(json!({ "role": own["role"] })),
        )
        .await;
    assert_eq!(raised.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_last_who_runs_the_service_stays() {
    let places = places().await;
    let me = places
        .scene
        .ask_as(&places.root, Method::GET, "/auth/me", None)
        .await
        .json();
    let path = format!("/{}", me["user"]["id"].as_str().unwrap());
    for body in [json!({ "disabled": true }), json!({ "role": "user" })] {
        let refused = places
            .ask(&places.root, Method::PATCH, &path, Some(body))
            .await;
        assert_eq!(refused.code(), "conflict");
    }
    let refused = places.ask(&places.root, Method::DELETE, &path, None).await;
    assert_eq!(refused.code(), "conflict");
    let renamed = places
        .ask(
            &places.root,
            Method::PATCH,
            &path,
            Some(json!({ "name": "R" })),
        )
        .await;
    assert_eq!(renamed.status, StatusCode::OK);
}

#[tokio::test]
async fn what_nobody_asked_for_is_refused_and_not_taken_along() {
    let places = places().await;
    for field in [
        "id",
        "password",
        "tenant",
        "version",
        "external_id",
        "disabled",
        "reach",
    ] {
        let mut body = invitation("operator", "community_id", EAST);
        body[field] = json!("x");
        let refused = places.ask(&places.root, Method::POST, "", Some(body)).await;
        assert_eq!(refused.code(), "invalid_request", "{field}");
    }
    let path = format!("/{}", places.of_east.account.id);
    for field in [
        "id",
        "password",
        "email",
        "version",
        "valid_from",
        "has_totp",
    ] {
        let refused = places
            .ask(
                &places.root,
                Method::PATCH,
                &path,
                Some(json!({ field: "x" })),
            )
            .await;
        assert_eq!(refused.code(), "invalid_request", "{field}");
    }
    for (path, body) in [
        (
            "/auth/login",
            json!({ "email": "a@b", "password": "x", "role": "super_admin" }),
        ),
        (
            "/auth/refresh",
            json!({ "refresh_token": "x", "user": "x" }),
        ),
        (
            "/auth/password",
            json!({ "current_password": "x", "new_password": "x", "user": "x" }),
        ),
        ("/auth/totp/confirm", json!({ "code": "x", "user": "x" })),
    ] {
        let refused = places
            .scene
            .ask_as(&places.east, Method::POST, path, Some(body))
            .await;
        assert_eq!(refused.code(), "invalid_request", "{path}");
    }
}

#[tokio::test]
async fn who_answers_for_a_region_answers_for_one_that_has_a_name() {
    let places = places().await;
    let place =
        json!({ "role": "region_admin", "distributor_id": DISTRIBUTOR, "community_id": null });
    let with = |region: &str, more: &[(&str, &str)]| {
        let mut body = place.clone();
        body["region"] = json!(region);
        for (field, value) in more {
            body[field] = json!(value);
        }
        body
    };
    let new = [("email", "rita@example.org"), ("name", "Rita")];
    let one = format!("/{}", places.of_east.account.id);
    for (method, path, more, done) in [
        (Method::POST, "", &new[..], StatusCode::CREATED),
        (Method::PATCH, &one, &[], StatusCode::OK),
    ] {
        let ask = async |region| {
            let body = Some(with(region, more));
            places.ask(&places.root, method.clone(), path, body).await
        };
        let refused = ask("").await;
        assert_eq!(refused.code(), "validation_failed", "{method}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/region");
        assert_eq!(ask("north").await.status, done, "{method}");
    }
}

#[tokio::test]
async fn who_answers_for_no_region_from_before_stays_as_they_are() {
    let places = places().await;
    let Person { account, .. } = &places.of_east;
    let distributor = DISTRIBUTOR.simple();
    places.scene.rooms.shell(&format!(
        "UPDATE users SET role = 'region_admin', region = '', distributor_id = x'{distributor}', \
         community_id = NULL WHERE email = '{}'",
        account.email
    ));
    let path = format!("/{}", account.id);
    let renamed = places.ask(
        &places.root,
        Method::PATCH,
        &path,
        Some(json!({"name": "Rita"})),
    );
    let renamed = renamed.await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.json());
    assert_eq!(renamed.json()["region"], "");
}

#[tokio::test]
async fn a_name_of_any_script_is_kept_byte_for_byte_or_refused() {
    let places = places().await;
    let path = format!("/{}", places.of_east.account.id);
    for name in [
        "अना № 7",
        "null",
        "'; DROP TABLE users; --",
        "<script>",
        "\u{202e}evil",
        "\u{e000}0",
        "ﷺ",
        "👩‍👩‍👧",
        "Ω≈ç√",
        "e\u{301}",
        " ",
        "%s%n",
        "\u{feff}",
        "${jndi:x}",
        "../../etc",
        "a\0b",
        "a\nb",
        "",
        "\u{7f}",
    ] {
        let body = json!({ "name": name });
        let reply = places
            .ask(&places.east, Method::PATCH, &path, Some(body))
            .await;
        if name.is_empty() || name.chars().any(char::is_control) {
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
            continue;
        }
        assert_eq!(reply.status, StatusCode::OK, "{name:?}");
        let kept = places
            .ask(&places.east, Method::GET, &path, None)
            .await
            .json();
        assert_eq!(kept["name"], name);
    }
}

#[tokio::test]
async fn an_account_is_changed_and_removed_only_as_it_was_read() {
    let places = places().await;
    let path = format!("/{}", places.of_east.account.id);
    let shown = places.ask(&places.east, Method::GET, &path, None).await;
    let read = shown.header("etag").to_owned();
    assert!(read.starts_with("\"v"), "{read}");
    let ask = async |method: Method, tag: &str, body: Value| {
        let path = format!("/api/v1/admin/users{path}");
        let mut request = super::scene::request(method, &path, &body.to_string());
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", places.east).parse().unwrap();
        headers.insert("authorization", bearer);
        headers.insert("if-match", tag.parse().unwrap());
        places.scene.send(request).await
    };
    // That they sign in, or fail to, changes nothing that anybody was shown.
    places
        .scene
        .log_in("ost@example.org", "not this one", None)
        .await;
    places.scene.signed_in(&places.of_east).await;
    let renamed = ask(Method::PATCH, &read, json!({ "name": "One" })).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.json());
    for tag in [&read, "\"v1\"", "\"r1\""] {
        for (method, body) in [
            (Method::PATCH, json!({ "name": "Two" })),
            (Method::DELETE, json!({})),
        ] {
            let late = ask(method, tag, body).await;
            assert_eq!(late.code(), "precondition_failed", "{tag}");
        }
    }
    let now = places.ask(&places.east, Method::GET, &path, None).await;
    assert_eq!(now.header("etag"), renamed.header("etag"));
    assert_eq!(now.json()["name"], "One");
    let any = ask(Method::PATCH, "*", json!({ "name": "Three" })).await;
    assert_eq!(any.status, StatusCode::OK);
    let gone = ask(Method::DELETE, any.header("etag"), json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}
