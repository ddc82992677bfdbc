//! What came of requests that may be repeated: the answer of each, under the key that its caller chose.
//!
//! A request is begun before it has any effect, and its answer is kept in the transaction of the effect,
//! or after one that may be repeated. So it takes effect at most once, and is always answered alike.

use std::fmt::Debug;
use std::time::Duration;

use evara_actors::domain::{NodeId, NodeSpec, Timestamp};
use evara_actors::ports::{BoxFuture, RegistryError};
use secrecy::SecretString;
use uuid::Uuid;

use super::Act;

/// How long an answer is kept.
pub const RECEIPT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Under what an answer is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceiptName {
    /// Who asked: two callers may choose the same key.
    pub caller: Uuid,
    /// The key that the caller chose.
    pub key: String,
}

/// A request that is about to be done.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Under what its answer will be found.
    pub name: ReceiptName,
    /// The SHA-256 of the request.
    pub request: [u8; 32],
    /// When it was received.
    pub at: Timestamp,
}

/// Where a request stands.
#[derive(Debug)]
pub enum Begun {
    /// It is to be done, as if it had been received at `at`: when it was begun first.
    Open {
        /// When it was begun first.
        at: Timestamp,
    },
    /// It was done, and this was the answer.
    Answered(SecretString),
    /// The name stands for another request.
    Other,
}

/// An answer to keep. It may hold what is shown only once, and is sealed.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Under what it will be found.
    pub name: ReceiptName,
    /// The answer.
    pub answer: SecretString,
}

/// The durable answers. A write that answered `Ok` was committed.
pub trait Receipts: Debug + Send + Sync {
    /// Begins a request, or tells what came of it. One older than [`RECEIPT_AGE`] counts for none.
    fn begin(&self, claim: Claim) -> BoxFuture<'_, Result<Begun, ReceiptsError>>;

    /// Keeps the answer to a request that was begun; the first one stays.
    fn finish(&self, kept: Kept) -> BoxFuture<'_, Result<(), ReceiptsError>>;

    /// Forgets a request that had no effect.
    fn forget(&self, name: ReceiptName) -> BoxFuture<'_, Result<(), ReceiptsError>>;

    /// Forgets at most `limit` of those that were begun before an instant; tells how many they were.
    fn forget_older(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, ReceiptsError>>;

    /// [`Registry::insert`](evara_actors::ports::Registry::insert), with what goes with it in the same
    /// transaction.
    fn insert_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>>;

    /// [`Registry::update`](evara_actors::ports::Registry::update), likewise.
    fn update_node(&self, spec: NodeSpec, act: Act) -> BoxFuture<'_, Result<(), RegistryError>>;

    /// [`Registry::remove`](evara_actors::ports::Registry::remove), likewise.
    fn remove_node(&self, id: NodeId, act: Act) -> BoxFuture<'_, Result<(), RegistryError>>;
}

/// Why it is not known what came of a request.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// What is stored was altered, or sealed under another SECRET_KEY.
    #[error("a kept answer does not open with this SECRET_KEY")]
    Sealed,
    /// The store failed, or did not answer in time.
    #[error("the store of answers cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
