//! The keys that are forged with, and a project that publishes some of them and counts who asks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use evara_actors::domain::Timestamp;
use evara_actors::ports::BoxFuture;
use secrecy::SecretString;

use crate::auth::token::{JwksError, JwksSource};

/// When the tokens are looked at: 2024-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_704_067_200);

/// The project.
pub(crate) const URL: &str = "https://project.example";

/// The secret that is shared with it; made for this, and used nowhere.
pub(crate) const SHARED: &str = "shared with the project in tests alone, and nowhere";

/// The ids by which it publishes its keys.
pub(super) const RSA_ID: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const EC_ID: &str = "22222222-2222-4222-8222-222222222222";

/// A SECRET_KEY of ours.
pub(crate) fn secret(name: &str) -> SecretString {
    SecretString::from(format!(
        "{name} SECRET_KEY of tests alone, and of nothing else"
    ))
}

/// The keys.
pub(super) struct Workshop {
    pub(super) rsa: RsaKeyPair,
    pub(super) ec: EcdsaKeyPair,
    /// Nobody publishes these.
    pub(super) strange_rsa: RsaKeyPair,
    pub(super) strange_ec: EcdsaKeyPair,
}

impl Workshop {
    pub(super) fn get() -> &'static Self {
        static MADE: OnceLock<Workshop> = OnceLock::new();
        MADE.get_or_init(|| Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            strange_rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            strange_ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        })
    }

    /// What the project publishes.
    pub(super) fn jwks(&self) -> String {
        let keys = [rsa_jwk(RSA_ID, &self.rsa), ec_jwk(EC_ID, &self.ec)];
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }
}

pub(super) fn rsa_jwk(id: &str, key: &RsaKeyPair) -> String {
    let public = key.public_key();
    let n = encoded(public.modulus().big_endian_without_leading_zero());
    let e = encoded(public.exponent().big_endian_without_leading_zero());
    format!(r#"{{"kty":"RSA","kid":"{id}","use":"sig","alg":"RS256","n":"{n}","e":"{e}"}}"#)
}

pub(super) fn ec_jwk(id: &str, key: &EcdsaKeyPair) -> String {
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (encoded(x), encoded(y));
    format!(r#"{{"kty":"EC","crv":"P-256","kid":"{id}","key_ops":["verify"],"x":"{x}","y":"{y}"}}"#)
}

pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn rsa_signature(key: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut signature,
    )
    .unwrap();
    signature
}

pub(super) fn ec_signature(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    let signature = key.sign(&SystemRandom::new(), message).unwrap();
    signature.as_ref().to_vec()
}

/// The project's keys, and how often somebody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Counted(AtomicUsize);

impl Counted {
    pub(crate) fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl JwksSource for Counted {
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, JwksError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Bytes::from(Workshop::get().jwks())) })
    }
}
