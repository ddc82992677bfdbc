//! Who somebody is: what tokens, passwords and codes prove, and how often one may be wrong.
//!
//! Holds no account and no session, which are the store's. Decides nothing about what somebody may do.
//! What is checked here says a reason to the log alone; the outside hears that it was refused.

mod base32;
mod chance;
pub mod lockout;
pub mod password;
pub mod recovery;
pub mod token;
pub mod totp;

pub use chance::NoChance;
pub(crate) use chance::random;
