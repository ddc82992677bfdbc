//! What may be made to go wrong, for one channel or for the whole host.
//!
//! An order comes from outside and may be nonsense; [`Faults`] is an order that makes sense. A
//! fault replaces or bends an answer and never touches what is stored, except the two that are
//! events: back-filled rows and a reset of entry ids happen once, when they are ordered.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::select::Row;

/// How long `hang` keeps a caller waiting before it answers 504, in seconds.
const HANG_S: u64 = 600;

/// The longest hang that may be ordered, so that no connection is kept for ever.
const MAX_HANG_S: u64 = 3_600;

/// Pause between two pieces of a slow body, in milliseconds.
const SLOW_PAUSE_MS: u64 = 250;

/// Size of a huge body: past every sane limit of a client, in bytes.
const HUGE_BODY_BYTES: u64 = 64 * 1024 * 1024;

/// The largest body that may be ordered, in bytes.
const MAX_HUGE_BODY_BYTES: u64 = 1024 * 1024 * 1024;

/// Rows that `backfill` writes.
const BACKFILL_ROWS: u64 = 10;

/// The most rows that one order back-fills: what one answer can show.
const MAX_BACKFILL_ROWS: u64 = 8_000;

/// A thousand years, in seconds: beyond it, dates can no longer be written.
const MAX_SKEW_S: u64 = 31_556_952_000;

/// A switch, or a switch with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dial {
    /// On with the default amount, or off.
    Switch(bool),
    /// On with this amount; the unit is the fault's.
    Amount(u64),
}

impl Dial {
    fn amount(this: Option<Self>, default: u64) -> Option<u64> {
        match this? {
            Self::Switch(on) => on.then_some(default),
            Self::Amount(amount) => Some(amount),
        }
    }
}

/// The body of `PUT /_control/…/faults`. It replaces the order before it, so `{}` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultOrder {
    /// Answers with this status, 400 to 599, and does nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Adds `Retry-After` to that status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// Answers with an HTML page: 200, or the status above.
    #[serde(skip_serializing_if = "is_off")]
    pub html: bool,
    /// Does not answer for this many seconds, then answers 504.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hang: Option<Dial>,
    /// Answers 200 with this many bytes of JSON that never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub huge_body: Option<Dial>,
    /// Sends the body in small pieces with this pause between them, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_body: Option<Dial>,
    /// Sends only this many bytes of the body, half of it by default, and ends properly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<Dial>,
    /// Breaks the connection in the middle of the body. The request has been obeyed.
    #[serde(skip_serializing_if = "is_off")]
    pub cut: bool,
    /// Treats every key as wrong, on a public channel too.
    #[serde(skip_serializing_if = "is_off")]
    pub deny: bool,
    /// Moves the time of every row by so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<i64>,
    /// Answers 200 with the feed as it stood when this was ordered.
    #[serde(skip_serializing_if = "is_off")]
    pub stale: bool,
    /// Shows every row twice.
    #[serde(skip_serializing_if = "is_off")]
    pub duplicates: bool,
    /// Shows each row with every other field null, as two writers on one channel make it.
    #[serde(skip_serializing_if = "is_off")]
    pub null_fields: bool,
    /// Shows values that devices really sent: `nan`, line ends, units, times of day.
    #[serde(skip_serializing_if = "is_off")]
    pub odd_values: bool,
    /// Now writes this many rows with new ids and old times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Dial>,
    /// Now clears the channel: ids begin again at 1.
    #[serde(skip_serializing_if = "is_off")]
    pub entry_reset: bool,
}

/// Takes a reference because serde calls it so.
fn is_off(flag: &bool) -> bool {
    !*flag
}

/// Why an order makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The status is not one of an error.
    #[error("status must lie between 400 and 599")]
    NotAnError,
    /// More than one answer, or more than one way of sending it.
    #[error(
        "at most one of status or html, hang, huge_body; at most one of slow_body, truncate, cut"
    )]
    Contradiction,
    /// `retry_after_s` without a status.
    #[error("retry_after_s needs a status")]
    RetryWithoutStatus,
    /// An amount beyond its limit.
    #[error("an amount is beyond its limit")]
    TooMuch,
    /// The host has no rows.
    #[error("faults of rows belong to a channel")]
    RowsOfHost,
    /// No channel has this id.
    #[error("no such channel")]
    NoSuchChannel,
}

