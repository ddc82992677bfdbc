//! What a payload may not claim, or must.

use super::draft::{Draft, Family, quoted};
use super::workshop::URL;
use super::{Bad, Refused, Rows};

/// Each way into the claims once: our own key, and a published one.
const FAMILIES: [Family; 2] = [Family::Local, Family::Ec];

pub(super) fn bad() -> Vec<Bad> {
    let mut rows = Rows::default();
    for family in FAMILIES {
        issuers(&mut rows, family);
        audiences(&mut rows, family);
        ids(&mut rows, family);
        people(&mut rows, family);
        twice(&mut rows, family);
    }
    rows.0
}

fn issuers(rows: &mut Rows, family: Family) {
    let strange = [
        "https://other.example/auth/v1".to_owned(),
        "https://otherproject.supabase.co/auth/v1".to_owned(),
        "http://project.example/auth/v1".to_owned(),
        "https://project.example.evil.example/auth/v1".to_owned(),
        "https://project.example@evil.example/auth/v1".to_owned(),
        URL.to_owned(),
        format!("{URL}/auth/v1/"),
        format!("{URL}/auth/v1\0"),
        format!("{URL}/auth/v2"),
        format!("{URL}/auth/v1").to_uppercase(),
        format!(" {URL}/auth/v1"),
        "supabase".to_owned(),
        "Evara".to_owned(),
        "evara ".to_owned(),
        String::new(),
    ];
    for issuer in strange {
        let draft = Draft::of(family).claim("iss", &quoted(&issuer));
        rows.draft(
            format_args!("{family:?} of the issuer {issuer:?}"),
            &draft,
            Refused::Issuer,
        );
    }
    for json in ["null", "1", r#"["evara"]"#, r#"{"evara":1}"#] {
        let draft = Draft::of(family).claim("iss", json);
        rows.draft(
            format_args!("{family:?} of the issuer {json}"),
            &draft,
            Refused::Claim("iss"),
        );
    }
    let draft = Draft::of(family).without_claim("iss");
    rows.draft(
        format_args!("{family:?} of no issuer"),
        &draft,
        Refused::Claim("iss"),
    );
}

fn audiences(rows: &mut Rows, family: Family) {
    for json in [
        r#""anon""#,
        r#""service_role""#,
        r#""Authenticated""#,
        r#""authenticated ""#,
        r#""""#,
        "null",
        "1",
        "true",
        "[]",
        r#"["anon"]"#,
        r#"["authenticated","other"]"#,
        r#"["authenticated","authenticated"]"#,
        r#"[["authenticated"]]"#,
        "[null]",
        r#"{"authenticated":true}"#,
    ] {
        let draft = Draft::of(family).claim("aud", json);
        rows.draft(
            format_args!("{family:?} for {json}"),
            &draft,
            Refused::Audience,
        );
    }
    let draft = Draft::of(family).without_claim("aud");
    rows.draft(
        format_args!("{family:?} for nobody"),
        &draft,
        Refused::Audience,
    );
}

fn ids(rows: &mut Rows, family: Family) {
    for name in ["sub", "session_id", "jti"] {
        for json in [
            "null",
            "7",
            "true",
            "[]",
            "{}",
            r#""""#,
            r#""admin""#,
            r#""ana@example.org""#,
            r#""00000000-0000-0000-0000-000000000000""#,
            r#""33333333333343338333333333333333""#,
            r#""{33333333-3333-4333-8333-333333333333}""#,
            r#""urn:uuid:33333333-3333-4333-8333-333333333333""#,
            r#""33333333-3333-4333-8333-33333333333g""#,
            r#"" 3333333-3333-4333-8333-333333333333""#,
            r#"["33333333-3333-4333-8333-333333333333"]"#,
        ] {
            let draft = Draft::of(family).claim(name, json);
            rows.draft(
                format_args!("{family:?} with {name} {json}"),
                &draft,
                Refused::Claim(name),
            );
        }
    }
    let draft = Draft::of(family).without_claim("sub");
    rows.draft(
        format_args!("{family:?} about nobody"),
        &draft,
        Refused::Claim("sub"),
    );
}

fn people(rows: &mut Rows, family: Family) {
    let long = quoted(&format!("{}@example.org", "a".repeat(250)));
    for (name, json) in [
        ("role", r#""anon""#),
        ("role", r#""service_role""#),
        ("role", r#""super_admin""#),
        ("role", "null"),
        ("role", r#"["authenticated"]"#),
        ("is_anonymous", "true"),
        ("is_anonymous", r#""false""#),
        ("is_anonymous", "null"),
        ("email", "null"),
        ("email", "7"),
        ("email", r#""ana""#),
        ("email", r#""ana@example.org\n""#),
        ("email", r#""ana@example.org\u0000""#),
        ("email", r#""ana @example.org""#),
        ("email", r#"["ana@example.org"]"#),
        ("email", &long),
        ("email_verified", r#""true""#),
        ("email_verified", "1"),
    ] {
        let draft = Draft::of(family).claim(name, json);
        let shown: String = json.chars().take(40).collect();
        rows.draft(
            format_args!("{family:?} with {name} {shown}"),
            &draft,
            Refused::Claim(name),
        );
    }
}

/// Of two members a reader might take the first, and another one the last.
fn twice(rows: &mut Rows, family: Family) {
    for (name, json) in [
        ("sub", r#""55555555-5555-4555-8555-555555555555""#),
        ("exp", "99999999999"),
        ("iss", r#""evara""#),
        ("aud", r#""authenticated""#),
        ("\\u0073ub", r#""55555555-5555-4555-8555-555555555555""#),
        ("email", r#""ana@example.org""#),
    ] {
        let draft = Draft::of(family).claim_again(name, json);
        rows.draft(
            format_args!("{family:?} with {name} twice"),
            &draft,
            Refused::Json,
        );
    }
    let draft = Draft::of(family).claim("app_metadata", r#"{"a":{"b":1,"b":2}}"#);
    rows.draft(
        format_args!("{family:?} with a member twice, far below"),
        &draft,
        Refused::Json,
    );
    for (name, json) in [
        ("alg", r#""none""#),
        ("kid", r#""mine""#),
        ("\\u0061lg", r#""none""#),
    ] {
        let draft = Draft::of(family).header_again(name, json);
        rows.draft(
            format_args!("{family:?} with {name} twice in its header"),
            &draft,
            Refused::Json,
        );
    }
}
