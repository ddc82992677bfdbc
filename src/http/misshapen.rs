//! What is wrong with a body or a query, in words of ours: the parser's own are about its types and its place in the
//! text, and repeat what was sent. That may be a password in the wrong place, and answers are kept by those who keep logs.

use std::borrow::Cow;

use serde_json::error::Category;

use super::problem::{Part, Problem};

/// Of a name that somebody made up, so much is told again.
const LONGEST_NAME: usize = 64;

/// The problem that a deserializer's error stands for.
pub(crate) fn misshapen(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    misshapen_at("", error)
}

/// [`misshapen`], of what stands at `place` of a body.
pub(super) fn misshapen_at(
    place: &str,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Problem {
    use serde_path_to_error::Segment;
    let mut pointer = place.to_owned();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    let said = error.inner().to_string();
    let said = Said::of(error.inner(), &said);
    if let Some(below) = said.below {
        push(&mut pointer, below);
    }
    Problem::malformed(Part::Body, &pointer, said.detail)
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    let short = name.chars().take(LONGEST_NAME);
    for letter in short {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// What was said of a value, in our words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said<'a> {
    /// The field of it that is meant, where the path ends above that.
    pub(super) below: Option<&'a str>,
    pub(super) detail: Cow<'a, str>,
}

impl<'a> Said<'a> {
    /// `text` is what `error` says.
    pub(super) fn of(error: &serde_json::Error, text: &'a str) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let text = text.strip_suffix(&place).unwrap_or(text);
        match error.classify() {
            Category::Data => Self::of_value(text),
            Category::Eof => Self::plain("is cut off: JSON goes on"),
            Category::Io | Category::Syntax if text.starts_with("number out of range") => {
                Self::plain("has a number that is out of range")
            }
            Category::Io | Category::Syntax if text.contains("hex escape") => {
                Self::plain("has half of a character, written as an escape")
            }
            Category::Io | Category::Syntax => Self {
                below: None,
                detail: format!(
                    "is not JSON from character {} of line {} on",
                    error.column(),
                    error.line()
                )
                .into(),
            },
        }
    }

    fn plain(detail: &'a str) -> Self {
        Self {
            below: None,
            detail: detail.into(),
        }
    }

    /// What is said of a value that was read, and is none that is taken.
    pub(super) fn of_value(text: &'a str) -> Self {
        let quoted = |text: &'a str| text.split('`').nth(1);
        if let Some(rest) = text.strip_prefix("missing field ") {
            return Self {
                below: quoted(rest),
                detail: "is missing".into(),
            };
        }
        if let Some(rest) = text.strip_prefix("duplicate field ") {
            return Self {
                below: quoted(rest),
                detail: "is there twice".into(),
            };
        }
        // What comes after the last of these is ours.
        let known = text.rsplit_once(", expected ").map(|(_, known)| known);
        let detail: Cow<'a, str> = if text.starts_with("unknown field ") {
            match known {
                Some(known) => format!("is not known here: {}", names(known)).into(),
                None => "is not known here".into(),
            }
        } else if text.starts_with("unknown variant ") {
            format!("must be one of {}", names(known.unwrap_or_default())).into()
        } else if text.starts_with("invalid ")
            && let Some(known) = known
        {
            format!("must be {}", kind(known)).into()
        } else {
            of_a_library(text).unwrap_or(text).into()
        };
        Self {
            below: None,
            detail,
        }
    }
}

/// The names in `` one of `a`, `b` ``.
fn names(known: &str) -> String {
    let names: Vec<_> = known.split('`').skip(1).step_by(2).collect();
    names.join(", ")
}

/// What a type is called, to those who send values.
fn kind(of: &str) -> Cow<'_, str> {
    macro_rules! whole {
        ($($type:ident)*) => {
            match of {
                $(stringify!($type) => {
                    return format!("a whole number from {} to {}", $type::MIN, $type::MAX).into();
                })*
                _ => {}
            }
        };
    }
    whole!(u8 u16 u32 u64 i8 i16 i32 i64);
    let first = of.split(' ').next().unwrap_or_default();
    match (first, of) {
        ("struct", _) | (_, "a map") => "an object".into(),
        ("tuple", _) | (_, "a sequence") => "an array".into(),
        ("enum", _) | (_, "variant identifier") => "one of the names that are known".into(),
        (_, "a string" | "a borrowed string" | "string or map") => "a text".into(),
        (_, "a boolean") => "true or false".into(),
        (_, "f32" | "f64") => "a number".into(),
        (_, "a formatted UUID string") => "a UUID".into(),
        (_, "unit") => "null".into(),
        (_, ours) => ours.into(),
    }
}

/// What libraries say of a text that they could not read.
fn of_a_library(text: &str) -> Option<&'static str> {
    [
        ("UUID parsing failed", "must be a UUID"),
        ("invalid digit found in string", "must be a whole number"),
        ("cannot parse integer", "must be a whole number"),
        ("number too large", "is too large"),
        ("number too small", "is too small"),
        ("invalid float literal", "must be a number"),
        ("provided string was not", "must be true or false"),
        (
            "data did not match any variant",
            "is of no form that is known",
        ),
    ]
    .into_iter()
    .find_map(|(theirs, ours)| text.starts_with(theirs).then_some(ours))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Map, Value};
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Thing {
        id: Uuid,
        size: u8,
        #[serde(default)]
        colour: Option<Colour>,
        #[serde(default)]
        named: Map<String, Value>,
        #[serde(default)]
        is_new: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        Green,
    }

    fn told(body: &str) -> (String, String) {
        let mut json = serde_json::Deserializer::from_str(body);
        let refused = serde_path_to_error::deserialize::<_, Thing>(&mut json).unwrap_err();
        let told = serde_json::to_value(misshapen(&refused).view("")).unwrap();
        let error = &told["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("pointer"), text("detail"))
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field_in_plain_words() {
        let id = r#""id": "00000000-0000-0000-0000-000000000001", "size": 7"#;
        for (body, pointer, detail) in [
            (r#"{"size": 7}"#, "/id", "is missing"),
            (
                &*format!("{{{id}, \"size\": 8}}"),
                "/size",
                "is there twice",
            ),
            (r#"{"id": "a"}"#, "/id", "must be a UUID"),
            (r#"{"id": 7}"#, "/id", "must be a UUID"),
            (
                r#"{"size": 300}"#,
                "/size",
                "must be a whole number from 0 to 255",
            ),
            (
                r#"{"size": -1}"#,
                "/size",
                "must be a whole number from 0 to 255",
            ),
            (
                r#"{"size": "a, expected b"}"#,
                "/size",
                "must be a whole number from 0 to 255",
            ),
            (
                r#"{"size": 1e999}"#,
                "/size",
                "has a number that is out of range",
            ),
            (
                r#"{"colour": "blue"}"#,
                "/colour",
                "must be one of red, green",
            ),
            (r#"{"named": "canary"}"#, "/named", "must be an object"),
            (r#"{"is_new": 1}"#, "/is_new", "must be true or false"),
            (
                r#"{"a/b": 1}"#,
                "/a~1b",
                "is not known here: id, size, colour, named, is_new",
            ),
            ("7", "", "must be an object"),
            ("{", "", "is cut off: JSON goes on"),
            (
                "{\n  nonsense",
                "",
                "is not JSON from character 3 of line 2 on",
            ),
        ] {
            let (told_pointer, told_detail) = told(body);
            assert_eq!((&*told_pointer, &*told_detail), (pointer, detail), "{body}");
        }
    }

    #[test]
    fn a_long_name_that_was_made_up_is_not_told_whole() {
        let (pointer, _) = told(&format!("{{\"{}\": 1}}", "x".repeat(10_000)));
        assert_eq!(pointer.len(), 1 + LONGEST_NAME);
    }
}
