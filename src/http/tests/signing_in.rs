//! Signing in and out, and how soon somebody is out who is not to be in any more.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::advance;

use super::people::{Inhabited, Person};
use super::scene::{Reply, Scene};
use crate::access::{Role, Tenants};
use crate::store::{AccountName, Accounts as _, Act, Sessions as _};

/// A password that nobody would guess.
const ANOTHER: &str = "seven quiet herons by the weir";

pub(super) fn text(json: &Value, field: &str) -> String {
    json[field].as_str().unwrap().to_owned()
}

fn anonymous(reply: &Reply) -> Value {
    let mut json = reply.json();
    json["correlation_id"] = json!(null);
    json
}

pub(super) async fn user(scene: &Scene) -> Person {
    scene.person("ana", Role::User, Tenants::default()).await
}

async fn status(scene: &Scene, token: &str, method: Method, path: &str) -> StatusCode {
    scene.ask_as(token, method, path, None).await.status
}

async fn refresh(scene: &Scene, token: &str) -> Reply {
    let body = json!({ "refresh_token": token });
    scene
        .ask_as("", Method::POST, "/auth/refresh", Some(body))
        .await
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_is_known_until_they_sign_out() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let reply = scene.log_in("ANA@Example.org", &ana.password, None).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let signed_in = reply.json();
    let token = text(&signed_in, "access_token");
    let me = scene
        .ask_as(&token, Method::GET, "/auth/me", None)
        .await
        .json();
    assert_eq!(me["user"]["email"], "ana@example.org");
    assert_eq!(
        (&me["user"]["role"], &me["session_id"]),
        (&json!("user"), &signed_in["session_id"])
    );
    assert!(
        me["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("nodes:read"))
    );
    let sessions = scene
        .ask_as(&token, Method::GET, "/auth/sessions", None)
        .await
        .json();
    assert_eq!(sessions["items"][0]["current"], true);
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::OK
    );
    assert_eq!(
        status(&scene, &token, Method::POST, "/auth/logout").await,
        StatusCode::NO_CONTENT
    );
    for path in ["/auth/me", "/nodes", "/auth/sessions"] {
        let after = scene.ask_as(&token, Method::GET, path, None).await;
        assert_eq!(after.code(), "unauthenticated", "{path}");
    }
    let after = refresh(&scene, &text(&signed_in, "refresh_token")).await;
    assert_eq!(after.code(), "unauthenticated");
}

#[tokio::test(start_paused = true)]
async fn an_access_token_is_good_for_a_quarter_of_an_hour() {
    let scene = Inhabited::new().await;
    let token = scene.token(&user(&scene).await).await;
    advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::OK
    );
    advance(Duration::from_secs(30)).await;
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_whether_an_address_has_an_account() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    for guess in 0..7 {
        let known = scene
            .log_in("ana@example.org", "wrong password", None)
            .await;
        let unknown = scene
            .log_in("bob@example.org", "wrong password", None)
            .await;
        let expected = if guess < 5 { 401 } else { 429 };
        assert_eq!((known.status.as_u16(), guess), (expected, guess));
        assert_eq!(anonymous(&known), anonymous(&unknown), "{guess}");
        assert_eq!(known.header("retry-after"), unknown.header("retry-after"));
    }
    let no_address = scene.log_in("ana", &ana.password, None).await;
    assert_eq!(no_address.code(), "unauthenticated");
}

#[tokio::test(start_paused = true)]
async fn too_many_wrong_guesses_have_to_wait_and_the_right_one_after_that_is_let_in() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    for _ in 0..5 {
        let wrong = scene
            .log_in("ana@example.org", "wrong password", None)
            .await;
        assert_eq!(wrong.code(), "unauthenticated");
    }
    let early = scene.log_in("ana@example.org", &ana.password, None).await;
    assert_eq!(
        (early.status, early.code()),
        (StatusCode::TOO_MANY_REQUESTS, "rate_limited".to_owned())
    );
    assert_eq!(early.header("retry-after"), "1");
    assert!(early.json()["retry_after_ms"].as_u64().unwrap() <= 1000);
    advance(Duration::from_secs(1)).await;
    let let_in = scene.log_in("ana@example.org", &ana.password, None).await;
    assert_eq!(let_in.status, StatusCode::OK);
    let wrong = scene
        .log_in("ana@example.org", "wrong password", None)
        .await;
    assert_eq!(
        wrong.status,
        StatusCode::UNAUTHORIZED,
        "the count begins anew"
    );
}

