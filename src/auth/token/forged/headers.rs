//! What a header may not say.

use super::draft::{Draft, Family, quoted};
use super::workshop::{Workshop, ec_jwk, ec_signature, rsa_jwk, rsa_signature};
use super::{Bad, Refused, Rows};

pub(super) fn bad() -> Vec<Bad> {
    let mut rows = Rows::default();
    for family in Family::ALL {
        algorithms(&mut rows, family);
        types(&mut rows, family);
        members(&mut rows, family);
        key_ids(&mut rows, family);
    }
    embedded(&mut rows);
    rows.0
}

fn algorithms(rows: &mut Rows, family: Family) {
    let spelt = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "nonE",
        "none ",
        " none",
        "no\u{200b}ne",
        "n\u{043e}ne",
        "",
        "null",
        "HS256 ",
        "hs256",
        "HS256\0",
        "ＨＳ256",
        "HS384",
        "HS512",
        "RS384",
        "RS512",
        "rs256",
        "PS256",
        "PS512",
        "ES384",
        "ES512",
        "ES256K",
        "es256",
        "EdDSA",
        "RSA-OAEP",
        "dir",
        "A128KW",
        "PBES2-HS256+A128KW",
        "SHA256",
        "*",
    ];
    for name in spelt {
        let draft = Draft::of(family).header("alg", &quoted(name));
        rows.draft(
            format_args!("{family:?} by {name:?}"),
            &draft,
            Refused::Algorithm,
        );
    }
    for json in [
        "null",
        "0",
        "256",
        "true",
        "[]",
        r#"["HS256"]"#,
        r#"{"HS256":1}"#,
    ] {
        let draft = Draft::of(family).header("alg", json);
        rows.draft(
            format_args!("{family:?} by the algorithm {json}"),
            &draft,
            Refused::Algorithm,
        );
    }
    let draft = Draft::of(family).without_header("alg");
    rows.draft(
        format_args!("{family:?} by no algorithm"),
        &draft,
        Refused::Algorithm,
    );
    let unsigned = Draft::of(family)
        .header("alg", r#""none""#)
        .signed(|_| Vec::new());
    rows.add(
        format_args!("{family:?} by none, unsigned"),
        unsigned,
        Refused::Shape,
    );
}

fn types(rows: &mut Rows, family: Family) {
    for json in [
        r#""JWE""#,
        r#""JWS""#,
        r#""""#,
        r#""JWT ""#,
        r#""dpop+jwt""#,
        r#""secevent+jwt""#,
        "null",
        "1",
        r#"["JWT"]"#,
    ] {
        let draft = Draft::of(family).header("typ", json);
        rows.draft(
            format_args!("{family:?} of type {json}"),
            &draft,
            Refused::Type,
        );
    }
}

fn members(rows: &mut Rows, family: Family) {
    for (name, json) in [
        ("jwk", r#"{"kty":"oct","k":"AAAA"}"#),
        ("jwk", "null"),
        ("jku", r#""https://evil.example/jwks.json""#),
        ("jku", r#""file:///etc/passwd""#),
        ("x5u", r#""https://evil.example/cert.pem""#),
        ("x5c", r#"["MIIB"]"#),
        ("x5t", r#""AAAA""#),
        ("x5t#S256", r#""AAAA""#),
        ("crit", "[]"),
        ("crit", r#"["exp"]"#),
        ("crit", r#"["b64"]"#),
        ("crit", "null"),
        ("b64", "false"),
        ("cty", r#""JWT""#),
        ("cty", r#""""#),
        ("zip", r#""DEF""#),
        ("enc", r#""A128GCM""#),
        ("epk", "{}"),
        ("p2c", "2147483647"),
        ("Alg", r#""none""#),
        ("aud", r#""authenticated""#),
    ] {
        let draft = Draft::of(family).header(name, json);
        let name = format_args!("{family:?} with {name} {json} in its header");
        rows.draft(name, &draft, Refused::HeaderMember);
    }
}

fn key_ids(rows: &mut Rows, family: Family) {
    let long = "a".repeat(10 * 1024 / 2);
    for id in [
        "",
        " ",
        "../../../../dev/null",
        "..\\..\\windows\\win.ini",
        "file:///dev/null",
        "/proc/self/environ\0",
        "' OR '1'='1",
        "x' UNION SELECT 'key'--",
        "1; DROP TABLE keys",
        "https://evil.example/key",
        "//evil.example",
        "|id",
        "$(id)",
        "`id`",
        "${jndi:ldap://e}",
        "%2e%2e%2f",
        "a\0b",
        "\0",
        "\r\nX-Injected: 1",
        "{\"a\":1}",
        "\u{feff}id",
        "ключ",
        "<script>",
        &long,
    ] {
        let draft = Draft::of(family).header("kid", &quoted(id));
        let shown: String = id.chars().take(24).collect();
        rows.draft(
            format_args!("{family:?} with the key id {shown:?}"),
            &draft,
            Refused::KeyId,
        );
    }
    for json in [
        "null",
        "1",
        "true",
        "[]",
        "{}",
        r#"["11111111-1111-4111-8111-111111111111"]"#,
    ] {
        let draft = Draft::of(family).header("kid", json);
        rows.draft(
            format_args!("{family:?} with the key id {json}"),
            &draft,
            Refused::KeyId,
        );
    }
}

/// Tokens that bring the key that proves them.
fn embedded(rows: &mut Rows) {
    let workshop = Workshop::get();
    let (rsa, ec) = (&workshop.strange_rsa, &workshop.strange_ec);
    for id in ["11111111-1111-4111-8111-111111111111", "mine"] {
        let draft = Draft::of(Family::Rsa).header("kid", &quoted(id));
        let token = draft
            .header("jwk", &rsa_jwk(id, rsa))
            .signed(|message| rsa_signature(rsa, message));
        rows.add(
            format_args!("an RSA key within, as {id}"),
            token,
            Refused::HeaderMember,
        );
        let draft = Draft::of(Family::Ec).header("kid", &quoted(id));
        let token = draft
            .header("jwk", &ec_jwk(id, ec))
            .signed(|message| ec_signature(ec, message));
        rows.add(
            format_args!("a key of P-256 within, as {id}"),
            token,
            Refused::HeaderMember,
        );
    }
}
