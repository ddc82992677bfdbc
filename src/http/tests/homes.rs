//! People come to a tenant in the moment in which it is removed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::acts::kept;
use super::people::Inhabited;
use super::scene::Reply;

/// How often they meet.
const TRIES: usize = 8;

/// A community of this number, under a distributor that there is; its path, and what an operator of it would be.
async fn community(scene: &Inhabited, token: &str, name: &str) -> (String, Value) {
    let make = async |path: &str, body: Value| {
        let made = scene.ask_as(token, Method::POST, path, Some(body)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let distributor = make("/admin/distributors", json!({ "name": name })).await;
    let described = json!({ "name": name, "distributor_id": distributor, "region": "north" });
    let community = make("/admin/communities", described).await;
    let operator = json!({ "role": "operator", "community_id": community });
    (format!("/admin/communities/{community}"), operator)
}

fn assert_one_is_told(came: &Reply, done: StatusCode, removed: &Reply) {
    if came.status == done {
        assert_eq!(removed.code(), "conflict");
        return;
    }
    assert_eq!(came.code(), "validation_failed");
    assert_eq!(came.json()["errors"][0]["pointer"], "/community_id");
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn of_one_who_comes_to_a_tenant_and_one_who_removes_it_one_is_told() {
    let scene = kept().await;
    let token = scene.token(&scene.root().await).await;
    let ask = async |method, path: &str, body| scene.ask_as(&token, method, path, body).await;
    for number in 0..TRIES {
        let email = format!("new-{number}@example.org");
        let (place, operator) = community(&scene, &token, &email).await;
        let mut invitation = operator.clone();
        (invitation["email"], invitation["name"]) = (json!(email), json!("New"));
        let invite = ask(Method::POST, "/admin/users", Some(invitation));
        let remove = ask(Method::DELETE, &place, None);
        let (invited, removed) = Box::pin(in_turn(number, invite, remove)).await;
        assert_one_is_told(&invited, StatusCode::CREATED, &removed);

        let (place, operator) = community(&scene, &token, &format!("to-{email}")).await;
        let stray = json!({ "email": format!("stray-{email}"), "name": "Stray", "role": "user" });
        let stray = ask(Method::POST, "/admin/users", Some(stray)).await.json();
        let stray = format!("/admin/users/{}", stray["id"].as_str().unwrap());
        let appoint = ask(Method::PATCH, &stray, Some(operator));
        let remove = ask(Method::DELETE, &place, None);
        let (appointed, removed) = Box::pin(in_turn(number, appoint, remove)).await;
        assert_one_is_told(&appointed, StatusCode::OK, &removed);
    }
}

/// Both at once; which of them asks first changes from number to number.
async fn in_turn(
    number: usize,
    one: impl Future<Output = Reply>,
    other: impl Future<Output = Reply>,
) -> (Reply, Reply) {
    if number.is_multiple_of(2) {
        return tokio::join!(one, other);
    }
    let (other, one) = tokio::join!(other, one);
    (one, other)
}
