//! Texts that are no tokens, or nearly.

use super::draft::{Draft, Family, signed};
use super::workshop::encoded;
use super::{Bad, Refused, Rows};

pub(super) fn bad() -> Vec<Bad> {
    let mut rows = Rows::default();
    for family in Family::ALL {
        cut(&mut rows, family);
        flipped(&mut rows, family);
        recoded(&mut rows, family);
    }
    strange(&mut rows);
    documents(&mut rows);
    nested(&mut rows);
    large(&mut rows);
    rows.0
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}

fn cut(rows: &mut Rows, family: Family) {
    let token = Draft::of(family).token();
    let [header, payload, signature] = parts(&token);
    for (name, token) in [
        ("no signature", format!("{header}.{payload}")),
        ("an empty signature", format!("{header}.{payload}.")),
        ("an empty payload", format!("{header}..{signature}")),
        ("an empty header", format!(".{payload}.{signature}")),
        ("a fourth part", format!("{token}.{signature}")),
        ("a dot at its end", format!("{token}.")),
        ("a dot before it", format!(".{token}")),
        ("its header alone", header.to_owned()),
        (
            "its parts turned",
            format!("{signature}.{payload}.{header}"),
        ),
    ] {
        let refused = match name {
            "its parts turned" => Refused::Json,
            _ => Refused::Shape,
        };
        rows.add(format_args!("{family:?} with {name}"), token, refused);
    }
    let bytes = signature.len() * 3 / 4;
    for kept in [1, bytes / 2, bytes - 1] {
        let short = encoded(&Draft::of(family).family.sign(b"any")[..kept]);
        let token = format!("{header}.{payload}.{short}");
        rows.add(
            format_args!("{family:?} with {kept} bytes of a signature"),
            token,
            Refused::Signature,
        );
    }
    let long = [
        Draft::of(family)
            .family
            .sign(format!("{header}.{payload}").as_bytes()),
        vec![0],
    ];
    let token = format!("{header}.{payload}.{}", encoded(long.concat()));
    rows.add(
        format_args!("{family:?} with a byte behind its signature"),
        token,
        Refused::Signature,
    );
    let zeros = encoded(vec![0; bytes]);
    let token = format!("{header}.{payload}.{zeros}");
    rows.add(
        format_args!("{family:?} signed with zeros"),
        token,
        Refused::Signature,
    );
}

