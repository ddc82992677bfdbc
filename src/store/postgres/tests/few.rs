//! By which plans batches are written: few values by plans that are kept, more by such as are made for them.

use evara_actors::domain::{Metric, Sample};
use evara_actors::ports::{Archive as _, Ownership as _};

use super::Server;
use crate::store::conformance::fixtures::{entry, node, other, sample, tank_row, telemetry, value};
use crate::store::conformance::keys;
use crate::store::postgres::{PostgresStore, migrate, statements};

/// How often readings of tanks were written by a plan that is kept, and how often by one of their own. Asked on the one
/// connection that the store has.
async fn plans(store: &PostgresStore) -> (i64, i64) {
    let asked =
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1";
    let client = store.connections.get().await.unwrap();
    let written = &statements::INSERT_TANK.sql;
    let row = client.query_one(asked, &[written]).await.unwrap();
    (row.get(0), row.get(1))
}

/// What a tank says at a second: its distance, and so many other numbers.
fn reading(second: u32, others: usize) -> Sample {
    let others = ["ph", "turbidity"].into_iter().take(others).map(other);
    let metrics = [Metric::DistanceCm].into_iter().chain(others);
    let values = metrics.map(|metric| value(metric, 1.0)).collect();
    sample(entry(second.into()), second.into(), values)
}

#[tokio::test]
async fn few_values_are_written_by_a_plan_that_is_kept_and_more_by_one_that_is_made_for_them() {
    let server = Server::new();
    migrate(&server.address).await.unwrap();
    let store = PostgresStore::open(&server.address, 1, keys("k")).await;
    let store = store.unwrap();
    store.claim().await.unwrap();
    let mut second = 0;
    for (rows, others, kept, made) in [
        (1, 0, 1, 0),
        (128, 0, 2, 0),
        (42, 2, 3, 0),
        (129, 0, 3, 1),
        (43, 2, 3, 2),
        (1_000, 0, 3, 3),
        (1, 0, 4, 3),
    ] {
        let batch = (0..rows).map(|_| {
            second += 1;
            tank_row(node(1), second.into(), reading(second, others))
        });
        store.commit(telemetry(batch.collect())).await.unwrap();
        let found = plans(&store).await;
        assert_eq!(found, (kept, made), "{rows} rows with {others} more values");
    }
}
