//! Every token that proves nothing, at the door of the real router; and people of the project.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use tokio::time::Instant;

use super::people::Inhabited;
use crate::access::{Role, Tenants, UserId};
use crate::app::accounts::NewAccount;
use crate::auth::token::forged;
use crate::store::{AccountName, Accounts as _};

/// A token of the project whose address was confirmed.
pub(super) const CONFIRMED: &str = "Ec with an address that was confirmed";

/// By half of the tokens at least, on a machine that does other things too.
const REFUSED_WITHIN: Duration = Duration::from_millis(5);

#[tokio::test]
async fn every_bad_token_is_a_401_that_says_nothing_and_soon() {
    let scene = Inhabited::new().await;
    scene.rooms.clock.stop();
    let mut took = Vec::new();
    for forged::Bad { name, token, .. } in forged::bad() {
        let bearer = [b"Bearer ", &token[..]].concat();
        // What no header can say nobody can send.
        let Ok(bearer) = axum::http::HeaderValue::from_bytes(&bearer) else {
            continue;
        };
        let request = Request::get("/api/v1/nodes").header("authorization", bearer);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let asked = Instant::now();
        let reply = scene.send(request).await;
        took.push(asked.elapsed());
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{name}");
        assert_eq!(reply.code(), "unauthenticated", "{name}");
    }
    assert!(took.len() >= 400, "{} tokens", took.len());
    took.sort();
    assert!(
        took[took.len() / 2] < REFUSED_WITHIN,
        "{:?}",
        took[took.len() / 2]
    );
    // Once, for the keys themselves.
    assert!(scene.rooms.project.asked() <= 1);
}

/// A good token of the project, about always the same person.
pub(super) fn of_project(named: &str) -> String {
    let (_, token) = forged::good()
        .into_iter()
        .find(|(name, _)| name == named)
        .unwrap();
    String::from_utf8(token).unwrap()
}

#[tokio::test]
async fn a_person_of_the_project_is_nobody_until_they_ask_for_an_account_and_sees_nothing_then() {
    let scene = Inhabited::new().await;
    let token = of_project(CONFIRMED);
    let me = scene.ask_as(&token, Method::GET, "/auth/me", None).await;
    assert_eq!(
        (me.status, &me.json()["user"]),
        (StatusCode::OK, &json!(null))
    );
    for path in ["/nodes", "/auth/sessions", "/admin/users"] {
        let refused = scene.ask_as(&token, Method::GET, path, None).await;
        assert_eq!(refused.code(), "forbidden", "{path}");
    }
    let synced = scene.ask_as(&token, Method::POST, "/auth/sync", None).await;
    assert_eq!(
        (synced.status, &synced.json()["role"]),
        (StatusCode::OK, &json!("user"))
    );
    let again = scene.ask_as(&token, Method::POST, "/auth/sync", None).await;
    assert_eq!(again.json()["id"], synced.json()["id"]);
    let nodes = scene.ask_as(&token, Method::GET, "/nodes", None).await;
    assert_eq!(nodes.json()["items"], json!([]));
    let out = scene
        .ask_as(&token, Method::POST, "/auth/logout", None)
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    // Another one of the same session is as good as this one was, and so as bad.
    for token in [token, of_project("Ec")] {
        let after = scene.ask_as(&token, Method::GET, "/auth/me", None).await;
        assert_eq!(after.code(), "unauthenticated");
    }
}

/// Has somebody be invited to the address that the project's tokens name; tells their id.
async fn invited(scene: &Inhabited) -> UserId {
    let token = of_project("Ec");
    let me = scene.ask_as(&token, Method::GET, "/auth/me", None).await;
    let new = NewAccount {
        email: me.json()["email"].as_str().unwrap().to_owned(),
        name: "invited".to_owned(),
        role: Role::SuperAdmin,
        tenants: Tenants::default(),
        has_password: false,
    };
    let made = scene
        .state
        .accounts
        .make(new, &scene.state.audit.console())
        .await
        .unwrap();
    made.account.id
}

#[tokio::test]
async fn an_address_that_is_not_proven_is_no_way_into_somebody_elses_account() {
    let scene = Inhabited::new().await;
    invited(&scene).await;
    for named in ["Ec", "Ec with claims that nobody reads"] {
        let token = of_project(named);
        let refused = scene.ask_as(&token, Method::POST, "/auth/sync", None).await;
        assert_eq!(refused.code(), "conflict", "{named}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_proven_is_kept_from_nobody() {
    let scene = Inhabited::new().await;
    let token = of_project("Ec");
    let refused = scene.ask_as(&token, Method::POST, "/auth/sync", None).await;
    assert_eq!(refused.code(), "conflict");
    let told = refused.json()["detail"].to_string();
    assert!(told.contains("email_verified"), "{told}");
    invited(&scene).await;
}

#[tokio::test]
async fn who_proves_the_address_that_was_invited_has_that_account_and_nobody_after_them() {
    let scene = Inhabited::new().await;
    let id = invited(&scene).await;
    let token = of_project(CONFIRMED);
    let before = scene
        .ask_as(&token, Method::GET, "/admin/actors", None)
        .await;
    assert_eq!(before.status, StatusCode::FORBIDDEN);
    let synced = scene.ask_as(&token, Method::POST, "/auth/sync", None).await;
    assert_eq!(synced.json()["id"], id.to_string());
    let after = scene
        .ask_as(&token, Method::GET, "/admin/actors", None)
        .await;
    assert_eq!(after.status, StatusCode::OK);
    let account = scene.rooms.store.account(AccountName::Id(id)).await;
    assert!(account.unwrap().unwrap().external.is_some());
}
