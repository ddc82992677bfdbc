//! Several people who change one account at the same time.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::Inhabited;
use crate::access::{Role, Tenants};

const EAST: Uuid = Uuid::from_u128(0xea);

#[tokio::test]
async fn a_change_takes_nothing_back_that_it_does_not_speak_of() {
    let scene = Inhabited::new().await;
    scene.plant(super::scoped::forest()).await;
    let root = scene.root().await;
    let root = scene.token(&root).await;
    let tenants = Tenants {
        community: Some(EAST),
        ..Tenants::default()
    };
    let ana = scene.person("ana", Role::Operator, tenants).await;
    let path = format!("/admin/users/{}", ana.account.id);
    let change = |body: Value| scene.ask_as(&root, Method::PATCH, &path, Some(body));
    for round in 0..8 {
        let restored = json!({ "role": "community_admin", "disabled": false });
        assert_eq!(change(restored).await.status, StatusCode::OK);
        let renamed = |number| change(json!({ "name": format!("{round}.{number}") }));
        let (_, demoted, _, disabled, _) = tokio::join!(
            renamed(1),
            change(json!({ "role": "operator" })),
            renamed(2),
            change(json!({ "disabled": true })),
            renamed(3),
        );
        assert_eq!(demoted.status, StatusCode::OK, "{}", demoted.json());
        assert_eq!(disabled.status, StatusCode::OK, "{}", disabled.json());
        let left = scene.ask_as(&root, Method::GET, &path, None).await.json();
        assert_eq!(left["role"], "operator", "{left}");
        assert_eq!(left["disabled"], true, "{left}");
    }
}
