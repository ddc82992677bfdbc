//! People whose tenant is to be removed, over a store that has both.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::acts::kept;

#[tokio::test]
async fn a_tenant_is_not_removed_from_under_its_people() {
    let scene = kept().await;
    let root = scene.root().await;
    let root = scene.token(&root).await;
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let path = format!("/admin/{path}");
        scene.ask_as(&root, method, &path, body).await
    };
    let north = ask(
        Method::POST,
        "distributors",
        Some(json!({ "name": "North" })),
    );
    let north = north.await.json()["id"].clone();
    let path = format!("distributors/{}", north.as_str().unwrap());
    let person = json!({ "email": "bo@example.org", "name": "Bo", "role": "distributor",
                         "distributor_id": north });
    let invited = ask(Method::POST, "users", Some(person)).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.json());
    let refused = ask(Method::DELETE, &path, None).await;
    assert_eq!(refused.code(), "conflict");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("people"), "{detail}");
    let invited = invited.json()["id"].clone();
    let person = format!("users/{}", invited.as_str().unwrap());
    let gone = ask(Method::DELETE, &person, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let gone = ask(Method::DELETE, &path, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}
