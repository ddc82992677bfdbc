//! Secrets that were planted, and whether some text gives one away: as it is, or as somebody may write it
//! who prints bytes rather than texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Every secret by what it is.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// From now on `secret` must be nowhere.
    pub(super) fn plant(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= SHORTEST, "{what} may be found by chance");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    /// What `text` gives away.
    pub(super) fn in_text(&self, text: &str) -> Vec<&str> {
        let is_there = |secret: &str| forms(secret).iter().any(|form| text.contains(form));
        let found = self.0.iter().filter(|(_, secret)| is_there(secret));
        found.map(|(what, _)| what.as_str()).collect()
    }
}

/// A shorter text is in a long log by chance.
const SHORTEST: usize = 8;

/// What a text may look like in a log.
fn forms(secret: &str) -> [String; 5] {
    let bytes = secret.as_bytes();
    let listed: Vec<_> = bytes.iter().map(u8::to_string).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        secret.to_owned(),
        listed.join(", "),
        listed.join(","),
        hex,
        STANDARD_NO_PAD.encode(secret),
    ]
}

#[test]
fn a_secret_is_found_in_whatever_form_it_leaks() {
    let mut secrets = Secrets::default();
    secrets.plant("the password", "CANARYpassword");
    secrets.plant("the token", "CANARYtoken");
    let leaks = [
        r#"{"level":"TRACE","message":"signing in with CANARYpassword"}"#.to_owned(),
        format!("{:?}", b"CANARYpassword"),
        format!("{:?}", Vec::from("CANARYpassword")),
        r#"{"body":[67,65,78,65,82,89,112,97,115,115,119,111,114,100]}"#.to_owned(),
        "43414e41525970617373776f7264".to_owned(),
        "Q0FOQVJZcGFzc3dvcmQ=".to_owned(),
    ];
    for leak in &leaks {
        assert_eq!(secrets.in_text(leak), ["the password"], "{leak}");
    }
    assert!(secrets.in_text("nothing of CANARYpass or word").is_empty());
}