/// The answer that is given in place of the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFault {
    Status {
        status: StatusCode,
        retry_after_s: Option<u32>,
    },
    Html {
        status: StatusCode,
    },
    Hang {
        seconds: u64,
    },
    Huge {
        bytes: u64,
    },
}

/// How a true answer is sent badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    Slow {
        pause_ms: u64,
    },
    /// Keeps so many bytes, or half of them.
    Truncate {
        keep: Option<usize>,
    },
    Cut,
}

/// How rows are shown otherwise than they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DataFaults {
    pub(super) clock_skew_s: i64,
    /// The newest entry id that is shown; 0 shows none.
    pub(super) frozen_at: Option<u64>,
    pub(super) duplicates: bool,
    pub(super) null_fields: bool,
    pub(super) odd_values: bool,
}

/// An order that makes sense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) order: FaultOrder,
    pub(super) answer: Option<AnswerFault>,
    pub(super) body: Option<BodyFault>,
    pub(super) deny: bool,
    pub(super) data: DataFaults,
    pub(super) backfill_rows: u64,
}

impl Faults {
    /// Accepts an order for a channel whose newest entry is `last_entry_id`.
    pub(super) fn of(order: FaultOrder, last_entry_id: Option<u64>) -> Result<Self, FaultError> {
        let backfill_rows = Dial::amount(order.backfill, BACKFILL_ROWS).unwrap_or(0);
        let data = DataFaults {
            clock_skew_s: order.clock_skew_s.unwrap_or(0),
            frozen_at: order.stale.then(|| last_entry_id.unwrap_or(0)),
            duplicates: order.duplicates,
            null_fields: order.null_fields,
            odd_values: order.odd_values,
        };
        if backfill_rows > MAX_BACKFILL_ROWS || data.clock_skew_s.unsigned_abs() > MAX_SKEW_S {
            return Err(FaultError::TooMuch);
        }
        Ok(Self {
            answer: answer_fault(&order)?,
            body: body_fault(&order)?,
            deny: order.deny,
            data,
            backfill_rows,
            order,
        })
    }

    /// Accepts an order for the whole host, which has no rows to bend.
    pub(super) fn of_host(order: FaultOrder) -> Result<Self, FaultError> {
        let faults = Self::of(order, None)?;
        let touches_rows = faults.data != DataFaults::default()
            || faults.deny
            || faults.order.entry_reset
            || faults.backfill_rows > 0;
        if touches_rows {
            Err(FaultError::RowsOfHost)
        } else {
            Ok(faults)
        }
    }
}

fn answer_fault(order: &FaultOrder) -> Result<Option<AnswerFault>, FaultError> {
    let hang = Dial::amount(order.hang, HANG_S);
    let huge = Dial::amount(order.huge_body, HUGE_BODY_BYTES);
    if hang.is_some_and(|s| s > MAX_HANG_S) || huge.is_some_and(|b| b > MAX_HUGE_BODY_BYTES) {
        return Err(FaultError::TooMuch);
    }
    if order.retry_after_s.is_some() && order.status.is_none() {
        return Err(FaultError::RetryWithoutStatus);
    }
    let status = order.status.map(error_status).transpose()?;
    match (status, order.html, hang, huge) {
        (None, false, None, None) => Ok(None),
        (Some(status), false, None, None) => Ok(Some(AnswerFault::Status {
            status,
            retry_after_s: order.retry_after_s,
        })),
        (status, true, None, None) => Ok(Some(AnswerFault::Html {
            status: status.unwrap_or(StatusCode::OK),
        })),
        (None, false, Some(seconds), None) => Ok(Some(AnswerFault::Hang { seconds })),
        (None, false, None, Some(bytes)) => Ok(Some(AnswerFault::Huge { bytes })),
        _ => Err(FaultError::Contradiction),
    }
}

