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
    ACCOUNT = "account";
    ACCOUNTS_AFTER = "accounts_after";
    ACCOUNTS_THAT_RUN = "accounts_that_run";
    ADVANCE_CHAIN = "advance_chain";
    ALL_COMMUNITIES = "all_communities";
    ALL_CURSORS = "all_cursors";
    ALL_CUSTOMERS = "all_customers";
    ALL_DEVICE_KEYS = "all_device_keys";
    ALL_DISTRIBUTORS = "all_distributors";
    ALL_IP_RULES = "all_ip_rules";
    ALL_NODES = "all_nodes";
    ALL_PLANS = "all_plans";
    ALL_READ_KEYS = "all_read_keys";
    ALL_RULES = "all_rules";
    AUDIT_CHAIN_NAMES = "audit_chain_names";
    AUDIT_CUT = "audit_cut";
    AUDIT_HEAD = "audit_head";
    AUDIT_OF_CHAIN = "audit_of_chain";
    AUDIT_PAGE = "audit_page";
    AUDIT_PAGE_OF_ACTION = "audit_page_of_action";
    AUDIT_PAGE_OF_ACTOR = "audit_page_of_actor";
    AUDIT_PAGE_OF_CHAIN = "audit_page_of_chain";
    AUDIT_PAGE_OF_TARGET = "audit_page_of_target";
    AUDIT_SEALS = "audit_seals";
    BEGIN_RECEIPT = "begin_receipt";
    CHAIN_HEAD = "chain_head";
    CHANGES_BY_REVISION = "changes_by_revision";
    CHECKPOINT_AT = "checkpoint_at";
    CLAIM = "claim";
    COUNT_STALE = "count_stale";
    CUTTABLE = "cuttable";
    DELETE_ACCOUNT = "delete_account";
    DELETE_COMMUNITY = "delete_community";
    DELETE_CUSTOMER = "delete_customer";
    DELETE_DEVICE_KEY = "delete_device_key";
    DELETE_DISTRIBUTOR = "delete_distributor";
    DELETE_IP_RULE = "delete_ip_rule";
    DELETE_NODE = "delete_node";
    DELETE_PLAN = "delete_plan";
    DELETE_READ_KEY = "delete_read_key";
    DENY_TOKEN = "deny_token";
    DROP_DUE_OF_NODE = "drop_due_of_node";
    DROP_MARK = "drop_mark";
    DROP_ROLLUP_DAYS = "drop_rollup_days";
    DROP_ROLLUP_HOURS = "drop_rollup_hours";
    DUE_DAYS = "due_days";
    DUE_OF_NODE = "due_of_node";
    END_FAMILY = "end_family";
    END_SESSION = "end_session";
    EXPIRE_AUDIT = "expire_audit";
    EXPIRE_CHECKPOINTS = "expire_checkpoints";
    EXPIRE_DEEP = "expire_deep";
    EXPIRE_FLOW = "expire_flow";
    EXPIRE_GENERIC = "expire_generic";
    EXPIRE_OTHER = "expire_other";
    EXPIRE_SEALS = "expire_seals";
    EXPIRE_TANK = "expire_tank";
    FINISH_RECEIPT = "finish_receipt";
    FORGET_DENIED = "forget_denied";
    FORGET_OLD_RECEIPTS = "forget_old_receipts";
    FORGET_RECEIPT = "forget_receipt";
    FORGET_SESSIONS = "forget_sessions";
    FORGET_KEYS_OF_MOVED = "forget_keys_of_moved";
    FORGET_STALE_READ_KEY = "forget_stale_read_key";
    FULL_PLAN = "full_plan";
    HAS_READ_KEY = "has_read_key";
    HAS_TENANT = "has_tenant";
    HAS_PEOPLE = "has_people";
    INSERT_ACCOUNT = "insert_account";
    INSERT_AUDIT = "insert_audit";
    INSERT_COMMUNITY = "insert_community";
    INSERT_CUSTOMER = "insert_customer";
    INSERT_DEAD_LETTER = "insert_dead_letter";
    INSERT_DEEP = "insert_deep";
    INSERT_DEVICE_KEY = "insert_device_key";
    INSERT_DISTRIBUTOR = "insert_distributor";
    INSERT_EVENT = "insert_event";
    INSERT_FLOW = "insert_flow";
    INSERT_GENERIC = "insert_generic";
    INSERT_IP_RULE = "insert_ip_rule";
    INSERT_NODE = "insert_node";
    INSERT_OTHER = "insert_other";
    INSERT_PLAN = "insert_plan";
    INSERT_REMOVED = "insert_removed";
    INSERT_SESSION = "insert_session";
    INSERT_TANK = "insert_tank";
    IS_UNROLLED_BEFORE = "is_unrolled_before";
    MAKE_DAY_DUE = "make_day_due";
    MARKS_OF_NODE = "marks_of_node";
    MARK_ALL_HOURS = "mark_all_hours";
    MARK_HOUR = "mark_hour";
    NEWEST_DEAD_LETTERS = "newest_dead_letters";
    NEXT_NODE_WITH_SAMPLES = "next_node_with_samples";
    NEXT_SNAPSHOTS = "next_snapshots";
    ONE_NODE = "one_node";
    OPEN_CHAIN = "open_chain";
    OPEN_MARKS = "open_marks";
    OTHER_VALUES = "other_values";
    PUT_CHECKPOINTS = "put_checkpoints";
    PUT_CURSOR = "put_cursor";
    PUT_CUT = "put_cut";
    PUT_READ_KEY = "put_read_key";
    PUT_ROLLUP_DAYS = "put_rollup_days";
    PUT_ROLLUP_HOURS = "put_rollup_hours";
    PUT_RULE = "put_rule";
    PUT_SEAL = "put_seal";
    PUT_SNAPSHOT = "put_snapshot";
    RECEIPT = "receipt";
    RECOGNISE = "recognise";
    REKEY_ANSWER = "rekey_answer";
    REKEY_AUTHENTICATOR = "rekey_authenticator";
    REKEY_READ_KEY = "rekey_read_key";
    ROLLUP_DAYS_BETWEEN = "rollup_days_between";
    ROLLUP_HOURS_BETWEEN = "rollup_hours_between";
    ROTATE_SESSION = "rotate_session";
    RULE_OF_NODE = "rule_of_node";
    SAMPLES_BY_TIME = "samples_by_time";
    SEAL = "seal";
    SEALED_BEFORE = "sealed_before";
    SESSIONS_OF_ACCOUNT = "sessions_of_account";
    SESSION_OF_FAMILY = "session_of_family";
    SETTLE_DUE_DAY = "settle_due_day";
    SNAPSHOTS_BETWEEN = "snapshots_between";
    STALE_ANSWERS = "stale_answers";
    STALE_AUTHENTICATORS = "stale_authenticators";
    STALE_READ_KEYS = "stale_read_keys";
    STANDING_OF_NODE = "standing_of_node";
    TAILS_BETWEEN = "tails_between";
    TAKE_MARK = "take_mark";
    TOUCH_DEVICE_KEY = "touch_device_key";
    TRIM_SESSIONS = "trim_sessions";
    UNDO_REMOVED = "undo_removed";
    UNSEALED_CHAINS = "unsealed_chains";
    UPDATE_ACCOUNT = "update_account";
    UPDATE_COMMUNITY = "update_community";
    UPDATE_CUSTOMER = "update_customer";
    UPDATE_DISTRIBUTOR = "update_distributor";
    UPDATE_NODE = "update_node";
    UPDATE_PLAN = "update_plan";
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

