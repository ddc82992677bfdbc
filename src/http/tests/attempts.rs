//! Attempts at what is not one's own: each leaves a row of the audit, and no word of what was said.

use axum::http::Method;
use serde_json::{Value, json};

use super::acts::kept;
use crate::app::audit::{AuditLog as _, AuditQuery};
use crate::audit::Outcome;

#[tokio::test]
async fn attempts_at_what_is_not_ones_own_are_written_down_without_what_was_said() {
    let scene = kept().await;
    scene.rooms.clock.stop();
    let ana = super::signing_in::user(&scene).await;
    let token = scene.token(&ana).await;
    let root = scene.root().await;
    let root = scene.token(&root).await;
    let missing = format!("/nodes/{}", uuid::Uuid::nil());
    let (wrong, new) = ("an owl in the attic", "seven quiet herons by the weir");
    let person = |field: &str, value: Value| {
        let mut body = json!({ "email": "bo@example.org", "name": "Bo", "role": "operator" });
        body[field] = value;
        Some(body)
    };
    let (tenant, unknown) = (json!("owl"), json!(uuid::Uuid::nil()));
    let (get, post) = (Method::GET, Method::POST);
    for (who, method, path, body, status) in [
        (&token, &get, missing.as_str(), None, 404),
        (&token, &get, "/admin/users", None, 403),
        (
            &token,
            &post,
            "/auth/password",
            Some(json!({ "current_password": wrong, "new_password": new })),
            422,
        ),
        (
            &token,
            &post,
            "/auth/totp/enroll",
            Some(json!({ "password": wrong })),
            422,
        ),
        (
            &token,
            &post,
            "/auth/totp/disable",
            Some(json!({ "password": wrong, "code": "123456" })),
            422,
        ),
        (
            &token,
            &post,
            "/auth/refresh",
            Some(json!({ "refresh_token": wrong })),
            401,
        ),
        (&root, &post, "/admin/users", person("tenant", tenant), 400),
        (
            &root,
            &post,
            "/admin/users",
            person("community_id", unknown),
            422,
        ),
        // What says nothing of anybody's authority is a slip.
        (
            &root,
            &post,
            "/admin/users",
            person("nickname", json!("x")),
            400,
        ),
    ] {
        let reply = scene.ask_as(who, method.clone(), path, body).await;
        assert_eq!(
            reply.status.as_u16(),
            status,
            "{method} {path}: {}",
            reply.json()
        );
    }
    scene.state.refusals().end().await;
    let all = scene.rooms.store.audit_page(AuditQuery::default(), 1_000);
    let all = all.await.unwrap().into_iter().rev();
    let denied = all.map(|listed| listed.row.entry);
    let denied: Vec<_> = denied.filter(|it| it.outcome == Outcome::Denied).collect();
    let told: Vec<_> = denied
        .iter()
        .map(|it| (it.action.as_str(), it.after.as_deref().unwrap_or_default()))
        .collect();
    let expected = [
        ("GET /api/v1/nodes/{id}", ""),
        ("GET /api/v1/admin/users", ""),
        ("user.password", ""),
        ("user.totp.enrol", ""),
        ("user.totp.disable", ""),
        ("session.refresh", ""),
        (
            "POST /api/v1/admin/users",
            r#"{"refused_fields":["tenant"]}"#,
        ),
        (
            "POST /api/v1/admin/users",
            r#"{"refused_fields":["community_id"]}"#,
        ),
    ];
    assert_eq!(told, expected);
    let own = format!("user/{}", ana.account.id);
    assert!(denied[2..5].iter().all(|it| it.target == own));
    assert!(!format!("{denied:?}").contains("owl"));
}
