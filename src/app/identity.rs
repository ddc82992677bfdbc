//! Whom a bearer token stands for.

use std::fmt::Debug;
use std::sync::Arc;

use evara_actors::ports::BoxFuture;
use tokio::time::Instant;

use crate::access::Principal;

/// How old what is known of a person may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// At most five seconds: to read.
    Recent,
    /// As the store has it: to change something.
    Now,
}

/// A person, and how old what is known of them is.
#[derive(Debug, Clone)]
pub struct Known {
    /// With what they may do.
    pub person: Arc<Principal>,
    /// When that was found out: long ago, where they are only believed while the store is away.
    pub at: Instant,
}

/// Tells who is who. What a person may comes from the store, never from their token.
pub trait Identities: Debug + Send + Sync {
    /// The person that `token` stands for, with what they may do.
    fn person<'a>(
        &'a self,
        token: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>>;

    /// Whether `token` is proven without asking anybody: signed by us, or seen before.
    fn is_proven<'a>(&'a self, _token: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }

    /// The same, as of a moment ago if that is known, and since when it is.
    fn known<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Known, Unknown>> {
        Box::pin(async move {
            let at = Instant::now();
            let person = self.person(token, Freshness::Recent).await?;
            Ok(Known { person, at })
        })
    }
}

/// Why nobody was recognised.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// The token stands for nobody, or no longer does.
    #[error("the token stands for nobody")]
    Refused,
    /// The token is good, and its person has no account here yet.
    #[error("the token's person has no account")]
    NoAccount,
    /// The store failed, or did not answer in time.
    #[error("who it is cannot be looked up")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
