//! Every SQL statement of the store, each from a file of its own, and under a name of its own.

use evara_actors::domain::Kind;

/// A statement: the name is what logs and profiles call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: Query = Query {
            name: $file,
            sql: include_str!(concat!("sql/", $file, ".sql")),
        };)*

        #[cfg(test)]
        pub(super) const ALL: &[Query] = &[$($name,)*];
    };
}

statements! {
    ALL_CURSORS = "all_cursors";
    ALL_NODES = "all_nodes";
    ALL_READ_KEYS = "all_read_keys";
    ALL_SNAPSHOTS = "all_snapshots";
    CHANGES_BY_REVISION = "changes_by_revision";
    CURRENT_TRANSACTION = "current_transaction";
    DELETE_NODE = "delete_node";
    DELETE_READ_KEY = "delete_read_key";
    FIND_FACT = "find_fact";
    FORGET_STALE_READ_KEY = "forget_stale_read_key";
    HAS_NODE = "has_node";
    HAS_READ_KEY = "has_read_key";
    INSERT_DEAD_LETTERS = "insert_dead_letters";
    INSERT_DEEP = "insert_deep";
    INSERT_EVENTS = "insert_events";
    INSERT_FLOW = "insert_flow";
    INSERT_GENERIC = "insert_generic";
    INSERT_LOGGED_NODES = "insert_logged_nodes";
    INSERT_NODE = "insert_node";
    INSERT_REMOVED = "insert_removed";
    INSERT_TANK = "insert_tank";
    KEEP_FACT = "keep_fact";
    LOG_TAILS = "log_tails";
    MAKE_MONTH = "make_month";
    MONTHS = "months";
    NEWEST_DEAD_LETTERS = "newest_dead_letters";
    OTHER_VALUES = "other_values";
    PUT_CURSORS = "put_cursors";
    PUT_READ_KEY = "put_read_key";
    PUT_SNAPSHOTS = "put_snapshots";
    SAMPLES_BY_TIME = "samples_by_time";
    TRANSACTION_STATUS = "transaction_status";
    UNDO_REMOVED = "undo_removed";
    UPDATE_NODE = "update_node";
}

/// Writes samples into the table of their kind.
pub(super) const fn insert_samples(kind: Kind) -> Query {
    match kind {
        Kind::Tank => INSERT_TANK,
        Kind::Flow => INSERT_FLOW,
        Kind::Deep => INSERT_DEEP,
        Kind::Generic => INSERT_GENERIC,
    }
}
