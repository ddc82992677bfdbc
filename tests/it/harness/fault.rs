//! Orders to the simulator that break one thing each.

use evara::simulator::{Dial, FaultOrder};

/// Answers with this status.
pub(crate) fn status(status: u16) -> FaultOrder {
    FaultOrder {
        status: Some(status),
        ..FaultOrder::default()
    }
}

/// Answers 429, and says when to come back.
pub(crate) fn throttle(retry_after_s: u32) -> FaultOrder {
    FaultOrder {
        retry_after_s: Some(retry_after_s),
        ..status(429)
    }
}

/// Does not answer within any patience.
pub(crate) fn hang() -> FaultOrder {
    FaultOrder {
        hang: Some(Dial::Switch(true)),
        ..FaultOrder::default()
    }
}

/// Sends some bytes, and some more a minute later.
pub(crate) fn drip() -> FaultOrder {
    FaultOrder {
        slow_body: Some(Dial::Amount(60_000)),
        ..FaultOrder::default()
    }
}

/// Sends half of a body as if it were whole.
pub(crate) fn truncate() -> FaultOrder {
    FaultOrder {
        truncate: Some(Dial::Switch(true)),
        ..FaultOrder::default()
    }
}

/// Breaks the connection in the middle.
pub(crate) fn cut() -> FaultOrder {
    FaultOrder {
        cut: true,
        ..FaultOrder::default()
    }
}

/// Answers 200 with a web page.
pub(crate) fn html() -> FaultOrder {
    FaultOrder {
        html: true,
        ..FaultOrder::default()
    }
}

/// Answers 200 with more than anybody can want.
pub(crate) fn huge() -> FaultOrder {
    FaultOrder {
        huge_body: Some(Dial::Switch(true)),
        ..FaultOrder::default()
    }
}

/// Takes every key for a wrong one.
pub(crate) fn deny() -> FaultOrder {
    FaultOrder {
        deny: true,
        ..FaultOrder::default()
    }
}

/// Answers 200 with what it knew when this was ordered.
pub(crate) fn stale() -> FaultOrder {
    FaultOrder {
        stale: true,
        ..FaultOrder::default()
    }
}

/// Shows every row twice.
pub(crate) fn duplicates() -> FaultOrder {
    FaultOrder {
        duplicates: true,
        ..FaultOrder::default()
    }
}

/// Shows each row with half of its fields.
pub(crate) fn nulls() -> FaultOrder {
    FaultOrder {
        null_fields: true,
        ..FaultOrder::default()
    }
}

/// Shows texts in place of numbers.
pub(crate) fn odd_values() -> FaultOrder {
    FaultOrder {
        odd_values: true,
        ..FaultOrder::default()
    }
}

/// Stamps every row so many seconds later than it was written.
pub(crate) fn skew(seconds: i64) -> FaultOrder {
    FaultOrder {
        clock_skew_s: Some(seconds),
        ..FaultOrder::default()
    }
}

/// Writes so many rows with old times, once.
pub(crate) fn backfill(rows: u64) -> FaultOrder {
    FaultOrder {
        backfill: Some(Dial::Amount(rows)),
        ..FaultOrder::default()
    }
}
