//! Somebody who runs a service of a test, and is signed in to it.

use evara::access::{Role, Tenants};
use evara::app::App;
use evara::app::accounts::{NewAccount, SignIn};
use secrecy::SecretString;

/// A token of theirs, for a quarter of an hour.
pub(crate) async fn admin_of(app: &App) -> SecretString {
    let new = NewAccount {
        // Another one each time: a store may have several services, one after the other.
        email: format!("ada-{}@example.org", uuid::Uuid::new_v4()),
        name: "Ada".to_owned(),
        role: Role::SuperAdmin,
        tenants: Tenants::default(),
        has_password: true,
    };
    let made = app
        .accounts()
        .make(new, &app.audit().console())
        .await
        .unwrap();
    let sign_in = SignIn {
        email: made.account.email.to_string(),
        password: made.password.unwrap(),
        new_password: Some("what a test is let in by".into()),
        code: None,
        agent: None,
        address: None,
    };
    let console = app.audit().console();
    let signed_in = app.accounts().sign_in(sign_in, &console).await;
    signed_in.unwrap().access.token
}
