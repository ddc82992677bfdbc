//! The keys that a project publishes, as far as they can prove tokens. Pure.
//!
//! What is not understood is passed over, since a project may publish keys for others beside ours. What
//! could be understood in two ways is refused whole.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::auth::token::compact::decoded;
use crate::auth::token::header::{Algorithm, is_published};
use crate::auth::token::key::Key;

/// A project has two or three: the one that signs, the next and the last.
const MOST_KEYS: usize = 32;

/// Keys by their ids and algorithms.
#[derive(Debug, Default)]
pub(super) struct KeySet(HashMap<String, (Algorithm, Arc<Key>)>);

/// Why a document is no set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SetError {
    #[error("not a JSON Web Key Set")]
    NotASet,
    #[error("more than {MOST_KEYS} keys")]
    TooMany,
    #[error("two keys of one id")]
    Twice,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

/// A key as RFC 7517 writes it.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads `document`, whose keys prove tokens of `issuer`.
    pub(super) fn read(document: &[u8], issuer: &str) -> Result<Self, SetError> {
        let document: Document = serde_json::from_slice(document).map_err(|_| SetError::NotASet)?;
        if document.keys.len() > MOST_KEYS {
            return Err(SetError::TooMany);
        }
        let mut set = HashMap::new();
        for value in document.keys {
            let Ok(jwk) = serde_json::from_value::<Jwk>(value) else {
                continue;
            };
            let Some((algorithm, key)) = jwk.key(issuer) else {
                continue;
            };
            if set.insert(jwk.kid, (algorithm, Arc::new(key))).is_some() {
                return Err(SetError::Twice);
            }
        }
        Ok(Self(set))
    }

    /// The key of this id, if it is for this algorithm.
    pub(super) fn get(&self, id: &str, algorithm: Algorithm) -> Found {
        match self.0.get(id) {
            Some((of, key)) if *of == algorithm => Found::Key(Arc::clone(key)),
            Some(_) => Found::OfAnotherAlgorithm,
            None => Found::Nothing,
        }
    }
}

/// What is by an id.
#[derive(Debug)]
pub(super) enum Found {
    Key(Arc<Key>),
    /// To ask anew would find nothing else.
    OfAnotherAlgorithm,
    Nothing,
}

impl Jwk {
    fn key(&self, issuer: &str) -> Option<(Algorithm, Key)> {
        if !self.is_for_signatures() || !is_published(&self.kid) {
            return None;
        }
        let is_for = |name| self.alg.as_deref().is_none_or(|alg| alg == name);
        let bytes = |text: &Option<String>| decoded(text.as_deref()?.as_bytes()).ok();
        match self.kty.as_str() {
            "RSA" if is_for("RS256") => {
                let key = Key::rsa(&bytes(&self.n)?, &bytes(&self.e)?, issuer)?;
                Some((Algorithm::Rs256, key))
            }
            "EC" if is_for("ES256") && self.crv.as_deref() == Some("P-256") => {
                let key = Key::p256(&bytes(&self.x)?, &bytes(&self.y)?, issuer)?;
                Some((Algorithm::Es256, key))
            }
            _ => None,
        }
    }

    fn is_for_signatures(&self) -> bool {
        let verifies = |ops: &Vec<String>| ops.iter().any(|op| op == "verify");
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(verifies)
    }
}
