//! The people of a demonstration: each gets a new one-time password at every start, which is printed, and is to
//! be changed by whoever signs in by it.

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::super::output::data;
use crate::access::{Role, Tenants};
use crate::app::App;
use crate::app::accounts::{Error, NewAccount, SignIn};
use crate::auth::password::one_time;

/// Who runs the demonstration.
const ADMIN: &str = "admin@demo.example";

/// Somebody who may sign in.
#[derive(Debug)]
pub(super) struct Person {
    email: String,
    role: Role,
    password: SecretString,
}

/// The person who runs the service.
pub(super) async fn admin(app: &App) -> anyhow::Result<Person> {
    person(app, ADMIN, "Admin", Role::SuperAdmin, Tenants::default()).await
}

/// Somebody with this role, made where they are not there yet.
pub(super) async fn person(
    app: &App,
    email: &str,
    name: &str,
    role: Role,
    tenants: Tenants,
) -> anyhow::Result<Person> {
    let console = app.audit().console();
    let password = match app.accounts().reset_password(email, &console).await {
        Err(Error::NotFound) => {
            let new = NewAccount {
                email: email.to_owned(),
                name: name.to_owned(),
                role,
                tenants,
                has_password: true,
            };
            let made = app.accounts().make(new, &console).await?;
            made.password.context("an account without a password")?
        }
        reset => reset?,
    };
    let email = email.to_owned();
    Ok(Person {
        email,
        role,
        password,
    })
}

impl Person {
    /// A token of theirs, for a quarter of an hour.
    pub(super) async fn token(&self, app: &App) -> anyhow::Result<SecretString> {
        let sign_in = SignIn {
            email: self.email.clone(),
            password: self.password.clone(),
            // Nobody knows it: the one that is printed is made after it.
            new_password: Some(one_time()?),
            code: None,
            agent: Some("evara demo".to_owned()),
            address: None,
        };
        let console = app.audit().console();
        let signed_in = app.accounts().sign_in(sign_in, &console).await?;
        Ok(signed_in.access.token)
    }
}

/// Tells who may sign in, and how.
pub(super) fn introduce(app: &App, people: &[Person]) -> anyhow::Result<()> {
    for person in people {
        let password = person.password.expose_secret();
        data(format_args!(
            "  {} {} {password}",
            person.role, person.email
        ))?;
    }
    let Some(first) = people.first() else {
        return Ok(());
    };
    let (address, email) = (app.address(), &first.email);
    let password = first.password.expose_secret();
    let new = one_time()?;
    let new = new.expose_secret();
    data(format_args!(
        "  export TOKEN=$(curl -s http://{address}/api/v1/auth/login -H 'Content-Type: application/json' \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\",\"new_password\":\"{new}\"}}' \
         | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
    ))
}
