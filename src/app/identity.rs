//! Whom a bearer token stands for.

use std::fmt::Debug;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use evara_actors::ports::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::access::{Principal, Reach, Role, UserId};

/// The holder of the configured token. Stored as the source of what they push, and so never to be changed.
const OPERATOR: Uuid = Uuid::from_u128(0x6576_6172_612d_8070_9573_6865_7220_3031);

/// How old what is known of a person may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// At most five seconds: to read.
    Recent,
    /// As the store has it: to change something.
    Now,
}

/// Tells who is who. What a person may comes from the store, never from their token.
pub trait Identities: Debug + Send + Sync {
    /// The person that `token` stands for, with what they may do.
    fn person<'a>(
        &'a self,
        token: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>>;
}

/// Why nobody was recognised.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// The token stands for nobody, or no longer does.
    #[error("the token stands for nobody")]
    Refused,
    /// The store failed, or did not answer in time.
    #[error("who it is cannot be looked up")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One person, who runs the service, and bears one token.
#[derive(Debug)]
pub struct OneOperator {
    token: SecretString,
    person: Arc<Principal>,
}

impl OneOperator {
    /// Whoever bears `token`; nobody where it is empty.
    pub fn new(token: SecretString) -> Self {
        let person = Principal {
            user: UserId(OPERATOR),
            session: None,
            role: Role::SuperAdmin,
            reach: Reach::All,
        };
        let person = Arc::new(person);
        Self { token, person }
    }
}

impl Identities for OneOperator {
    fn person<'a>(
        &'a self,
        token: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Unknown>> {
        let known = self.token.expose_secret().as_bytes();
        // An empty token would let in everyone who bears none.
        let same = !known.is_empty() && verify_slices_are_equal(token.as_bytes(), known).is_ok();
        let person = same.then(|| Arc::clone(&self.person));
        Box::pin(async move { person.ok_or(Unknown::Refused) })
    }
}
