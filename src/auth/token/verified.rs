//! Tokens that were proven, so that none is proven twice. By the SHA-256 of the whole token, signature
//! and all: a token with another signature is another token.
//!
//! Only what was proven comes in, so that nobody without a good token can push another one out.
//! Expiry is not kept here: whoever asks says what time it is.

use std::sync::Arc;

use evara_actors::domain::Timestamp;
use moka::future::Cache;

use super::claims::Claims;

/// Some 5 MB; more people at once are proven anew, which takes longer and changes nothing.
const MOST: u64 = 10_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Verified(Cache<[u8; 32], Arc<Claims>>);

impl Verified {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The claims of a token that was proven and has not expired.
    pub(super) async fn get(&self, sum: &[u8; 32], now: Timestamp) -> Option<Arc<Claims>> {
        let claims = self.0.get(sum).await?;
        if claims.has_expired(now) {
            self.0.invalidate(sum).await;
            return None;
        }
        Some(claims)
    }

    pub(super) async fn keep(&self, sum: [u8; 32], claims: Arc<Claims>) {
        self.0.insert(sum, claims).await;
    }
}
