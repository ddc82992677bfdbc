//! Every SQL statement of the store, each from a file of its own, and under a name of its own.

use evara_actors::domain::Kind;

/// A statement: the name is what logs and profiles call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// Its place in [`ALL`].
    pub(super) place: usize,
}

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        /// The statements in their order: what gives each its place.
        #[expect(
            non_camel_case_types,
            clippy::upper_case_acronyms,
            reason = "named as the statements are"
        )]
        enum Place { $($name,)* }

        $(pub(super) const $name: Query = Query {
            name: $file,
            sql: include_str!(concat!("sql/", $file, ".sql")),
            place: Place::$name as usize,
        };)*

        pub(super) const ALL: &[Query] = &[$($name,)*];
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
    AUDIT_PAGE_OF_CHAINS = "audit_page_of_chains";
    AUDIT_PAGE_OF_TARGET = "audit_page_of_target";
    AUDIT_SEALS = "audit_seals";
    BEGIN_RECEIPT = "begin_receipt";
    CHANGES_BY_REVISION = "changes_by_revision";
    CHANGE_FACT = "change_fact";
    CHECKPOINT_AT = "checkpoint_at";
    CLAIM_SHARDS = "claim_shards";
    COUNT_NODES = "count_nodes";
    COUNT_STALE = "count_stale";
    CURRENT_TRANSACTION = "current_transaction";
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
    DROP_MONTH = "drop_month";
    DROP_ROLLUP_DAYS = "drop_rollup_days";
    DROP_ROLLUP_HOURS = "drop_rollup_hours";
    DROP_TAKEN_MARKS = "drop_taken_marks";
    DUE_DAYS = "due_days";
    DUE_OF_NODE = "due_of_node";
    END_FAMILY = "end_family";
    END_SESSION = "end_session";
    EXPIRE_ALARMS = "expire_alarms";
    EXPIRE_AUDIT = "expire_audit";
    EXPIRE_CHECKPOINTS = "expire_checkpoints";
    EXPIRE_COMMANDS = "expire_commands";
    EXPIRE_DEEP = "expire_deep";
    EXPIRE_FLOW = "expire_flow";
    EXPIRE_GENERIC = "expire_generic";
    EXPIRE_OUTBOX = "expire_outbox";
    EXPIRE_TANK = "expire_tank";
    FINISH_RECEIPT = "finish_receipt";
    FORGET_DENIED = "forget_denied";
    FORGET_LOGGED_MONTH = "forget_logged_month";
    FORGET_OLD_RECEIPTS = "forget_old_receipts";
    FORGET_RECEIPT = "forget_receipt";
    FORGET_SESSIONS = "forget_sessions";
    FORGET_KEYS_OF_MOVED = "forget_keys_of_moved";
    FORGET_STALE_READ_KEY = "forget_stale_read_key";
    HAS_NODE = "has_node";
    HAS_READ_KEY = "has_read_key";
    HAS_TENANT = "has_tenant";
    HOLD_SHARDS = "hold_shards";
    INSERT_ACCOUNT = "insert_account";
    INSERT_AUDIT = "insert_audit";
    INSERT_COMMUNITY = "insert_community";
    INSERT_CUSTOMER = "insert_customer";
    INSERT_DEAD_LETTERS = "insert_dead_letters";
    INSERT_DEEP = "insert_deep";
    INSERT_DEVICE_KEY = "insert_device_key";
    INSERT_DISTRIBUTOR = "insert_distributor";
    INSERT_EVENTS = "insert_events";
    INSERT_FLOW = "insert_flow";
    INSERT_GENERIC = "insert_generic";
    INSERT_IP_RULE = "insert_ip_rule";
    INSERT_LOGGED_NODES = "insert_logged_nodes";
    INSERT_LOGGED_SPANS = "insert_logged_spans";
    INSERT_NODE = "insert_node";
    INSERT_PLAN = "insert_plan";
    INSERT_REMOVED = "insert_removed";
    INSERT_SESSION = "insert_session";
    INSERT_TANK = "insert_tank";
    IS_CONFINED = "is_confined";
    KEEP_FACT = "keep_fact";
    LOCK_CHAIN = "lock_chain";
    LOCK_FACT = "lock_fact";
    LOCK_NODE = "lock_node";
    LOCK_SHARDS = "lock_shards";
    MAKE_DAYS_DUE = "make_days_due";
    MAKE_MONTH = "make_month";
    MARKS_OF_NODE = "marks_of_node";
    MARK_ALL_HOURS = "mark_all_hours";
    MARK_HOURS = "mark_hours";
    MONTHS = "months";
    NEWEST_DEAD_LETTERS = "newest_dead_letters";
    NEXT_SEALED_SAMPLES = "next_sealed_samples";
    ONE_NODE = "one_node";
    OPEN_CHAIN = "open_chain";
    OTHER_VALUES = "other_values";
    PLAN_OF_NEWCOMER = "plan_of_newcomer";
    PRIMARY_POSITION = "primary_position";
    PUT_CHECKPOINTS = "put_checkpoints";
    PUT_CURSORS = "put_cursors";
    PUT_CUT = "put_cut";
    PUT_READ_KEY = "put_read_key";
    PUT_ROLLUP_DAYS = "put_rollup_days";
    PUT_ROLLUP_HOURS = "put_rollup_hours";
    PUT_RULE = "put_rule";
    PUT_SEAL = "put_seal";
    PUT_SNAPSHOTS = "put_snapshots";
    RAW_DAYS = "raw_days";
    RECEIPT = "receipt";
    RECOGNISE = "recognise";
    REKEY_ANSWERS = "rekey_answers";
    REKEY_AUTHENTICATORS = "rekey_authenticators";
    REKEY_READ_KEYS = "rekey_read_keys";
    REPLICA_STANDING = "replica_standing";
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
    TAILS_BETWEEN = "tails_between";
    TAKE_MARKS = "take_marks";
    TOUCH_DEVICE_KEYS = "touch_device_keys";
    TRANSACTION_STATUS = "transaction_status";
    TRIM_SESSIONS = "trim_sessions";
    UNDO_REMOVED = "undo_removed";
    UNSAFE_SETTINGS = "unsafe_settings";
    UNSEALED_CHAINS = "unsealed_chains";
    UPDATE_ACCOUNT = "update_account";
    UPDATE_COMMUNITY = "update_community";
    UPDATE_CUSTOMER = "update_customer";
    UPDATE_DISTRIBUTOR = "update_distributor";
    UPDATE_NODE = "update_node";
    UPDATE_PLAN = "update_plan";
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

/// Removes old samples from the table of a kind.
pub(super) const fn expire_samples(kind: Kind) -> Query {
    match kind {
        Kind::Tank => EXPIRE_TANK,
        Kind::Flow => EXPIRE_FLOW,
        Kind::Deep => EXPIRE_DEEP,
        Kind::Generic => EXPIRE_GENERIC,
    }
}
