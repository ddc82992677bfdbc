//! Every SQL statement of the store, each from a file of its own.

use evara_actors::domain::Kind;

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("sql/", $file, ".sql"));)*

        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name),)*];
    };
}

statements! {
    ALL_CURSORS = "all_cursors";
    ALL_NODES = "all_nodes";
    ALL_READ_KEYS = "all_read_keys";
    ALL_SNAPSHOTS = "all_snapshots";
    CHANGES_BY_REVISION = "changes_by_revision";
    DELETE_NODE = "delete_node";
    DELETE_READ_KEY = "delete_read_key";
    FORGET_STALE_READ_KEY = "forget_stale_read_key";
    HAS_NODE = "has_node";
    HAS_READ_KEY = "has_read_key";
    INSERT_DEAD_LETTER = "insert_dead_letter";
    INSERT_DEEP = "insert_deep";
    INSERT_EVENT = "insert_event";
    INSERT_FLOW = "insert_flow";
    INSERT_GENERIC = "insert_generic";
    INSERT_NODE = "insert_node";
    INSERT_OTHER = "insert_other";
    INSERT_REMOVED = "insert_removed";
    INSERT_TANK = "insert_tank";
    LOGGED_NODES = "logged_nodes";
    NEWEST_DEAD_LETTERS = "newest_dead_letters";
    OTHER_VALUES = "other_values";
    PUT_CURSOR = "put_cursor";
    PUT_READ_KEY = "put_read_key";
    PUT_SNAPSHOT = "put_snapshot";
    SAMPLES_BY_TIME = "samples_by_time";
    UNDO_REMOVED = "undo_removed";
    UPDATE_NODE = "update_node";
}

/// Writes a sample into the table of its kind.
pub(super) const fn insert_sample(kind: Kind) -> &'static str {
    match kind {
        Kind::Tank => INSERT_TANK,
        Kind::Flow => INSERT_FLOW,
        Kind::Deep => INSERT_DEEP,
        Kind::Generic => INSERT_GENERIC,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::migrations;

    #[test]
    fn every_statement_can_be_prepared_and_every_file_is_a_statement() {
        let connection = migrations::migrated_in_memory();
        for (file, sql) in ALL {
            if let Err(error) = connection.prepare(sql) {
                panic!("{file}: {error}");
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/sql");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), ALL.len());
    }

    #[test]
    fn history_and_change_log_are_read_in_order_without_a_sort() {
        let connection = migrations::migrated_in_memory();
        for sql in [SAMPLES_BY_TIME, CHANGES_BY_REVISION] {
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let mut steps = plan.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get(3).unwrap();
                assert!(
                    !step.contains("TEMP B-TREE") && !step.contains("SCAN"),
                    "{step}"
                );
            }
        }
    }
}