fn error_status(code: u16) -> Result<StatusCode, FaultError> {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
        .ok_or(FaultError::NotAnError)
}

fn body_fault(order: &FaultOrder) -> Result<Option<BodyFault>, FaultError> {
    let slow = Dial::amount(order.slow_body, SLOW_PAUSE_MS);
    let truncate = match order.truncate {
        None | Some(Dial::Switch(false)) => None,
        Some(Dial::Switch(true)) => Some(BodyFault::Truncate { keep: None }),
        Some(Dial::Amount(bytes)) => Some(BodyFault::Truncate {
            keep: Some(usize::try_from(bytes).map_err(|_| FaultError::TooMuch)?),
        }),
    };
    match (slow, truncate, order.cut) {
        (None, truncate, false) => Ok(truncate),
        (Some(ms), None, false) if ms > MAX_HANG_S * 1_000 => Err(FaultError::TooMuch),
        (Some(pause_ms), None, false) => Ok(Some(BodyFault::Slow { pause_ms })),
        (None, None, true) => Ok(Some(BodyFault::Cut)),
        _ => Err(FaultError::Contradiction),
    }
}

/// Texts that devices were seen to write into fields of numbers.
const ODD_VALUES: [&str; 8] = [
    "nan",
    "0\r\n\r\n",
    "54\\r\\n",
    "12 cm",
    "18:1:39",
    "31-5-2023",
    "-INF",
    "1e5",
];

impl DataFaults {
    /// Shows a row as these faults want it seen.
    pub(super) fn bend(&self, row: &mut Row) {
        row.created_at_s = row.created_at_s.saturating_add(self.clock_skew_s);
        let turn = usize::try_from(row.entry_id.unwrap_or(0)).unwrap_or(0);
        for (place, field) in row.fields.iter_mut().enumerate() {
            if self.null_fields && (turn + place) % 2 == 0 {
                *field = None;
            }
            // One value in nine stays as it is, so that sane rows come between odd ones.
            if self.odd_values
                && field.is_some()
                && let Some(odd) = ODD_VALUES.get((turn + place) % (ODD_VALUES.len() + 1))
            {
                *field = Some((*odd).to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Result<Faults, FaultError> {
        Faults::of(serde_json::from_str(json).unwrap(), Some(7))
    }

    #[test]
    fn an_unknown_fault_is_refused() {
        assert!(serde_json::from_str::<FaultOrder>(r#"{"statsu":429}"#).is_err());
    }

    #[test]
    fn faults_that_exclude_each_other_are_refused() {
        for json in [
            r#"{"status":500,"hang":true}"#,
            r#"{"huge_body":true,"html":true}"#,
            r#"{"slow_body":true,"cut":true}"#,
        ] {
            assert_eq!(order(json), Err(FaultError::Contradiction), "{json}");
        }
        assert_eq!(order(r#"{"status":200}"#), Err(FaultError::NotAnError));
        assert_eq!(
            order(r#"{"retry_after_s":1}"#),
            Err(FaultError::RetryWithoutStatus)
        );
        assert_eq!(order(r#"{"hang":4000}"#), Err(FaultError::TooMuch));
    }

    #[test]
    fn faults_of_rows_are_refused_for_the_host() {
        let stale = FaultOrder {
            stale: true,
            ..FaultOrder::default()
        };
        assert_eq!(Faults::of_host(stale), Err(FaultError::RowsOfHost));
    }

    #[test]
    fn a_switch_takes_the_default_and_a_number_its_place() {
        let slow = order(r#"{"slow_body":true}"#).unwrap().body;
        assert_eq!(
            slow,
            Some(BodyFault::Slow {
                pause_ms: SLOW_PAUSE_MS
            })
        );
        let slow = order(r#"{"slow_body":5}"#).unwrap().body;
        assert_eq!(slow, Some(BodyFault::Slow { pause_ms: 5 }));
        assert_eq!(order("{}").unwrap(), Faults::default());
    }
}
