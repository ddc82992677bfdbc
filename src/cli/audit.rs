//! `evara audit`: whether what was written down of acts is as it was written, for whoever has the machine.

use anyhow::{Context as _, anyhow};

use super::output::data;
use super::{ConfigArgs, Failure};
use crate::app::audit::{Audit, SealCopy};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read every chain from its beginning, and name the first entry that is not as it was written. A service may run
    /// meanwhile: nothing is written
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// A seal that this command printed before, at the end of a chain's line: a chain that lacks it was cut. May be
    /// given several times
    #[arg(long = "seal", value_name = "CHAIN:NUMBER:MAC")]
    seals: Vec<SealCopy>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let config = args.config.load()?.config;
    let audit = Audit::beside(&config).await;
    let audit = audit.context("the audit cannot be opened")?;
    match args.action {
        Action::Verify(args) => Ok(verify(&audit, &args.seals).await?),
    }
}

/// A line a chain, which a program can cut at its tabs: the chain, whether it is whole, what was found, and its
/// newest seal as it may be given the next time.
async fn verify(audit: &Audit, copies: &[SealCopy]) -> anyhow::Result<()> {
    let (mut broken, chains) = (0, audit.chains(copies).await?);
    for chain in chains {
        let verdict = audit.verify(chain, copies).await?;
        let seal = verdict.seal.map(|seal| seal.to_string());
        match verdict.found {
            Ok(it) => data(format_args!(
                "{}\twhole\t{} entries, sealed up to {}\t{}",
                chain.0,
                it.entries,
                it.sealed_up_to,
                seal.unwrap_or_default()
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
