//! The read endpoints of a channel's entries: feeds, one field, one entry, status, and their age.
//!
//! Reads never change anything. Keys with an empty value are left out of the channel's object,
//! and entries show only fields that have a label: clients tell a null from a missing key.

use axum::http::StatusCode;

use super::ask::Ask;
use super::channel::{Channel, FIELD_NAMES, FIELDS};
use super::doc::{Doc, to_csv};
use super::fail::Fail;
use super::knobs::{DataAge, DeniedEntry, Knobs, MissingEntry};
use super::query::Query;
use super::reply::{Caching, Content, Reply};
use super::select::{self, Row};
use super::target::Format;
use super::zone::Zone;

/// Answers of more rows than this come from the cache.
pub(super) const LIVE_ROWS: usize = 100;

/// An answer, and how many rows went into it.
pub(super) struct Table {
    pub(super) reply: Reply,
    pub(super) rows: usize,
}

/// Answers for many entries: `feeds`, `fields/{n}` and `status`. `only` is one field's place.
pub(super) fn table(channel: &Channel, shape: Shape, ask: &Ask, at: &Reading<'_>) -> Table {
    let query = match shape {
        Shape::Status => Query::of_status(&ask.params, at.now_s()),
        Shape::Feeds | Shape::Field(_) => Query::of(&ask.params, at.now_s()),
    };
    let rows = select::rows(channel, &query);
    let view = View::of(channel, shape, &query);
    let reply = match ask.format {
        Format::Csv | Format::Text => Reply::ok(Content::Csv, view.csv(&rows)),
        Format::Xml => {
            let mut pairs = view.channel(channel);
            pairs.push(("feeds", view.feeds(&rows)));
            Reply::ok(Content::Xml, Doc::Object(pairs).to_xml("channel"))
        }
        Format::Json | Format::Bare => Reply::json(&Doc::Object(vec![
            ("channel", Doc::Object(view.channel(channel))),
            ("feeds", view.feeds(&rows)),
        ])),
    };
    // A fault shows rows otherwise, and must not decide what comes from the cache.
    let times_shown = if channel.faults.data.duplicates { 2 } else { 1 };
    Table {
        reply: at.kept(reply, channel),
        rows: rows.len() / times_shown,
    }
}

/// Answers for one entry.
pub(super) fn single(channel: &Channel, one: One, ask: &Ask, at: &Reading<'_>) -> Reply {
    let query = Query::of(&ask.params, at.now_s());
    let shape = match one {
        One::Newest | One::Id(_) => Shape::Feeds,
        One::NewestWith(place) => Shape::Field(place),
        One::NewestStatus => Shape::Status,
    };
    let found = select::newest_first(channel).find(|row| match one {
        One::Newest | One::NewestStatus => true,
        One::Id(id) => row.entry_id == Some(id),
        One::NewestWith(place) => row.fields[place].is_some(),
    });
    let Some(mut row) = found else {
        return missing(ask.format, at.knobs);
    };
    select::round(&mut row, query.decimals);
    let view = View::of(channel, shape, &query);
    let doc = view.entry(&row);
    let reply = match (ask.format, one) {
        (Format::Json, _) => Reply::json(&doc),
        (Format::Xml, _) => Reply::ok(Content::Xml, doc.to_xml("feed")),
        (Format::Csv, _) => Reply::ok(Content::Csv, view.csv(&[row])),
        (Format::Text | Format::Bare, One::NewestWith(place)) => {
            Reply::text(affixed(ask, row.fields[place].as_deref()))
        }
        (Format::Text | Format::Bare, One::NewestStatus) => {
            Reply::text(affixed(ask, row.extra.status.as_deref()))
        }
        // Despite its name, text carries the JSON here; the official library reads it so.
        (Format::Text | Format::Bare, One::Newest | One::Id(_)) => Reply::text(doc.to_json()),
    };
    at.kept(reply, channel)
}

