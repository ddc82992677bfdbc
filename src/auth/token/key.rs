//! A key, and the one algorithm that it is for: what a token says of its algorithm changes neither.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::de::IgnoredAny;

use super::claims::AUDIENCE;

/// What RFC 7518 asks of keys for RS256, and what the library can check.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Real keys use 17 bits; a long one makes each check slow.
const RSA_EXPONENT_BYTES: std::ops::RangeInclusive<usize> = 1..=4;

/// A coordinate of a point on P-256.
const P256_BYTES: usize = 32;

/// Proves tokens of one issuer, by one algorithm.
pub(super) struct Key {
    decoding: DecodingKey,
    validation: Validation,
}

impl Key {
    /// A shared secret, for HS256.
    pub(super) fn shared(secret: &[u8], issuer: &str) -> Self {
        Self {
            decoding: DecodingKey::from_secret(secret),
            validation: validation(jsonwebtoken::Algorithm::HS256, issuer),
        }
    }

    /// An RSA key for RS256, of 2048 to 8192 bits; anything else is none.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8], issuer: &str) -> Option<Self> {
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte % 2 == 1);
        let fits = RSA_BITS.contains(&bits)
            && modulus.first() != Some(&0)
            && RSA_EXPONENT_BYTES.contains(&exponent.len())
            && exponent != [1]
            && is_odd(modulus)
            && is_odd(exponent);
        fits.then(|| Self {
            decoding: DecodingKey::from_rsa_raw_components(modulus, exponent),
            validation: validation(jsonwebtoken::Algorithm::RS256, issuer),
        })
    }

    /// A point on P-256, for ES256; anything else is none.
    pub(super) fn p256(x: &[u8], y: &[u8], issuer: &str) -> Option<Self> {
        if x.len() != P256_BYTES || y.len() != P256_BYTES {
            return None;
        }
        let point = [&[4], x, y].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).ok()?;
        Some(Self {
            decoding: DecodingKey::from_ec_der(&point),
            validation: validation(jsonwebtoken::Algorithm::ES256, issuer),
        })
    }

    /// Whether this key signed `token`, by its own algorithm, as its own issuer. Says nothing of time.
    pub(super) fn holds(&self, token: &[u8]) -> bool {
        decode::<IgnoredAny>(token, &self.decoding, &self.validation).is_ok()
    }
}

/// The library's own rules, of which those of time are off: they would ask the machine's clock.
fn validation(algorithm: jsonwebtoken::Algorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithms", &self.validation.algorithms)
            .finish_non_exhaustive()
    }
}
