//! Readings of any time find a table, and are found again.

use evara_actors::domain::{Sample, Timestamp};
use evara_actors::ports::Archive as _;

use super::Server;
use crate::store::Upkeep;
use crate::store::conformance::fixtures::{distance, everything, node, tank_row, telemetry};

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(instant.as_millisecond())
}

fn said(text: &str, number: u32) -> Sample {
    Sample {
        source_at: at(text),
        ..distance(number)
    }
}

const EVER: [&str; 6] = [
    "1970-01-01T00:00:00Z",
    "2009-12-31T23:59:59.999Z",
    "2010-01-01T00:00:00Z",
    "2024-02-29T12:00:00Z",
    "2039-12-31T23:59:59.999Z",
    "9999-01-01T00:00:00Z",
];

#[tokio::test]
async fn a_reading_of_any_time_is_kept_and_its_month_is_made() {
    let server = Server::new();
    let store = server.store().await;
    let rows = (1..).zip(EVER).map(|(number, text)| {
        let row = said(text, number);
        tank_row(node(1), number.into(), row)
    });
    store.commit(telemetry(rows.collect())).await.unwrap();
    let points = store.telemetry(node(1), everything()).await.unwrap();
    let times: Vec<_> = points.iter().map(|point| point.source_at).collect();
    assert_eq!(times, EVER.map(at));
    let made = "SELECT count(*) FROM telemetry_tank_2010_01, telemetry_tank_2024_02, telemetry_tank_2039_12";
    assert_eq!(server.shell(made), "1");
    assert_eq!(
        server.shell("SELECT count(*) FROM telemetry_tank_rest"),
        "3"
    );
}

#[tokio::test]
async fn a_month_that_was_dropped_by_others_is_made_again() {
    let server = Server::new();
    let store = server.store().await;
    let row = |number| tank_row(node(1), number, said("2024-02-29T12:00:00Z", 1));
    store.commit(telemetry(vec![row(1)])).await.unwrap();
    server.shell("DROP TABLE telemetry_tank_2024_02");
    store.commit(telemetry(vec![row(2)])).await.unwrap();
    let points = store.telemetry(node(1), everything()).await.unwrap();
    assert_eq!(points.len(), 1);
}

#[tokio::test]
async fn this_month_and_the_next_three_are_there_before_they_are_needed() {
    let server = Server::new();
    let _store = server.store().await;
    let ahead = "SELECT count(*) FROM generate_series(0, 3) AS ahead
        WHERE to_regclass('telemetry_deep' || to_char((now() AT TIME ZONE 'UTC')
            + make_interval(months => ahead), '_YYYY_MM')) IS NOT NULL";
    assert_eq!(server.shell(ahead), "4");
}

#[tokio::test]
async fn upkeep_drops_months_that_are_over_and_empty_and_makes_what_is_soon_needed() {
    let server = Server::new();
    let store = server.store().await;
    let row = |number, text| tank_row(node(1), number, said(text, 1));
    let rows = vec![
        row(1, "2024-02-29T12:00:00Z"),
        row(2, "2031-01-31T12:00:00Z"),
    ];
    store.commit(telemetry(rows)).await.unwrap();
    let now = at("2031-03-01T00:00:00Z");
    // All that were made ahead of today's month are of the past by then.
    let first = store.keep_up(now).await.unwrap();
    assert!(first.dropped >= 2 && first.made == 4, "{first:?}");
    assert_eq!(store.keep_up(now).await.unwrap(), Upkeep::default());
    let points = store.telemetry(node(1), everything()).await.unwrap();
    assert_eq!(points.len(), 2, "nothing goes with its month");
    server.shell("DELETE FROM telemetry_tank WHERE source_at < '2025-01-01'");
    assert_eq!(store.keep_up(now).await.unwrap().dropped, 1);
    let made = "SELECT count(*) FROM telemetry_deep_2031_03, telemetry_deep_2031_06";
    assert_eq!(server.shell(made), "0");
    let again = vec![row(3, "2024-02-28T12:00:00Z")];
    store.commit(telemetry(again)).await.unwrap();
    let points = store.telemetry(node(1), everything()).await.unwrap();
    assert_eq!(points.len(), 2, "a late reading makes its month again");
}

#[tokio::test]
async fn what_is_written_into_a_month_that_was_dropped_and_made_again_is_found_at_the_next_start() {
    let server = Server::new();
    let store = server.store().await;
    let row = |number| tank_row(node(1), number, said("2024-02-29T12:00:00Z", 1));
    store.commit(telemetry(vec![row(1)])).await.unwrap();
    let noted = "SELECT count(*) FROM logged_spans";
    assert_eq!(server.shell(noted), "1");
    server.shell("DELETE FROM telemetry_tank");
    assert!(
        store
            .keep_up(at("2031-03-01T00:00:00Z"))
            .await
            .unwrap()
            .dropped
            >= 1
    );
    assert_eq!(server.shell(noted), "0", "a note goes with its month");
    store.commit(telemetry(vec![row(2)])).await.unwrap();
    let saved = store.load().await.unwrap();
    let tail = saved.twins[&node(1)].tail.iter();
    assert_eq!(tail.map(|entry| entry.revision.0).collect::<Vec<_>>(), [2]);
}
