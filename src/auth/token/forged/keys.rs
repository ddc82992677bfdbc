//! Keys that are not for this: public ones taken for secrets, strangers', and those of other families.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::draft::{Draft, Family, hs256, quoted};
use super::workshop::{
    EC_ID, RSA_ID, SHARED, Workshop, ec_jwk, ec_signature, encoded, rsa_jwk, rsa_signature, secret,
};
use super::{Bad, Refused, Rows};
use crate::auth::token::local::derived;
use secrecy::ExposeSecret as _;

pub(super) fn bad() -> Vec<Bad> {
    let mut rows = Rows::default();
    public_as_secret(&mut rows);
    guessed(&mut rows);
    strange(&mut rows);
    mixed(&mut rows);
    rows.0
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----",
        lines.join("\n")
    )
}

/// The public keys in every form that a careless library might take for a secret.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let workshop = Workshop::get();
    let rsa = workshop.rsa.public_key();
    let ec = workshop.ec.public_key();
    let (rsa_der, ec_der) = (rsa.as_der().unwrap(), ec.as_der().unwrap());
    let (rsa_der, ec_der) = (rsa_der.as_ref(), ec_der.as_ref());
    let modulus = rsa.modulus().big_endian_without_leading_zero().to_vec();
    let rsa_pem = pem("PUBLIC KEY", rsa_der);
    vec![
        ("the RSA key in DER", rsa_der.to_vec()),
        ("the RSA key in PKCS 1", rsa.as_ref().to_vec()),
        (
            "the RSA key in PEM with a line's end",
            format!("{rsa_pem}\n").into(),
        ),
        (
            "the RSA key in PEM with CRLF",
            rsa_pem.replace('\n', "\r\n").into(),
        ),
        ("the RSA key in PEM", rsa_pem.into()),
        (
            "the RSA key in PKCS 1 PEM",
            pem("RSA PUBLIC KEY", rsa.as_ref()).into(),
        ),
        ("the RSA key as JWK", rsa_jwk(RSA_ID, &workshop.rsa).into()),
        ("the modulus, encoded", encoded(&modulus).into()),
        ("the modulus", modulus),
        ("the key of P-256 in DER", ec_der.to_vec()),
        ("the key of P-256 in PEM", pem("PUBLIC KEY", ec_der).into()),
        (
            "the key of P-256 as JWK",
            ec_jwk(EC_ID, &workshop.ec).into(),
        ),
        ("the point", ec.as_ref().to_vec()),
        ("the set of keys", workshop.jwks().into()),
    ]
}

fn public_as_secret(rows: &mut Rows) {
    for (form, secret) in forms() {
        for id in [Some(RSA_ID), Some(EC_ID), None] {
            let draft = Draft::of(Family::Shared);
            let draft = match id {
                Some(id) => draft.header("kid", &quoted(id)),
                None => draft.without_header("kid"),
            };
            let token = draft.signed(|message| hs256(&secret, message));
            let name = format_args!("HS256 by {form}, with the key id {id:?}");
            rows.add(name, token, Refused::Signature);
        }
    }
}

fn guessed(rows: &mut Rows) {
    let current = secret("current");
    let secrets: [(&str, &[u8]); 8] = [
        ("nothing", b""),
        ("one NUL", b"\0"),
        ("32 NULs", &[0; 32]),
        ("the word secret", b"secret"),
        ("the tutorials' secret", b"your-256-bit-secret"),
        (
            "Supabase's example",
            b"super-secret-jwt-token-with-at-least-32-characters-long",
        ),
        ("SECRET_KEY itself", current.expose_secret().as_bytes()),
        ("the algorithm's name", b"HS256"),
    ];
    for family in [Family::Local, Family::Shared] {
        for (name, secret) in secrets {
            let token = Draft::of(family).signed(|message| hs256(secret, message));
            rows.add(
                format_args!("{family:?} by {name}"),
                token,
                Refused::Signature,
            );
        }
    }
}

fn strange(rows: &mut Rows) {
    let workshop = Workshop::get();
    let rsa = |message: &[u8]| rsa_signature(&workshop.strange_rsa, message);
    let ec = |message: &[u8]| ec_signature(&workshop.strange_ec, message);
    rows.add(
        "a strange RSA key",
        Draft::of(Family::Rsa).signed(rsa),
        Refused::Signature,
    );
    rows.add(
        "a strange key of P-256",
        Draft::of(Family::Ec).signed(ec),
        Refused::Signature,
    );
    for (family, unknown) in [
        (Family::Rsa, "mine"),
        (Family::Ec, "00000000-0000-4000-8000-000000000000"),
    ] {
        let draft = Draft::of(family).header("kid", &quoted(unknown));
        rows.draft(
            format_args!("{family:?} of the unknown key {unknown}"),
            &draft,
            Refused::UnknownKey,
        );
        let draft = Draft::of(family).without_header("kid");
        rows.draft(
            format_args!("{family:?} of an unnamed key"),
            &draft,
            Refused::KeyId,
        );
    }
    let draft = Draft::of(Family::Local).header("kid", r#""0000000000000000""#);
    rows.draft(
        "a local token of an unknown key",
        &draft,
        Refused::UnknownKey,
    );
    let draft = Draft::of(Family::Local).without_header("kid");
    rows.draft("a local token of an unnamed key", &draft, Refused::KeyId);
    let stranger = derived(&secret("another installation's")).unwrap();
    let draft = Draft::of(Family::Local);
    let by_stranger = |message: &[u8]| hs256(&*stranger.1, message);
    rows.add(
        "another installation's, by our key's id",
        draft.signed(by_stranger),
        Refused::Signature,
    );
    let named = draft.header("kid", &quoted(&stranger.0));
    rows.add(
        "another installation's",
        named.signed(by_stranger),
        Refused::UnknownKey,
    );
    let old = derived(&secret("old")).unwrap();
    let token = Draft::of(Family::Local).signed(|message| hs256(&*old.1, message));
    rows.add(
        "the old key by the id of the current",
        token,
        Refused::Signature,
    );
    let token = Draft::of(Family::Local).header("kid", &quoted(&old.0));
    rows.add(
        "of the key before",
        token.signed(|message| hs256(&*old.1, message)),
        Refused::UnknownKey,
    );
}

/// Each family's tokens signed by each other's key, and named by each other's id.
fn mixed(rows: &mut Rows) {
    for family in Family::ALL {
        for signer in Family::ALL.into_iter().filter(|signer| *signer != family) {
            let token = Draft::of(family).signed(|message| signer.sign(message));
            rows.add(
                format_args!("{family:?} signed as {signer:?}"),
                token,
                Refused::Signature,
            );
        }
    }
    for (family, id) in [(Family::Rsa, EC_ID), (Family::Ec, RSA_ID)] {
        let draft = Draft::of(family).header("kid", &quoted(id));
        rows.draft(
            format_args!("{family:?} by the id of another family"),
            &draft,
            Refused::Algorithm,
        );
    }
    for (algorithm, id) in [("RS256", RSA_ID), ("ES256", EC_ID)] {
        let local = Draft::of(Family::Local).header("alg", &quoted(algorithm));
        let local = local.header("kid", &quoted(id));
        rows.draft(
            format_args!("a local token by {algorithm}"),
            &local,
            Refused::Algorithm,
        );
    }
    let shared_as_local =
        Draft::of(Family::Local).signed(|message| hs256(SHARED.as_bytes(), message));
    rows.add(
        "a local token by the project's secret",
        shared_as_local,
        Refused::Signature,
    );
}
