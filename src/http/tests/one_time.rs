//! Passwords that were made for somebody: what they open, how often, and for how long.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::advance;

use super::scene::Scene;
use super::users::{EAST, Places, invitation, places};

#[tokio::test]
async fn who_is_invited_with_a_password_signs_in_by_it_and_changes_it_first() {
    let places = places().await;
    let mut body = invitation("operator", "community_id", EAST);
    body["with_password"] = json!(true);
    let made = places.ask(&places.east, Method::POST, "", Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let (email, password) = (
        made["email"].as_str().unwrap(),
        made["one_time_password"].as_str().unwrap(),
    );
    assert_changes_it_first(&places.scene, email, password).await;
    let path = format!("/{}", made["id"].as_str().unwrap());
    let shown = places
        .ask(&places.east, Method::GET, &path, None)
        .await
        .json();
    assert!(shown.get("one_time_password").is_none());
    let gone = places.ask(&places.east, Method::DELETE, &path, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(
        places.scene.log_in(email, CHOSEN, None).await.status,
        StatusCode::UNAUTHORIZED
    );
}

const CHOSEN: &str = "three otters by the weir";

async fn assert_changes_it_first(scene: &Scene, email: &str, password: &str) {
    let signed_in = scene.log_in(email, password, None).await.json();
    assert_eq!(signed_in["user"]["must_change_password"], true);
    let token = signed_in["access_token"].as_str().unwrap();
    for (method, path) in [
        (Method::GET, "/nodes"),
        (Method::GET, "/nodes/key:none"),
        (Method::GET, "/auth/sessions"),
        (Method::POST, "/auth/totp/enroll"),
        (Method::GET, "/admin/users"),
        (Method::POST, "/telemetry"),
    ] {
        let refused = scene.ask_as(token, method, path, Some(json!({}))).await;
        assert_eq!(refused.code(), "forbidden", "{path}");
        assert!(
            refused.json()["detail"]
                .to_string()
                .contains("/auth/password")
        );
    }
    let me = scene.ask_as(token, Method::GET, "/auth/me", None).await;
    assert_eq!(me.json()["user"]["must_change_password"], true);
    let change = async |present: &str, new: &str| {
        let body = json!({ "current_password": present, "new_password": new });
        let changed = scene.ask_as(token, Method::POST, "/auth/password", Some(body));
        changed.await.status
    };
    let same = change(password, password).await;
    assert_eq!(same, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(change(password, CHOSEN).await, StatusCode::NO_CONTENT);
    let signed_in = scene.log_in(email, CHOSEN, None).await.json();
    assert_eq!(signed_in["user"]["must_change_password"], false);
    let token = signed_in["access_token"].as_str().unwrap();
    let nodes = scene.ask_as(token, Method::GET, "/nodes", None).await;
    assert_eq!(nodes.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_one_time_password_is_changed_while_signing_in_and_is_good_once() {
    let places = places().await;
    let mut body = invitation("operator", "community_id", EAST);
    body["with_password"] = json!(true);
    let made = places.ask(&places.east, Method::POST, "", Some(body)).await;
    let made = made.json();
    let (email, password) = (&made["email"], &made["one_time_password"]);
    let log_in = async |password: &Value, new: &str| {
        let body = json!({ "email": email, "password": password, "new_password": new });
        let login = places
            .scene
            .ask_as("", Method::POST, "/auth/login", Some(body));
        login.await
    };
    // More often than anybody may guess.
    for _ in 0..8 {
        let weak = log_in(password, "short").await;
        assert_eq!(weak.json()["errors"][0]["pointer"], "/new_password");
        advance(Duration::from_secs(15)).await;
    }
    let signed_in = log_in(password, CHOSEN).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.json());
    let token = signed_in.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let nodes = places.scene.ask_as(&token, Method::GET, "/nodes", None);
    assert_eq!(nodes.await.status, StatusCode::OK);
    let again = log_in(password, "four otters by the weir").await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let of_their_own = log_in(&json!(CHOSEN), "four otters by the weir").await;
    assert_eq!(of_their_own.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// Somebody who was invited with a password: their address, and the password.
async fn invited(places: &Places) -> (String, String) {
    let mut body = invitation("operator", "community_id", EAST);
    body["with_password"] = json!(true);
    let made = places.ask(&places.east, Method::POST, "", Some(body)).await;
    let made = made.json();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("email"), text("one_time_password"))
}

#[tokio::test(start_paused = true)]
async fn a_one_time_password_lets_in_once_and_what_it_lets_in_goes_nowhere_else() {
    let places = places().await;
    let scene = &places.scene;
    let (email, password) = invited(&places).await;
    let signed_in = scene.log_in(&email, &password, None).await.json();
    let again = scene.log_in(&email, &password, None).await;
    assert_eq!(again.code(), "unauthenticated");
    assert!(
        again.json()["detail"]
            .to_string()
            .contains("ask for another")
    );
    let token = signed_in["access_token"].as_str().unwrap();
    let refresh = json!({ "refresh_token": signed_in["refresh_token"] });
    for (who, path, body) in [
        ("", "/auth/refresh", Some(refresh)),
        (token, "/auth/sync", None),
    ] {
        let refused = scene.ask_as(who, Method::POST, path, body).await;
        assert_eq!(refused.code(), "forbidden", "{path}");
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains("/auth/password"), "{path}: {detail}");
    }
    // Whoever came by it changes it, within the life of the token that it led to.
    let both = json!({ "current_password": password, "new_password": CHOSEN });
    let changed = scene.ask_as(token, Method::POST, "/auth/password", Some(both));
    assert_eq!(changed.await.status, StatusCode::NO_CONTENT);
    let own = scene.log_in(&email, CHOSEN, None).await;
    assert_eq!(own.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_one_time_password_is_good_for_a_week() {
    let places = places().await;
    let week = Duration::from_secs(7 * 24 * 3600);
    let (email, password) = invited(&places).await;
    advance(week).await;
    let late = json!({ "email": email, "password": password, "new_password": CHOSEN });
    let late = places
        .scene
        .ask_as("", Method::POST, "/auth/login", Some(late));
    assert_eq!(late.await.code(), "unauthenticated");
    let witness = places.scene.state.audit.console();
    let accounts = &places.scene.state.accounts;
    let another = accounts.reset_password(&email, &witness).await.unwrap();
    advance(week - Duration::from_secs(60)).await;
    let another = secrecy::ExposeSecret::expose_secret(&another);
    let in_time = places.scene.log_in(&email, another, None).await;
    assert_eq!(in_time.status, StatusCode::OK, "{}", in_time.json());
}

#[tokio::test]
async fn a_one_time_password_is_not_spent_by_a_sign_in_that_began_no_session() {
    let places = places().await;
    let (email, password) = invited(&places).await;
    let log_in = async |new: Option<&str>| {
        let mut body = json!({ "email": email, "password": password });
        if let Some(new) = new {
            body["new_password"] = json!(new);
        }
        let login = places
            .scene
            .ask_as("", Method::POST, "/auth/login", Some(body));
        login.await
    };
    let rooms = &places.scene.rooms;
    rooms.shell(
        "CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    for new in [None, Some(CHOSEN)] {
        assert_eq!(log_in(new).await.code(), "unavailable", "{new:?}");
    }
    rooms.shell("DROP TRIGGER full");
    let signed_in = log_in(None).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.json());
    assert_eq!(signed_in.json()["user"]["must_change_password"], true);
    assert_eq!(log_in(None).await.code(), "unauthenticated");
}
