//! What a path points at.
//!
//! The extension is part of the last segment in every path of ThingSpeak (`/feeds.json`,
//! `/fields/1/last.txt`), and both singular and plural nouns are in use. A path that names
//! nothing is [`Target::Nothing`]; it is never an error here.

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Update,
    Channels,
    PublicChannels,
    Channel(u64, Part),
    TalkBack(u64, Queue),
    /// No such page; the number of segments decides whether a preflight is answered.
    Nothing(usize),
}

/// A part of one channel. Field numbers count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    About,
    Feeds,
    Last,
    LastAge,
    Entry(u64),
    Field(usize),
    FieldLast(usize),
    FieldLastAge(usize),
    Status,
    StatusLast,
    BulkUpdate,
}

/// A part of one TalkBack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Queue {
    Commands,
    Command(u64),
    Execute,
    Last,
}

/// The extension of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Json,
    Csv,
    Xml,
    Text,
    /// No extension: text for single values, JSON for tables.
    Bare,
}

impl Target {
    /// Reads a path. Never fails: see [`Target::Nothing`].
    pub(super) fn of(path: &str) -> (Self, Format) {
        let mut segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut format = Format::Bare;
        if let Some(last) = segments.last_mut()
            && let Some((stem, extension)) = last.rsplit_once('.')
            && let Some(known) = Format::of(extension)
        {
            (*last, format) = (stem, known);
        }
        let target = Self::of_segments(&segments).unwrap_or(Self::Nothing(segments.len()));
        (target, format)
    }

    fn of_segments(segments: &[&str]) -> Option<Self> {
        match segments {
            ["update"] => Some(Self::Update),
            ["channels"] => Some(Self::Channels),
            ["channels", "public"] => Some(Self::PublicChannels),
            ["channels", id, rest @ ..] => Some(Self::Channel(number(id)?, Part::of(rest)?)),
            ["talkbacks", id, "commands", rest @ ..] => {
                Some(Self::TalkBack(number(id)?, Queue::of(rest)?))
            }
            _ => None,
        }
    }
}

impl Part {
    fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::About),
            ["feeds" | "feed"] => Some(Self::Feeds),
            ["feeds" | "feed", "last"] => Some(Self::Last),
            ["feeds" | "feed", "last_data_age"] => Some(Self::LastAge),
            ["feeds" | "feed", entry] => Some(Self::Entry(number(entry)?)),
            ["fields" | "field", field] => Some(Self::Field(field_place(field)?)),
            ["fields" | "field", field, "last"] => Some(Self::FieldLast(field_place(field)?)),
            ["fields" | "field", field, "last_data_age"] => {
                Some(Self::FieldLastAge(field_place(field)?))
            }
            ["status" | "statuses"] => Some(Self::Status),
            ["status" | "statuses", "last"] => Some(Self::StatusLast),
            ["bulk_update"] => Some(Self::BulkUpdate),
            _ => None,
        }
    }
}

impl Queue {
    fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Commands),
            ["execute"] => Some(Self::Execute),
            ["last"] => Some(Self::Last),
            [id] => Some(Self::Command(number(id)?)),
            _ => None,
        }
    }
}

impl Format {
    fn of(extension: &str) -> Option<Self> {
        match extension {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "xml" => Some(Self::Xml),
            "txt" | "text" => Some(Self::Text),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn field_place(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (1..=super::channel::FIELDS)
        .contains(&number)
        .then(|| number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_paths_lead_to_one_place() {
        for path in ["/channels/9/feed.json", "/channels/9/feeds.json"] {
            let expected = (Target::Channel(9, Part::Feeds), Format::Json);
            assert_eq!(Target::of(path), expected);
        }
        let expected = (Target::Channel(9, Part::FieldLast(0)), Format::Bare);
        assert_eq!(Target::of("/channels/9/fields/1/last"), expected);
    }

    #[test]
    fn what_is_no_page_is_nothing() {
        for path in [
            "/",
            "/channels/x/feeds.json",
            "/channels/9/fields/9.json",
            "/a/b/c",
        ] {
            assert!(matches!(Target::of(path).0, Target::Nothing(_)), "{path}");
        }
    }
}
