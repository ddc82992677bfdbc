//! What a token says of its own signature: read as a wish, and granted only where the key agrees. Pure.

use super::Refused;
use super::json::{Object, Value};

/// Ids of published keys are UUIDs or digests; longer ones are not worth a look.
const LONGEST_KEY_ID: usize = 64;

/// The algorithms that any key here is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Es256,
}

/// A header that has nothing but what it needs.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

impl Header {
    /// Refuses all that is not asked for below: keys and addresses of keys (`jwk`, `jku`, `x5u`, `x5c`),
    /// extensions (`crit`, `b64`), encryption, and tokens within tokens (`cty`).
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let object = Object::read(bytes)?;
        let is_asked_for = |name: &str| matches!(name, "alg" | "typ" | "kid");
        if !object.names().all(is_asked_for) {
            return Err(Refused::HeaderMember);
        }
        check_type(object.get("typ"))?;
        Ok(Self {
            algorithm: algorithm(object.get("alg"))?,
            key_id: key_id(object.get("kid"))?,
        })
    }
}

fn algorithm(value: Option<&Value>) -> Result<Algorithm, Refused> {
    let Some(Value::Text(name)) = value else {
        return Err(Refused::Algorithm);
    };
    match name.as_str() {
        "HS256" => Ok(Algorithm::Hs256),
        "RS256" => Ok(Algorithm::Rs256),
        "ES256" => Ok(Algorithm::Es256),
        _ => Err(Refused::Algorithm),
    }
}

fn check_type(value: Option<&Value>) -> Result<(), Refused> {
    let Some(value) = value else { return Ok(()) };
    let Value::Text(name) = value else {
        return Err(Refused::Type);
    };
    let known = ["JWT", "at+jwt"];
    let is_known = known.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_known.then_some(()).ok_or(Refused::Type)
}

/// Base64's alphabets, which the ids of shared secrets are written in.
fn key_id(value: Option<&Value>) -> Result<Option<String>, Refused> {
    let Some(value) = value else { return Ok(None) };
    let Value::Text(id) = value else {
        return Err(Refused::KeyId);
    };
    let fits = (1..=LONGEST_KEY_ID).contains(&id.len());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    let is_id = fits && id.bytes().all(is_plain);
    is_id.then(|| Some(id.clone())).ok_or(Refused::KeyId)
}

/// Whether `id` can be that of a published key, which is worth asking for.
pub(super) fn is_published(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !id.is_empty() && id.len() <= LONGEST_KEY_ID && id.bytes().all(is_plain)
}