/// Answers how old the newest entry is, in seconds.
pub(super) fn age(channel: &Channel, field: Option<usize>, ask: &Ask, at: &Reading<'_>) -> Reply {
    let found = select::newest_first(channel)
        .find(|row| field.is_none_or(|place| row.fields[place].is_some()));
    let Some(row) = found else {
        return missing(ask.format, at.knobs);
    };
    let age_s = at.now_s() - row.created_at_s;
    let doc = Doc::Object(match at.knobs.data_age {
        DataAge::Bare => vec![("last_data_age", Doc::Number(age_s))],
        DataAge::WithUnits => vec![
            ("last_data_age", Doc::Text(age_s.to_string())),
            ("last_data_age_units", Doc::Text("s".to_owned())),
        ],
    });
    match ask.format {
        Format::Json => Reply::json(&doc),
        Format::Xml => Reply::ok(Content::Xml, doc.to_xml("feed")),
        Format::Csv | Format::Text | Format::Bare => Reply::text(age_s.to_string()),
    }
}

/// When and under which rules something is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) knobs: &'a Knobs,
    pub(super) now_ms: i64,
}

impl Reading<'_> {
    pub(super) fn now_s(&self) -> i64 {
        self.now_ms.div_euclid(1_000)
    }

    /// Lets a reader keep the answer until the channel may change again.
    fn kept(&self, reply: Reply, channel: &Channel) -> Reply {
        Reply {
            caching: Caching::For(channel.gate_left_s(self.now_ms, self.knobs.write_gate_s)),
            ..reply
        }
    }
}

/// The refusal of a private feed: the number -1 under 400, as recorded.
pub(super) fn denied(format: Format) -> Reply {
    let content = match format {
        Format::Json | Format::Bare => Content::Json,
        Format::Csv | Format::Xml | Format::Text => Content::Text,
    };
    Reply::refusal(StatusCode::BAD_REQUEST, content, "-1")
}

/// The refusal of one entry or a status, which older code answers.
pub(super) fn denied_entry(format: Format, knobs: &Knobs) -> Reply {
    match knobs.denied_entry {
        DeniedEntry::BadRequest => denied(format),
        DeniedEntry::QuotedMinusOne => quoted_minus_one(format),
    }
}

fn missing(format: Format, knobs: &Knobs) -> Reply {
    match knobs.missing_entry {
        MissingEntry::QuotedMinusOne => quoted_minus_one(format),
        MissingEntry::EmptyObject => match format {
            Format::Json => Reply::json(&Doc::Object(Vec::new())),
            Format::Csv | Format::Xml | Format::Text | Format::Bare => Reply::text(""),
        },
        MissingEntry::NotFound => Fail::NotFound.reply(format),
    }
}

fn quoted_minus_one(format: Format) -> Reply {
    match format {
        Format::Json => Reply::json(&Doc::Text("-1".to_owned())),
        Format::Csv | Format::Xml | Format::Text | Format::Bare => Reply::text("-1"),
    }
}

fn affixed(ask: &Ask, value: Option<&str>) -> String {
    let affix = |name| ask.params.get(name).unwrap_or_default();
    format!(
        "{}{}{}",
        affix("prepend"),
        value.unwrap_or_default(),
        affix("append")
    )
}

/// Which single entry is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum One {
    Newest,
    Id(u64),
    /// The newest in which the field at this place is not null.
    NewestWith(usize),
    NewestStatus,
}

/// Which of the tables is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Feeds,
    Field(usize),
    Status,
}

/// How rows and their channel are shown in one answer.
struct View<'a> {
    shape: Shape,
    /// The places of the fields that are shown.
    places: Vec<usize>,
    status: bool,
    location: bool,
    metadata: bool,
    folded: bool,
    zone: &'a Zone,
}

