//! Choosing the rows of an answer: the newest first, then turned round.
//!
//! The newest N are taken before anything is folded, dropped or rounded; the hosted service does
//! it in this order and clients see fewer rows than they asked for.

use super::aggregate::numeric;
use super::channel::{Channel, Entry, Extra, FIELDS};
use super::query::Query;

/// One row of an answer. Folded rows have no id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) created_at_s: i64,
    pub(super) entry_id: Option<u64>,
    pub(super) fields: [Option<String>; FIELDS],
    pub(super) extra: Extra,
}

impl Row {
    fn of(entry: &Entry) -> Self {
        Self {
            created_at_s: entry.created_at_s,
            entry_id: Some(entry.entry_id),
            fields: entry.fields.clone().map(|field| field.map(String::from)),
            extra: entry.extra.as_deref().cloned().unwrap_or_default(),
        }
    }
}

/// The rows that `query` wants of `channel`, oldest first.
pub(super) fn rows(channel: &Channel, query: &Query) -> Vec<Row> {
    let mut rows: Vec<Row> = newest_first(channel)
        .skip_while(|row| row.created_at_s > query.end_s)
        .take_while(|row| row.created_at_s >= query.start_s)
        .take(query.limit)
        .collect();
    rows.reverse();
    rows.retain(|row| within(row, query));
    if channel.faults.data.duplicates {
        rows = rows
            .into_iter()
            .flat_map(|row| [row.clone(), row])
            .collect();
    }
    for row in &mut rows {
        round(row, query.decimals);
    }
    match query.aggregate {
        Some(aggregate) => aggregate.apply(&rows, &query.zone, query.decimals),
        None => rows,
    }
}

/// Every row that a reader may see, as the channel's faults show it.
pub(super) fn newest_first(channel: &Channel) -> impl Iterator<Item = Row> {
    channel.entries().rev().map(|entry| {
        let mut row = Row::of(entry);
        channel.faults.data.bend(&mut row);
        row
    })
}

/// A row is dropped when any of its numbers lies outside; what is no number is not asked.
fn within(row: &Row, query: &Query) -> bool {
    row.fields
        .iter()
        .flatten()
        .filter_map(|text| numeric(text))
        .all(|value| {
            query.min.is_none_or(|min| value >= min) && query.max.is_none_or(|max| value <= max)
        })
}

/// Rounds every number of a row, and keeps the zeros at its end.
pub(super) fn round(row: &mut Row, decimals: Option<usize>) {
    let Some(decimals) = decimals else { return };
    for text in row.fields.iter_mut().flatten() {
        if let Some(value) = numeric(text) {
            *text = format!("{value:.decimals$}");
        }
    }
}
