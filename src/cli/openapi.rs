//! `evara openapi`: the description of the API, for tools that make clients of it.

use anyhow::Context as _;

use super::Failure;
use super::output::data;
use crate::http::description;

pub(super) fn run() -> Result<(), Failure> {
    let api = description(env!("CARGO_PKG_VERSION"));
    let json = serde_json::to_string_pretty(&api).context("the description cannot be written")?;
    Ok(data(format_args!("{json}"))?)
}
