//! A token that is being written: JSON as it is spelt, so that it can be spelt badly.

use aws_lc_rs::hmac;

use super::workshop::{
    EC_ID, NOW, RSA_ID, SHARED, URL, Workshop, ec_signature, encoded, rsa_signature, secret,
};
use crate::auth::token::local::derived;

/// Whom a token is about, and in which session.
pub(super) const USER: &str = "33333333-3333-4333-8333-333333333333";
pub(super) const SESSION: &str = "44444444-4444-4444-8444-444444444444";

/// By which key a token is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Local,
    Shared,
    Rsa,
    Ec,
}

impl Family {
    pub(super) const ALL: [Self; 4] = [Self::Local, Self::Shared, Self::Rsa, Self::Ec];

    pub(super) fn sign(self, message: &[u8]) -> Vec<u8> {
        let workshop = Workshop::get();
        match self {
            Self::Local => hs256(&*derived(&secret("current")).unwrap().1, message),
            Self::Shared => hs256(SHARED.as_bytes(), message),
            Self::Rsa => rsa_signature(&workshop.rsa, message),
            Self::Ec => ec_signature(&workshop.ec, message),
        }
    }

    fn algorithm(self) -> &'static str {
        match self {
            Self::Local | Self::Shared => "HS256",
            Self::Rsa => "RS256",
            Self::Ec => "ES256",
        }
    }

    fn key_id(self) -> String {
        match self {
            Self::Local => derived(&secret("current")).unwrap().0,
            // As Supabase writes those of secrets.
            Self::Shared => "g5CjMQ3KrC/4tf+/".to_owned(),
            Self::Rsa => RSA_ID.to_owned(),
            Self::Ec => EC_ID.to_owned(),
        }
    }

    fn issuer(self) -> String {
        match self {
            Self::Local => "evara".to_owned(),
            Self::Shared | Self::Rsa | Self::Ec => format!("{URL}/auth/v1"),
        }
    }
}

pub(super) fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

/// A JSON object, member by member.
#[derive(Debug, Clone)]
pub(super) struct Members(Vec<(String, String)>);

impl Members {
    fn set(&mut self, name: &str, json: &str) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), json.to_owned()));
    }

    fn json(&self) -> String {
        let member = |(name, json): &(String, String)| format!("\"{name}\":{json}");
        let members: Vec<_> = self.0.iter().map(member).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) family: Family,
    header: Members,
    payload: Members,
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

impl Draft {
    /// A good one.
    pub(super) fn of(family: Family) -> Self {
        let mut header = Members(Vec::new());
        header.set("alg", &quoted(family.algorithm()));
        header.set("kid", &quoted(&family.key_id()));
        header.set("typ", r#""JWT""#);
        let secs = NOW.millis() / 1000;
        let mut payload = Members(Vec::new());
        payload.set("iss", &quoted(&family.issuer()));
        payload.set("aud", r#""authenticated""#);
        payload.set("sub", &quoted(USER));
        payload.set("session_id", &quoted(SESSION));
        payload.set("iat", &secs.to_string());
        payload.set("exp", &(secs + 900).to_string());
        payload.set("email", r#""ana@example.org""#);
        payload.set("role", r#""authenticated""#);
        Self {
            family,
            header,
            payload,
        }
    }

    /// With a member of the header, in place of another of its name.
    pub(super) fn header(mut self, name: &str, json: &str) -> Self {
        self.header.set(name, json);
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.header.0.retain(|(known, _)| known != name);
        self
    }

    /// With one more member of the header, whatever is there already.
    pub(super) fn header_again(mut self, name: &str, json: &str) -> Self {
        self.header.0.push((name.to_owned(), json.to_owned()));
        self
    }

    /// With a claim, in place of another of its name.
    pub(super) fn claim(mut self, name: &str, json: &str) -> Self {
        self.payload.set(name, json);
        self
    }

    pub(super) fn without_claim(mut self, name: &str) -> Self {
        self.payload.0.retain(|(known, _)| known != name);
        self
    }

    /// With one more claim, whatever is there already.
    pub(super) fn claim_again(mut self, name: &str, json: &str) -> Self {
        self.payload.0.push((name.to_owned(), json.to_owned()));
        self
    }

    /// With a claim in seconds from now.
    pub(super) fn seconds(self, name: &str, from_now: i64) -> Self {
        let secs = NOW.millis() / 1000 + from_now;
        self.claim(name, &secs.to_string())
    }

    pub(super) fn header_json(&self) -> String {
        self.header.json()
    }

    pub(super) fn payload_json(&self) -> String {
        self.payload.json()
    }

    /// Signed by the key of its family.
    pub(super) fn token(&self) -> String {
        self.signed(|message| self.family.sign(message))
    }

    /// Signed by somebody else.
    pub(super) fn signed(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        signed(self.header_json(), self.payload_json(), sign)
    }
}

/// A token of these two texts.
pub(super) fn signed(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = encoded(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
