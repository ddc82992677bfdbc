//! Good tokens, at the edge of what is bad.

use super::draft::{Draft, Family};

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut add = |name: String, draft: Draft| all.push((name, draft.token().into_bytes()));
    for family in Family::ALL {
        let draft = || Draft::of(family);
        add(format!("{family:?}"), draft());
        add(
            format!("{family:?} without a type"),
            draft().without_header("typ"),
        );
        add(
            format!("{family:?} of type at+jwt"),
            draft().header("typ", r#""at+jwt""#),
        );
        let alone = r#"["authenticated"]"#;
        add(
            format!("{family:?} with its audience in a list"),
            draft().claim("aud", alone),
        );
        for (name, secs) in [("exp", -29), ("nbf", 30), ("nbf", -9_999_999)] {
            let draft = draft().seconds("iat", -3600).seconds(name, secs);
            add(format!("{family:?} with {name} {secs} s from now"), draft);
        }
        let early = draft().seconds("iat", 30);
        add(
            format!("{family:?} of a clock that is half a minute ahead"),
            early,
        );
        let long = draft().seconds("exp", 7 * 24 * 3600);
        add(format!("{family:?} of a week"), long);
        for name in ["session_id", "email", "role"] {
            add(
                format!("{family:?} without {name}"),
                draft().without_claim(name),
            );
        }
        add(
            format!("{family:?} with an empty email"),
            draft().claim("email", r#""""#),
        );
        add(
            format!("{family:?} with an address that was confirmed"),
            draft().claim("email_verified", "true"),
        );
        let odd = r#"{"role":"super_admin","list":[1,2.5,null,{"a":{}}]}"#;
        add(
            format!("{family:?} with claims that nobody reads"),
            draft().claim("user_metadata", odd),
        );
        add(
            format!("{family:?} of a person"),
            draft().claim("is_anonymous", "false"),
        );
    }
    add(
        "Shared without the id of a key".to_owned(),
        Draft::of(Family::Shared).without_header("kid"),
    );
    all
}
