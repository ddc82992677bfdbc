//! Which guesses are counted.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::time::advance;

use super::people::{Inhabited, Person};
use super::signing_in::user;
use crate::access::{Role, Tenants};
use crate::app::accounts::NewAccount;
use crate::auth::lockout::FREE;
use crate::store::{AccountName, Accounts as _};

/// How many wrong guesses at an account are counted.
async fn counted(scene: &Inhabited, name: AccountName) -> u32 {
    let found = scene.rooms.store.account(name).await.unwrap();
    found.unwrap().failures.count
}

#[tokio::test(start_paused = true)]
async fn a_right_password_with_a_weak_new_one_is_no_guess_and_forgives_none() {
    for wrong in 0..FREE {
        let scene = Inhabited::new().await;
        let ana = user(&scene).await;
        let token = scene.token(&ana).await;
        let change = async |present: &str, new: &str| {
            let body = json!({ "current_password": present, "new_password": new });
            let changed = scene.ask_as(&token, Method::POST, "/auth/password", Some(body));
            let changed = changed.await;
            assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY);
            let pointer = &changed.json()["errors"][0]["pointer"];
            pointer.as_str().unwrap().to_owned()
        };
        for _ in 0..wrong {
            let refused = change("not this one", "three otters by the weir").await;
            assert_eq!(refused, "/current_password");
        }
        let Person { account, password } = &ana;
        // More often than anybody may guess.
        for weak in ["short", password, "password12345", "a", "b", "c", "d"] {
            assert_eq!(change(password, weak).await, "/new_password", "{weak}");
            assert_eq!(counted(&scene, AccountName::Id(account.id)).await, wrong);
        }
        assert_eq!(change("nor this", "short").await, "/current_password");
        assert_eq!(
            counted(&scene, AccountName::Id(account.id)).await,
            wrong + 1
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_with_a_weak_new_password_makes_no_guess_and_forgives_none() {
    let scene = Inhabited::new().await;
    let new = NewAccount {
        email: "bo@example.org".to_owned(),
        name: "Bo".to_owned(),
        role: Role::User,
        tenants: Tenants::default(),
        has_password: true,
    };
    let (accounts, console) = (&scene.state.accounts, scene.state.audit.console());
    let made = accounts.make(new, &console).await.unwrap();
    let password = made.password.unwrap();
    let log_in = async |password: &str| {
        let body =
            json!({ "email": "bo@example.org", "password": password, "new_password": "short" });
        // The door lets in so many a minute.
        advance(Duration::from_secs(20)).await;
        let login = scene.ask_as("", Method::POST, "/auth/login", Some(body));
        login.await.status
    };
    for _ in 0..3 {
        assert_eq!(log_in("not this one").await, StatusCode::UNAUTHORIZED);
    }
    for _ in 0..3 {
        let weak = log_in(secrecy::ExposeSecret::expose_secret(&password)).await;
        assert_eq!(weak, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(counted(&scene, AccountName::Id(made.account.id)).await, 3);
    }
}
