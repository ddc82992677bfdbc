//! `evara audit`: whether what was written down of acts is as it was written, for whoever has the machine.

use anyhow::{Context as _, anyhow};

use super::output::data;
use super::{ConfigArgs, Failure};
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
    /// Read every chain from its beginning, and name the first entry that is not as it was written
    Verify,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = args.config.load()?.config;
    let office = Office::open(&config).await;
    let office = office.context("the audit cannot be opened")?;
    match args.action {
        Action::Verify => Ok(verify(&office).await?),
    }
}

/// A line a chain, which a program can cut at its tabs.
async fn verify(office: &Office) -> anyhow::Result<()> {
    let audit = office.audit();
    let (mut broken, chains) = (0, audit.chains().await?);
    for chain in chains {
        let verdict = audit.verify(chain).await?;
        match verdict.found {
            Ok(it) => data(format_args!(
                "{}\twhole\t{} entries, sealed up to {}",
                chain.0, it.entries, it.sealed_up_to
            ))?,
            Err(it) => {
                broken += 1;
                data(format_args!("{}\tbroken\t{it}", chain.0))?;
            }
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(anyhow!("a chain of the audit is not as it was written")),
        many => Err(anyhow!(
            "{many} chains of the audit are not as they were written"
        )),
    }
}
