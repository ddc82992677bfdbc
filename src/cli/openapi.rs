//! `evara openapi`: the description of the API, for tools that make clients of it.

use super::Failure;

pub(super) async fn run() -> Result<(), Failure> {
    Ok(())
}