/// A bit of what was signed or of the signature is another one; the texts stay well-formed.
fn flipped(rows: &mut Rows, family: Family) {
    let draft = Draft::of(family);
    let (header, payload) = (draft.header_json(), draft.payload_json());
    let other = draft
        .clone()
        .claim("sub", r#""55555555-5555-4555-8555-555555555555""#);
    let stolen = |_: &[u8]| family.sign(message(&header, &payload).as_bytes());
    let token = signed(&header, other.payload_json(), stolen);
    rows.add(
        format_args!("{family:?} with another subject"),
        token,
        Refused::Signature,
    );
    let token = signed(
        draft.clone().header("typ", r#""at+jwt""#).header_json(),
        &payload,
        stolen,
    );
    rows.add(
        format_args!("{family:?} with another header"),
        token,
        Refused::Signature,
    );
    let spaced = payload.replacen(':', ": ", 1);
    let token = signed(&header, spaced, stolen);
    rows.add(
        format_args!("{family:?} with a space in its payload"),
        token,
        Refused::Signature,
    );
    let length = family.sign(b"any").len();
    for at in [0, length / 3, length / 2, length - 1] {
        let flip = |message: &[u8]| {
            let mut signature = family.sign(message);
            signature[at] ^= 1 << (at % 8);
            signature
        };
        let token = draft.signed(flip);
        let name = format_args!("{family:?} with a bit of byte {at} of its signature flipped");
        rows.add(name, token, Refused::Signature);
    }
}

fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", encoded(header), encoded(payload))
}

/// The same bytes, or nearly, in another alphabet.
fn recoded(rows: &mut Rows, family: Family) {
    let token = Draft::of(family).token();
    let parts = parts(&token);
    let with = |index: usize, part: String| {
        let mut parts = parts.map(str::to_owned);
        parts[index] = part;
        parts.join(".")
    };
    for (index, part) in parts.into_iter().enumerate() {
        let mut add = |name: &str, part: String| {
            let name = format_args!("{family:?}, part {index} {name}");
            rows.add(name, with(index, part), Refused::Shape);
        };
        add("padded", format!("{part}="));
        add("padded twice", format!("{part}=="));
        add(
            "of the other alphabet",
            format!("{}+/", &part[..part.len() - 2]),
        );
        add("with a space behind", format!("{part} "));
        add("with a space before", format!(" {part}"));
        add("with a line's end", format!("{part}\n"));
        add("with a NUL", format!("{part}\0"));
        add("with a byte-order mark", format!("\u{feff}{part}"));
        add(
            "with a letter of another script",
            part.replacen('e', "е", 1) + "е",
        );
        add(
            "percent-encoded",
            format!("%{:02x}{}", part.as_bytes()[0], &part[1..]),
        );
        add(
            "with a letter too many",
            format!("{}A", &part[..part.len() / 4 * 4]),
        );
        if let Some(loose) = with_loose_bits(part) {
            add("with bits that mean nothing", loose);
        }
    }
    for (name, token) in [
        ("in quotes", format!("\"{token}\"")),
        ("with its scheme", format!("Bearer {token}")),
        ("with tokens of a list", format!("{token},{token}")),
        ("with other dots", token.replace('.', "\u{ff0e}")),
        ("with a line's end behind", format!("{token}\r\n")),
    ] {
        rows.add(format_args!("{family:?} {name}"), token, Refused::Shape);
    }
}

/// The same bytes written with other bits behind the last whole one; none where there are no such bits.
fn with_loose_bits(part: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = *part.as_bytes().last()?;
    let value = ALPHABET.iter().position(|byte| *byte == last)?;
    let is_loose = !part.len().is_multiple_of(4);
    let other = char::from(ALPHABET[value | 1]);
    is_loose.then(|| format!("{}{other}", &part[..part.len() - 1]))
}

fn strange(rows: &mut Rows) {
    for text in [
        "",
        ".",
        "..",
        "...",
        "null",
        "undefined",
        "[object Object]",
        "a.b.c.d.e",
        "Bearer",
        "-.-.-",
        "....",
        "{}",
        "{}.{}.{}",
        "e30",
        "e30.e30",
        "\0.\0.\0",
        "../../etc/passwd",
        "' OR 1=1 --",
        "\u{202e}.\u{202e}.\u{202e}",
        "e30.e30.e",
        "=.=.=",
    ] {
        rows.add(format_args!("the text {text:?}"), text, Refused::Shape);
    }
    rows.add("empty objects", "e30.e30.e30", Refused::Algorithm);
    rows.add(
        "bytes that are no text",
        &b"\xff\xfe.\x80.\xc0"[..],
        Refused::Shape,
    );
    // RFC 7515's other form, and RFC 7516's five parts.
    let json = r#"{"payload":"e30","protected":"e30","signature":"AA"}"#;
    rows.add("a token in JSON", json, Refused::Shape);
    rows.add("an encrypted token", "e30.AA.AA.AA.AA", Refused::Shape);
}

/// Parts that are no JSON objects, signed all the same.
fn documents(rows: &mut Rows) {
    let family = Family::Local;
    let draft = Draft::of(family);
    let (header, payload) = (draft.header_json(), draft.payload_json());
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    let bad: Vec<Vec<u8>> = vec![
        b"null".into(),
        b"[]".into(),
        b"\"text\"".into(),
        b"7".into(),
        b"{".into(),
        b"{} {}".into(),
        b"{,}".into(),
        b"{\"a\":1,}".into(),
        b"{'a':1}".into(),
        b"{a:1}".into(),
        b"{\"a\":\"\xff\"}".into(),
        b"{\"a\":\"\\ud800\"}".into(),
        b"{\"a\":\"\n\"}".into(),
        b"{/*a*/}".into(),
        b"\xff\xfe{\0}\0".into(),
        deep.into(),
    ];
    for (index, document) in bad.iter().enumerate() {
        let shown: String = String::from_utf8_lossy(document).chars().take(20).collect();
        let sign = |message: &[u8]| family.sign(message);
        let token = signed(document, &payload, sign);
        rows.add(
            format_args!("the header {index}, {shown:?}"),
            token,
            Refused::Json,
        );
        let token = signed(&header, document, sign);
        rows.add(
            format_args!("the payload {index}, {shown:?}"),
            token,
            Refused::Json,
        );
    }
    for (name, before, after) in [
        ("mark", "\u{feff}", ""),
        ("rest", "", "x"),
        ("NUL", "", "\0"),
    ] {
        let sign = |message: &[u8]| family.sign(message);
        let token = signed(format!("{before}{header}{after}"), &payload, sign);
        rows.add(
            format_args!("a {name} round the header"),
            token,
            Refused::Json,
        );
        let token = signed(&header, format!("{before}{payload}{after}"), sign);
        rows.add(
            format_args!("a {name} round the payload"),
            token,
            Refused::Json,
        );
    }
}

/// A good token within another one proves nothing of the outer.
fn nested(rows: &mut Rows) {
    for family in Family::ALL {
        let inner = Draft::of(family).token();
        let draft = Draft::of(family);
        let sign = |message: &[u8]| family.sign(message);
        let token = signed(draft.header_json(), &inner, sign);
        rows.add(
            format_args!("{family:?} round a token"),
            token,
            Refused::Json,
        );
        let token = signed(draft.header_json(), format!("\"{inner}\""), sign);
        rows.add(
            format_args!("{family:?} round a token in quotes"),
            token,
            Refused::Json,
        );
        let token = signed(draft.header("cty", r#""JWT""#).header_json(), &inner, sign);
        rows.add(
            format_args!("{family:?} round a token, and says so"),
            token,
            Refused::HeaderMember,
        );
    }
}

fn large(rows: &mut Rows) {
    for family in Family::ALL {
        let fill = |bytes: usize| format!("\"{}\"", "a".repeat(bytes));
        for kib in [8, 16, 64] {
            let draft = Draft::of(family).claim("fill", &fill(kib * 1024));
            rows.draft(
                format_args!("{family:?} of {kib} KiB"),
                &draft,
                Refused::TooLarge,
            );
        }
        let draft = Draft::of(family).header("kid", &fill(10 * 1024));
        rows.draft(
            format_args!("{family:?} with a key id of 10 KiB"),
            &draft,
            Refused::TooLarge,
        );
    }
    for (name, byte) in [
        ("dots", "."),
        ("letters", "A"),
        ("NULs", "\0"),
        ("braces", "{"),
    ] {
        rows.add(
            format_args!("64 KiB of {name}"),
            byte.repeat(64 * 1024),
            Refused::TooLarge,
        );
        rows.add(
            format_args!("8 KiB of {name}"),
            byte.repeat(8 * 1024),
            Refused::Shape,
        );
    }
}
