//! An authenticator, from its first code to its last.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::advance;

use super::digits::shown;
use super::people::Inhabited;
use super::signing_in::{text, user};

/// The six digits that an authenticator shows `seconds` from the beginning.
pub(super) fn code(uri: &str, seconds: i64) -> String {
    shown(
        uri,
        crate::auth::token::forged::NOW.millis() / 1000 + seconds,
    )
}

#[tokio::test(start_paused = true)]
async fn an_authenticator_is_asked_for_once_it_is_confirmed_and_each_of_its_codes_is_good_once() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let token = scene.token(&ana).await;
    let act = async |name: &str, body: Option<Value>| {
        let path = format!("/auth/totp/{name}");
        scene.ask_as(&token, Method::POST, &path, body).await
    };
    let early = act("confirm", Some(json!({ "code": "123456" }))).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let own = json!({ "password": ana.password });
    let uri = text(&act("enroll", Some(own)).await.json(), "otpauth_uri");
    assert_eq!(scene.signed_in(&ana).await["user"]["has_totp"], false);
    let wrong = act("confirm", Some(json!({ "code": "nonsense" }))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let confirmed = act("confirm", Some(json!({ "code": code(&uri, 0) })))
        .await
        .json();
    let recovery = confirmed["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(recovery.len(), 10);
    let log_in =
        async |totp: Option<&str>| scene.log_in("ana@example.org", &ana.password, totp).await;
    let none = log_in(None).await;
    assert_eq!(
        (none.status, &none.json()["errors"][0]["pointer"]),
        (StatusCode::UNAUTHORIZED, &json!("/totp"))
    );
    assert_eq!(
        log_in(Some(&code(&uri, 0))).await.status,
        StatusCode::UNAUTHORIZED,
        "used to confirm"
    );
    advance(Duration::from_secs(30)).await;
    let next = code(&uri, 30);
    assert_eq!(log_in(Some(&next)).await.status, StatusCode::OK);
    assert_eq!(
        log_in(Some(&next)).await.status,
        StatusCode::UNAUTHORIZED,
        "a code twice"
    );
    let drawer = recovery[3].as_str().unwrap();
    assert_eq!(log_in(Some(drawer)).await.status, StatusCode::OK);
    assert_eq!(
        log_in(Some(drawer)).await.status,
        StatusCode::UNAUTHORIZED,
        "a recovery code twice"
    );
    let body = json!({ "password": ana.password, "code": recovery[4] });
    assert_eq!(
        act("disable", Some(body)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(log_in(None).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_token_alone_neither_adds_nor_removes_an_authenticator() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let token = scene.token(&ana).await;
    let act = async |name: &str, body: Value| {
        let path = format!("/auth/totp/{name}");
        scene.ask_as(&token, Method::POST, &path, Some(body)).await
    };
    assert_eq!(act("enroll", json!({})).await.code(), "invalid_request");
    let wrong = json!({ "password": "not this one", "code": "123456" });
    let guess = async |name: &str| {
        let fields: &[&str] = if name == "enroll" {
            &["password"]
        } else {
            &["password", "code"]
        };
        let fields = fields
            .iter()
            .map(|field| ((*field).to_owned(), wrong[field].clone()));
        act(name, fields.collect::<serde_json::Map<_, _>>().into()).await
    };
    for name in ["enroll", "disable", "enroll", "disable", "enroll"] {
        let refused = guess(name).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/password",
            "{name}"
        );
    }
    // They count like those at the door, and are counted with them.
    for name in ["enroll", "disable"] {
        assert_eq!(guess(name).await.code(), "rate_limited", "{name}");
    }
    let door = scene.log_in("ana@example.org", &ana.password, None).await;
    assert_eq!(door.code(), "rate_limited");
    advance(Duration::from_secs(1)).await;
    let right = act("enroll", json!({ "password": ana.password })).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.json());
    // Whoever was right begins anew, and guesses at the first code are counted, too.
    for _ in 0..5 {
        let wrong = act("confirm", json!({ "code": "nonsense" })).await;
        assert_eq!(wrong.json()["errors"][0]["pointer"], "/code");
    }
    let early = act("confirm", json!({ "code": "nonsense" })).await;
    assert_eq!(early.code(), "rate_limited");
    advance(Duration::from_secs(1)).await;
    let shown = code(&text(&right.json(), "otpauth_uri"), 2);
    let confirmed = act("confirm", json!({ "code": shown })).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.json());
}
