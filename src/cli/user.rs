//! `evara user`: accounts, for whoever has the machine. The only way to the first one.
//!
//! A password is made, never asked for: it goes to stdout, once, is kept as a digest, and opens nothing until it
//! is changed.

use anyhow::{Context as _, anyhow};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::output::{data, talk};
use super::{ConfigArgs, Failure};
use crate::access::{Role, Tenants};
use crate::app::accounts::{Account, Error, NewAccount};
use crate::app::office::Office;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make an account, and print its one-time password
    Create(CreateArgs),
    /// List the accounts
    List,
    /// Let somebody in no more, and sign them out everywhere
    Disable {
        /// Their address of mail
        email: String,
    },
    /// Print a new one-time password; signs out everywhere, and takes an authenticator away
    ResetPassword {
        /// Their address of mail
        email: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Their address of mail, by which they sign in
    #[arg(long)]
    email: String,
    /// What people read
    #[arg(long)]
    name: String,
    /// super_admin, distributor, region_admin, community_admin, operator or user
    #[arg(long)]
    role: Role,
    /// For distributor and region_admin
    #[arg(long, value_name = "ID")]
    distributor: Option<Uuid>,
    /// For region_admin
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// For community_admin and operator
    #[arg(long, value_name = "ID")]
    community: Option<Uuid>,
    /// For user
    #[arg(long, value_name = "ID")]
    customer: Option<Uuid>,
}

impl From<CreateArgs> for NewAccount {
    fn from(args: CreateArgs) -> Self {
        Self {
            email: args.email,
            name: args.name,
            role: args.role,
            tenants: Tenants {
                distributor: args.distributor,
                region: args.region,
                community: args.community,
                customer: args.customer,
            },
            has_password: true,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = args.config.load()?.config;
    let office = Office::open(&config).await;
    let office = office.context("the accounts cannot be opened")?;
    Ok(perform(&office, args.action).await?)
}

async fn perform(office: &Office, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Create(args) => {
            let invited = office.create(args.into()).await.map_err(told_by_option)?;
            let password = invited.password.context("an account without a password")?;
            talk(format_args!(
                "the one-time password of {}:",
                invited.account.email
            ));
            data(format_args!("{}", password.expose_secret()))
        }
        Action::List => {
            let all = office.all().await.map_err(told)?;
            all.iter()
                .try_for_each(|account| data(format_args!("{}", line(account))))
        }
        Action::Disable { email } => office.disable(&email).await.map_err(told),
        Action::ResetPassword { email } => {
            let password = office.reset_password(&email).await.map_err(told)?;
            talk(format_args!("the one-time password of {email}:"));
            data(format_args!("{}", password.expose_secret()))
        }
    }
}

/// One that a program can cut at its tabs; what people chose comes last.
fn line(account: &Account) -> String {
    let state = match account.disabled_at {
        Some(_) => "disabled",
        None => "active",
    };
    let (id, role, email) = (account.id, account.role, &account.email);
    format!("{id}\t{role}\t{state}\t{email}\t{:?}", account.name)
}

/// With the options that were wrong: those of a tenant are called as it is, and not as its id.
fn told_by_option(error: Error) -> anyhow::Error {
    let option = |field: &str| format!("--{}", field.strip_suffix("_id").unwrap_or(field));
    told_as(error, option)
}

/// With the fields that were wrong.
fn told(error: Error) -> anyhow::Error {
    told_as(error, str::to_owned)
}

fn told_as(error: Error, called: impl Fn(&str) -> String) -> anyhow::Error {
    match error {
        Error::Invalid(faults) => {
            let said = |fault: &evara_actors::domain::FieldError| {
                let field = called(fault.pointer.trim_start_matches('/'));
                format!("{field} {}", fault.message)
            };
            anyhow!(faults.iter().map(said).collect::<Vec<_>>().join("; "))
        }
        Error::NotFound => anyhow!("there is no such account"),
        other @ (Error::Refused
        | Error::Wrong(_)
        | Error::Reused
        | Error::CodeNeeded
        | Error::Spent
        | Error::Wait(_)
        | Error::Forbidden(_)
        | Error::Moved
        | Error::Conflict(_)
        | Error::Busy
        | Error::Store(_)
        | Error::Broke(_)) => anyhow::Error::new(other),
    }
}

#[cfg(test)]
mod tests {
    use evara_actors::domain::FieldError;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_by_the_option_that_said_it() {
        let faults = [("/community_id", "is not known"), ("/email", "must be one")];
        let faults = faults.map(|(pointer, what)| FieldError::new(pointer, what.to_owned()));
        let told = told_by_option(Error::Invalid(faults.into())).to_string();
        assert_eq!(told, "--community is not known; --email must be one");
    }
}