/// Removes old samples from the table of a kind.
pub(super) const fn expire_samples(kind: Kind) -> &'static str {
    match kind {
        Kind::Tank => EXPIRE_TANK,
        Kind::Flow => EXPIRE_FLOW,
        Kind::Deep => EXPIRE_DEEP,
        Kind::Generic => EXPIRE_GENERIC,
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
    fn the_names_of_chains_are_found_without_a_look_at_each_entry() {
        let connection = migrations::migrated_in_memory();
        let explain = format!("EXPLAIN QUERY PLAN {AUDIT_CHAIN_NAMES}");
        let mut plan = connection.prepare(&explain).unwrap();
        let mut steps = plan.raw_query();
        while let Some(step) = steps.next().unwrap() {
            let step: String = step.get(3).unwrap();
            let looks = ["SCAN audit ", "SCAN audit_seals "];
            // The first of all is found from the end of an index.
            assert!(
                !looks.iter().any(|look| step.starts_with(look)) || step.contains("INDEX"),
                "{step}"
            );
        }
    }

    #[test]
    fn history_and_change_log_are_read_in_order_without_a_sort() {
        let connection = migrations::migrated_in_memory();
        for sql in [
            SAMPLES_BY_TIME,
            CHANGES_BY_REVISION,
            ROLLUP_HOURS_BETWEEN,
            ROLLUP_DAYS_BETWEEN,
            OPEN_MARKS,
            MARKS_OF_NODE,
            DUE_OF_NODE,
            DUE_DAYS,
            AUDIT_PAGE_OF_TARGET,
            AUDIT_PAGE_OF_ACTOR,
            AUDIT_PAGE_OF_ACTION,
            AUDIT_PAGE_OF_CHAIN,
        ] {
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let mut steps = plan.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get(3).unwrap();
                // The list of wanted metrics is a table too, and short.
                let scans = step.contains("SCAN") && !step.contains("json_each");
                assert!(!step.contains("TEMP B-TREE") && !scans, "{step}");
            }
        }
    }
}
