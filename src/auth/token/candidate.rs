//! A token that keeps every rule and has proven nothing yet. Pure.
//!
//! Its claims come out by one way only: past the signature. All else is checked before, so that a token
//! which cannot be good costs no signature check, and never a request to the outside.

use aws_lc_rs::digest::{SHA256, digest};
use evara_actors::domain::Timestamp;

use super::Refused;
use super::claims::{Claims, Issuer};
use super::compact::Parts;
use super::header::{Algorithm, Header, is_published};
use super::json::Object;
use super::key::Key;

/// See the module.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    token: &'a [u8],
    claims: Claims,
    needs: Needs,
}

/// Which key has to prove it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// A key of ours, by its id.
    Local(String),
    /// The secret that is shared with the project.
    Secret,
    /// A key that the project publishes, by its id, for this algorithm.
    Published(String, Algorithm),
}

impl Needs {
    /// Whether nobody has to be asked for it.
    pub(super) const fn is_at_hand(&self) -> bool {
        match self {
            Self::Local(_) | Self::Secret => true,
            Self::Published(..) => false,
        }
    }
}

impl<'a> Candidate<'a> {
    /// Reads `token` and checks it against all rules but the signature.
    pub(super) fn read(
        token: &'a [u8],
        supabase: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let parts = Parts::read(token)?;
        let header = Header::read(&parts.header)?;
        let payload = Object::read(&parts.payload)?;
        let claims = Claims::read(&payload, sha256(parts.signed), supabase, now)?;
        Ok(Self {
            token,
            needs: needs(claims.issuer, header)?,
            claims,
        })
    }

    pub(super) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The claims, if `key` holds the signature.
    pub(super) fn proven_by(self, key: &Key) -> Result<Claims, Refused> {
        let holds = key.holds(self.token);
        holds.then_some(self.claims).ok_or(Refused::Signature)
    }
}

fn needs(issuer: Issuer, header: Header) -> Result<Needs, Refused> {
    let Header { algorithm, key_id } = header;
    match (issuer, algorithm) {
        (Issuer::Local, Algorithm::Hs256) => key_id.map(Needs::Local).ok_or(Refused::KeyId),
        (Issuer::Local, Algorithm::Rs256 | Algorithm::Es256) => Err(Refused::Algorithm),
        (Issuer::Supabase, Algorithm::Hs256) => Ok(Needs::Secret),
        (Issuer::Supabase, Algorithm::Rs256 | Algorithm::Es256) => key_id
            .filter(|id| is_published(id))
            .map(|id| Needs::Published(id, algorithm))
            .ok_or(Refused::KeyId),
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}
