//! What clients say over a WebSocket: read strictly, refused in a word, and never believed.

use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::{Fields, NoFields};
use super::topic::{NoTopic, Topic};
use super::watch::{Mode, Wanted};

/// A frame of a client.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    /// Who he is, or still is.
    Auth {
        /// The bearer's access token.
        token: String,
    },
    /// What he listens to from now on.
    Subscribe {
        /// `fleet`, `communities/{id}`, `nodes/{id}`, `alerts`, `commands` or `supervision`.
        topic: String,
        #[serde(default)]
        mode: Mode,
        /// The members of nodes that are told, such as `status` or `reported.level_cm`; all of them where there is none.
        /// `node_id` and `revision` are told in any case.
        #[serde(default)]
        fields: Option<Vec<String>>,
        /// The cursor to go on from, which was given for the same fields.
        #[serde(default)]
        since: Option<String>,
    },
    /// What he does not listen to any more.
    Unsubscribe { topic: String },
    /// That he is there.
    Pong {},
}

/// Why a frame is not taken: a sentence for whoever wrote it, with nothing of what they wrote but the name of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misspelt {
    #[error("A frame is one JSON object with a type: auth, subscribe, unsubscribe or pong.")]
    Frame,
    #[error("A topic {0}.")]
    Topic(#[from] NoTopic),
    #[error("The fields {0}.")]
    Fields(#[from] NoFields),
}

impl Asked {
    pub(crate) fn read(text: &str) -> Result<Self, Misspelt> {
        // An array with the type in front would be read, too.
        let object = Some(text).filter(|text| text.trim_start().starts_with('{'));
        let asked = object.and_then(|object| serde_json::from_str(object).ok());
        asked.ok_or(Misspelt::Frame)
    }
}

/// What is to be told of the topic of that name.
pub(crate) fn wanted(
    name: &str,
    mode: Mode,
    fields: Option<&[String]>,
) -> Result<Wanted, Misspelt> {
    let topic = topic(name)?;
    let named = fields.map(|names| Fields::named(names.iter().map(String::as_str)));
    let fields = named.transpose()?.unwrap_or_default();
    Ok(Wanted {
        topic,
        mode,
        fields,
    })
}

/// The topic of that name.
pub(crate) fn topic(name: &str) -> Result<Topic, Misspelt> {
    Ok(name.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_spelt_as_agreed_is_not_taken() {
        for frame in [
            "",
            "{}",
            "[]",
            r#"["pong"]"#,
            r#"["auth","a-token"]"#,
            "null",
            "nonsense",
            r#"{"type":"dance"}"#,
            r#"{"type":"auth"}"#,
            r#"{"type":"auth","token":7}"#,
            r#"{"type":"pong","at":1}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","topic":"fleet","mode":"some"}"#,
            r#"{"type":"subscribe","topic":"fleet","fields":"status"}"#,
            r#"{"type":"subscribe","topic":"fleet"}{"type":"pong"}"#,
        ] {
            assert_eq!(Asked::read(frame), Err(Misspelt::Frame), "{frame}");
        }
        let asked = Asked::read(r#"{"type":"subscribe","topic":"fleet"}"#).unwrap();
        let expected = Asked::Subscribe {
            topic: "fleet".to_owned(),
            mode: Mode::Latest,
            fields: None,
            since: None,
        };
        assert_eq!(asked, expected);
    }
}
