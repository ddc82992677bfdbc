//! Who did what: entries that are only added, each bound to the one before.
//!
//! Every tenant has a chain of its own: community, distributor, or the service. An entry carries a
//! [`Link`]: its number in the chain, and a MAC over its content, its number and the MAC before it, so that
//! no entry is changed, cut out, put in or moved without a secret that the database does not have. Every few
//! minutes the newest link of a chain is [sealed](Seal), and seals are chained, too: who cuts off what is
//! younger than the last seal, and knows to put back the chain's head, is not found; who cuts off more is. Who
//! takes the seals along is found by whoever has a [copy](SealCopy) of one of them.
//! What is older than its retention is taken from the front, up to a sealed link: the chain begins there, and
//! a [`Cut`] is the secret's word that it does.
//!
//! Pure. Where entries are kept, and in which transaction, is the store's.

mod chain;
mod copied;
mod cut;
mod entry;
mod flood;
mod keys;
mod mask;
mod record;
mod verify;

#[cfg(test)]
mod laws;

pub use chain::{Chain, Link, Mac, Row, Seal};
pub use copied::{NoSealCopy, SealCopy};
pub use cut::Cut;
pub use entry::{Actor, ActorKind, Entry, Outcome};
pub use flood::{Admitted, Flood, Wanted};
pub use keys::{AuditKeyError, AuditKeys};
pub use mask::masked;
pub use record::Record;
pub use verify::{Broken, Fault, Verified, Verifier};
