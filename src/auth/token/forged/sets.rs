//! Sets of published keys, and keys that must not be used.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::workshop::{Workshop, ec_jwk, encoded, rsa_jwk};

/// What is no set of keys.
pub(crate) const REFUSED: [&str; 9] = [
    "",
    "null",
    "[]",
    "{}",
    r#"{"keys":null}"#,
    r#"{"keys":{}}"#,
    r#"{"keys":[]"#,
    r#"{"keys":[],"keys":[]}"#,
    "<html>sign in to this hotel</html>",
];

/// A set of one key on P-256 by each of these ids.
pub(crate) fn jwks_of(ids: &[&str]) -> String {
    let keys: Vec<_> = ids
        .iter()
        .map(|id| ec_jwk(id, &Workshop::get().ec))
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// Keys by the id `id`, and whether one may be used.
pub(crate) fn keys() -> Vec<(&'static str, String, bool)> {
    let workshop = Workshop::get();
    let (rsa, ec) = (rsa_jwk("id", &workshop.rsa), ec_jwk("id", &workshop.ec));
    let point = workshop.ec.public_key().as_ref()[1..].to_vec();
    let (x, y) = point.split_at(32);
    let on_curve = |crv: &str, x: &[u8], y: &[u8]| {
        let (x, y) = (encoded(x), encoded(y));
        format!(r#"{{"kty":"EC","crv":"{crv}","kid":"id","x":"{x}","y":"{y}"}}"#)
    };
    let of_rsa = |n: &[u8], e: &[u8]| {
        let (n, e) = (encoded(n), encoded(e));
        format!(r#"{{"kty":"RSA","kid":"id","n":"{n}","e":"{e}"}}"#)
    };
    let modulus = |bytes: usize| [vec![0xc1; bytes - 1], vec![1]].concat();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let (x384, y384) = p384.public_key().as_ref()[1..].split_at(48);
    let mut off = y.to_vec();
    off[31] ^= 1;
    let without_id = ec.replace(r#""kid":"id","#, "");
    let exponent = [1, 0, 1];
    let mut random = vec![0; 32];
    aws_lc_rs::rand::SecureRandom::fill(&SystemRandom::new(), &mut random).unwrap();
    vec![
        ("RSA", rsa.clone(), true),
        ("P-256", ec.clone(), true),
        ("P-256 for anything", on_curve("P-256", x, y), true),
        ("RSA for anything", of_rsa(&modulus(256), &exponent), true),
        (
            "RSA for encryption",
            rsa.replace("\"sig\"", "\"enc\""),
            false,
        ),
        ("RSA for RS512", rsa.replace("RS256", "RS512"), false),
        ("RSA for HS256", rsa.replace("RS256", "HS256"), false),
        ("P-256 to sign with", ec.replace("verify", "sign"), false),
        ("RSA of 2040 bits", of_rsa(&modulus(255), &exponent), false),
        ("RSA of 1024 bits", of_rsa(&modulus(128), &exponent), false),
        (
            "RSA of 16384 bits",
            of_rsa(&modulus(2048), &exponent),
            false,
        ),
        (
            "RSA with an even modulus",
            of_rsa(&[0xc2; 256], &exponent),
            false,
        ),
        (
            "RSA filled up with a zero",
            of_rsa(&[&[0], &modulus(255)[..]].concat(), &exponent),
            false,
        ),
        (
            "RSA with the exponent 1",
            of_rsa(&modulus(256), &[1]),
            false,
        ),
        (
            "RSA with an even exponent",
            of_rsa(&modulus(256), &[2]),
            false,
        ),
        (
            "RSA with a long exponent",
            of_rsa(&modulus(256), &[0xff; 5]),
            false,
        ),
        ("P-384", on_curve("P-384", x384, y384), false),
        ("P-384 as P-256", on_curve("P-256", x384, y384), false),
        ("no point", on_curve("P-256", x, &off), false),
        ("infinity", on_curve("P-256", &[0; 32], &[0; 32]), false),
        (
            "a shared secret",
            format!(r#"{{"kty":"oct","kid":"id","k":"{}"}}"#, encoded(random)),
            false,
        ),
        ("P-256 without an id", without_id, false),
        (
            "P-256 by a path",
            ec.replace(r#""id""#, r#""../id""#),
            false,
        ),
        (
            "RSA without an exponent",
            rsa.replace("\"e\"", "\"f\""),
            false,
        ),
        ("RSA as P-256", rsa.replace("\"RSA\"", "\"EC\""), false),
        ("nothing", "null".to_owned(), false),
        ("a text", r#""id""#.to_owned(), false),
    ]
}