impl<'a> View<'a> {
    fn of(channel: &Channel, shape: Shape, query: &'a Query) -> Self {
        let labelled = || {
            (0..FIELDS)
                .filter(|&place| channel.node.labels[place].is_some())
                .collect()
        };
        Self {
            shape,
            places: match shape {
                Shape::Feeds => labelled(),
                Shape::Field(place) => vec![place],
                Shape::Status => Vec::new(),
            },
            status: query.status || shape == Shape::Status,
            location: query.location,
            metadata: query.metadata,
            folded: query.aggregate.is_some(),
            zone: &query.zone,
        }
    }

    fn channel(&self, channel: &Channel) -> Vec<(&'static str, Doc)> {
        let node = &channel.node;
        let text = |value: &Option<String>| value.clone().map(Doc::Text);
        let filled = |value: &String| (!value.is_empty()).then(|| Doc::Text(value.clone()));
        let mut pairs = vec![("name", Some(Doc::Text(node.name.clone())))];
        let position = [
            ("latitude", text(&node.latitude)),
            ("longitude", text(&node.longitude)),
        ];
        if self.shape == Shape::Status {
            pairs.extend(position);
            pairs.push(("elevation", text(&node.elevation)));
        } else {
            pairs.insert(0, ("id", Some(Doc::id(channel.id))));
            pairs.push(("description", filled(&node.description)));
            pairs.extend(position);
            pairs.extend(FIELD_NAMES.into_iter().zip(node.labels.iter().map(text)));
            pairs.push(("created_at", Some(self.time(channel.created_at_s))));
            pairs.push(("updated_at", Some(self.time(channel.updated_at_s))));
            pairs.push(("elevation", text(&node.elevation)));
            pairs.push(("metadata", text(&node.metadata).filter(|_| self.metadata)));
            let last = channel.visible_last_entry_id().map_or(Doc::Null, Doc::id);
            pairs.push(("last_entry_id", Some(last)));
        }
        pairs
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }

    fn time(&self, at_s: i64) -> Doc {
        Doc::Time(self.zone.json(at_s))
    }

    fn feeds(&self, rows: &[Row]) -> Doc {
        Doc::List("feed", rows.iter().map(|row| self.entry(row)).collect())
    }

    fn entry(&self, row: &Row) -> Doc {
        let mut pairs = vec![("created_at", self.time(row.created_at_s))];
        if let Some(id) = row.entry_id {
            pairs.push(("entry_id", Doc::id(id)));
        }
        for &place in &self.places {
            pairs.push((
                FIELD_NAMES[place],
                Doc::text_or_null(row.fields[place].as_deref()),
            ));
        }
        pairs.extend(
            self.extras(row)
                .map(|(name, value)| (name, Doc::text_or_null(value))),
        );
        Doc::Object(pairs)
    }

    fn extras<'r>(&self, row: &'r Row) -> impl Iterator<Item = (&'static str, Option<&'r String>)> {
        let extra = &row.extra;
        let location = [
            ("latitude", extra.latitude.as_ref()),
            ("longitude", extra.longitude.as_ref()),
            ("elevation", extra.elevation.as_ref()),
        ];
        let (with_location, with_status) = (self.location, self.status);
        location
            .into_iter()
            .filter(move |_| with_location)
            .chain(with_status.then_some(("status", extra.status.as_ref())))
    }

    fn csv(&self, rows: &[Row]) -> String {
        let mut columns = vec!["created_at"];
        if !self.folded {
            columns.push("entry_id");
        }
        columns.extend(self.places.iter().map(|&place| FIELD_NAMES[place]));
        columns.extend(self.extras(&Row::default()).map(|(name, _)| name));
        let lines: Vec<_> = rows.iter().map(|row| self.csv_line(row)).collect();
        to_csv(&columns, &lines)
    }

    fn csv_line(&self, row: &Row) -> Vec<Option<String>> {
        let mut line = vec![Some(self.zone.csv(row.created_at_s))];
        if !self.folded {
            line.push(row.entry_id.map(|id| id.to_string()));
        }
        line.extend(self.places.iter().map(|&place| row.fields[place].clone()));
        line.extend(self.extras(row).map(|(_, value)| value.cloned()));
        line
    }
}
