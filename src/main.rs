//! The program `evara`: one crypto provider, one runtime, one command, one exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use evara::cli::{Cli, Failure};

/// A call of the database that hangs must not keep the process alive: what was acknowledged is synced.
const STRAGGLERS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    // Fails only where a provider was installed before, and nothing runs before this.
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::starting("the runtime", error))?;
    let outcome = runtime.block_on(cli.run());
    runtime.shutdown_timeout(STRAGGLERS);
    outcome
}
