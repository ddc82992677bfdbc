//! Random bytes for secrets, from the operating system, wiped when they are let go of.

use aws_lc_rs::error::Unspecified;
use secrecy::zeroize::Zeroizing;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoChance;

pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoChance> {
    let mut bytes = Zeroizing::new([0; N]);
    aws_lc_rs::rand::fill(&mut *bytes).map_err(|Unspecified| NoChance)?;
    Ok(bytes)
}
