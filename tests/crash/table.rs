//! What a proof shows, as people read it: a row for each way to die.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Deaths of one kind, and what came after them.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) kills: u32,
    /// From the start of the next process, or the return of the database, to being ready.
    pub(crate) ready: Vec<Duration>,
    /// From there to the first acknowledgement.
    pub(crate) acknowledged: Vec<Duration>,
}

/// The rows, and all of them together.
pub(crate) fn render(rows: &BTreeMap<&'static str, Row>) -> String {
    let mut table = String::from(
        "| death | kills | ready again p50 | p99 | first acknowledgement p50 | p99 |\n|---|---:|---:|---:|---:|---:|\n",
    );
    let mut all = Row::default();
    for (name, row) in rows {
        line(&mut table, name, row);
        all.kills += row.kills;
        all.ready.extend(&row.ready);
        all.acknowledged.extend(&row.acknowledged);
    }
    line(&mut table, "all", &all);
    table
}

fn line(table: &mut String, name: &str, row: &Row) {
    let [ready, late] = [50, 99].map(|percent| millis(percentile(&row.ready, percent)));
    let [first, last] = [50, 99].map(|percent| millis(percentile(&row.acknowledged, percent)));
    let kills = row.kills;
    let written = writeln!(
        table,
        "| {name} | {kills} | {ready} | {late} | {first} | {last} |"
    );
    written.unwrap();
}

fn millis(span: Option<Duration>) -> String {
    span.map_or_else(|| "-".to_owned(), |span| format!("{} ms", span.as_millis()))
}

/// The smallest of `spans` that so many percent of them do not exceed.
fn percentile(spans: &[Duration], percent: usize) -> Option<Duration> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(place - 1).copied()
}

#[test]
fn a_percentile_is_the_smallest_that_so_many_do_not_exceed() {
    let spans: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
    assert_eq!(percentile(&spans, 50), Some(Duration::from_millis(100)));
    assert_eq!(percentile(&spans, 99), Some(Duration::from_millis(198)));
    assert_eq!(
        percentile(&spans[..1], 50),
        Some(Duration::from_millis(200))
    );
    assert_eq!(percentile(&[], 50), None);
}