#[tokio::test(start_paused = true)]
async fn whom_a_stranger_locks_out_goes_on_where_they_are_signed_in_and_is_let_in_after_the_wait() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let mut signed_in = scene.signed_in(&ana).await;
    let mut waited = Duration::ZERO;
    for _ in 0..24 {
        let guess = scene
            .log_in("ana@example.org", "wrong password", None)
            .await;
        if guess.status == StatusCode::TOO_MANY_REQUESTS {
            let wait = guess.header("retry-after").parse().unwrap();
            assert!(wait <= 15 * 60, "{wait}");
            waited += Duration::from_secs(wait);
            advance(Duration::from_secs(wait)).await;
        }
        let going_on = refresh(&scene, &text(&signed_in, "refresh_token")).await;
        assert_eq!(going_on.status, StatusCode::OK);
        signed_in = going_on.json();
    }
    assert!(waited > Duration::from_secs(15 * 60), "{waited:?}");
    let locked = scene.log_in("ana@example.org", &ana.password, None).await;
    let wait = match locked.status {
        StatusCode::OK => return,
        _ => locked.header("retry-after").parse().unwrap(),
    };
    advance(Duration::from_secs(wait)).await;
    let let_in = scene.log_in("ana@example.org", &ana.password, None).await;
    assert_eq!(let_in.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn of_many_guesses_at_once_no_more_are_looked_at_than_one_after_the_other() {
    let scene = Inhabited::new().await;
    user(&scene).await;
    let guesses = (0..12).map(|_| scene.log_in("ana@example.org", "wrong password", None));
    let mut running = Vec::from_iter(guesses.map(Box::pin));
    let mut statuses = Vec::new();
    let all = async {
        for reply in &mut running {
            statuses.push(reply.await.status.as_u16());
        }
    };
    all.await;
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    assert!(looked_at <= 5, "{statuses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_good_once_and_used_again_ends_the_session() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let first = scene.signed_in(&ana).await;
    let other = scene.token(&ana).await;
    let second = refresh(&scene, &text(&first, "refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK);
    let second = second.json();
    assert_eq!(second["session_id"], first["session_id"]);
    let token = text(&second, "access_token");
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::OK
    );
    let reused = refresh(&scene, &text(&first, "refresh_token")).await;
    assert_eq!(reused.code(), "unauthenticated");
    let newest = refresh(&scene, &text(&second, "refresh_token")).await;
    assert_eq!(newest.code(), "unauthenticated");
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        status(&scene, &other, Method::GET, "/nodes").await,
        StatusCode::OK
    );
    assert_eq!(refresh(&scene, "evr_none").await.code(), "unauthenticated");
}

#[tokio::test(start_paused = true)]
async fn a_session_of_ones_own_can_be_ended_from_another_and_nobody_elses() {
    let scene = Inhabited::new().await;
    let (ana, root) = (user(&scene).await, scene.root().await);
    let (one, other) = (scene.signed_in(&ana).await, scene.token(&ana).await);
    let path = format!("/auth/sessions/{}", text(&one, "session_id"));
    let root = scene.token(&root).await;
    assert_eq!(
        status(&scene, &root, Method::DELETE, &path).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        status(&scene, &other, Method::DELETE, &path).await,
        StatusCode::NO_CONTENT
    );
    let ended = text(&one, "access_token");
    assert_eq!(
        status(&scene, &ended, Method::GET, "/nodes").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        status(&scene, &other, Method::GET, "/nodes").await,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn another_password_ends_every_session_and_the_old_one_is_good_no_more() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let token = scene.token(&ana).await;
    let change = async |present: &str, new: &str| {
        let body = json!({ "current_password": present, "new_password": new });
        scene
            .ask_as(&token, Method::POST, "/auth/password", Some(body))
            .await
    };
    for (present, new, pointer) in [
        ("wrong password", ANOTHER, "/current_password"),
        (&*ana.password, "short", "/new_password"),
        (&*ana.password, "password12345", "/new_password"),
        (&*ana.password, "example.2026.", "/new_password"),
    ] {
        let refused = change(present, new).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{new}");
    }
    advance(Duration::from_secs(60)).await;
    assert_eq!(
        change(&ana.password, ANOTHER).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::UNAUTHORIZED
    );
    let old = scene.log_in("ana@example.org", &ana.password, None).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let new = scene.log_in("ana@example.org", ANOTHER, None).await.json();
    let token = text(&new, "access_token");
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_disabled_or_demoted_here_is_so_at_once() {
    let scene = Inhabited::new().await;
    let (root, other) = (
        scene.root().await,
        scene
            .person("eve", Role::SuperAdmin, Tenants::default())
            .await,
    );
    let (root, eve) = (scene.token(&root).await, scene.token(&other).await);
    assert_eq!(
        status(&scene, &eve, Method::GET, "/admin/actors").await,
        StatusCode::OK
    );
    let path = format!("/admin/users/{}", other.account.id);
    let demoted = json!({ "role": "user" });
    let changed = scene
        .ask_as(&root, Method::PATCH, &path, Some(demoted))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json());
    assert_eq!(
        status(&scene, &eve, Method::GET, "/admin/actors").await,
        StatusCode::FORBIDDEN
    );
    let disabled = json!({ "disabled": true });
    let changed = scene
        .ask_as(&root, Method::PATCH, &path, Some(disabled))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json());
    assert_eq!(
        status(&scene, &eve, Method::GET, "/auth/sessions").await,
        StatusCode::UNAUTHORIZED
    );
    let again = scene.log_in("eve@example.org", &other.password, None).await;
    assert_eq!(again.code(), "unauthenticated");
}

#[tokio::test(start_paused = true)]
async fn who_is_out_elsewhere_reads_for_five_seconds_at_most_and_writes_nothing() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let signed_in = scene.signed_in(&ana).await;
    let token = text(&signed_in, "access_token");
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::OK
    );
    // As another process on the same store would.
    let session = text(&signed_in, "session_id").parse().unwrap();
    let store = &scene.rooms.store;
    store
        .end_session(
            ana.account.id,
            session,
            scene.state.clock.now(),
            Act::default(),
        )
        .await
        .unwrap();
    let write = status(&scene, &token, Method::POST, "/auth/totp/enroll").await;
    assert_eq!(write, StatusCode::UNAUTHORIZED);
    advance(Duration::from_secs(5)).await;
    assert_eq!(
        status(&scene, &token, Method::GET, "/nodes").await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(start_paused = true)]
async fn no_password_and_no_token_is_kept_as_it_is() {
    let scene = Inhabited::new().await;
    let ana = user(&scene).await;
    let signed_in = scene.signed_in(&ana).await;
    let kept = scene
        .rooms
        .store
        .account(AccountName::Id(ana.account.id))
        .await
        .unwrap();
    let kept = format!("{kept:?}");
    for secret in [&ana.password, &text(&signed_in, "refresh_token")] {
        assert!(!kept.contains(secret.as_str()));
    }
}
