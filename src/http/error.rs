//! Which status each failure of the inside is answered with. The only file that decides that.

use std::convert::Infallible;
use std::time::Duration;

use evara_actors::domain::{FieldError, Timestamp};
use evara_actors::ingest::{PollerError, ReadError};
use evara_actors::ports::ArchiveError;
use evara_actors::system::SystemError;
use evara_actors::twin::OfferError;

use super::problem::{Code, Part, Problem};
use crate::address::MAX_RULES;
use crate::app::accounts::Error as AccountsError;
use crate::app::audit::AuditError;
use crate::app::ip_rules::Error as RulesError;
use crate::app::kept::{DeviceKeysError, IpRulesError, MAX_DEVICE_KEYS, ReceiptsError};
use crate::app::nodes::Error as NodesError;
use crate::app::tenancy::{Error as TenancyError, TenantsError};
use crate::history::ask::Error as HistoryError;
use crate::history::replay::Error as ReplayError;

/// When something that is away is worth another try: restarts and failovers take about this long.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// When a queue that is full is worth another try, or a service that is being started.
const TRY_SOON: Duration = Duration::from_secs(1);

impl From<Infallible> for Problem {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<NodesError> for Problem {
    fn from(error: NodesError) -> Self {
        match error {
            NodesError::NotFound => Self::not_found(),
            NodesError::KeyTaken => Self::new(Code::Conflict, "Another node has this node_key.")
                .field(Part::Body, "node_key", "is taken"),
            NodesError::Conflict => Self::new(
                Code::Conflict,
                "Someone else changed it first: read it again.",
            ),
            NodesError::Precondition => moved(),
            NodesError::Invalid(faults) => Self::invalid(faults),
            NodesError::NoRoom { plan, nodes } => no_room(&plan, nodes),
            NodesError::Busy => {
                Self::new(Code::Busy, "Too many changes at once.").retry_after(TRY_SOON)
            }
            NodesError::System(error) => error.into(),
            NodesError::Registry(_) | NodesError::Keys(_) => unavailable().because(error),
            NodesError::Broke(_) => Self::internal(error),
        }
    }
}

impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Refused | AccountsError::Reused => Self::new(
                Code::Unauthenticated,
                "The credentials are not right, or good no longer.",
            )
            .challenge(r#"Bearer realm="evara""#),
            AccountsError::Wrong(pointer) => {
                Self::invalid(vec![FieldError::new(pointer, "is not right")])
            }
            AccountsError::Spent => {
                let detail =
                    "This password was made for you, and was used or is too old: ask for another.";
                Self::new(Code::Unauthenticated, detail).challenge(r#"Bearer realm="evara""#)
            }
            AccountsError::CodeNeeded => {
                let detail = "A code of the authenticator is needed: send it as totp.";
                Self::new(Code::Unauthenticated, detail)
                    .challenge(r#"Bearer realm="evara""#)
                    .field(Part::Body, "totp", "must be given")
            }
            AccountsError::Wait(wait) => {
                Self::new(Code::RateLimited, "Too many wrong guesses.").retry_after(wait)
            }
            AccountsError::Invalid(faults) => Self::invalid(faults),
            AccountsError::NotFound => Self::not_found(),
            AccountsError::Forbidden(detail) => Self::new(Code::Forbidden, detail),
            AccountsError::Moved => moved(),
            AccountsError::Conflict(detail) => Self::new(Code::Conflict, detail),
            AccountsError::Busy => Self::new(Code::Busy, "Too many at once.").retry_after(TRY_SOON),
            AccountsError::Store(_) => unavailable().because(error),
            AccountsError::Broke(_) => Self::internal(error),
        }
    }
}

impl From<SystemError> for Problem {
    fn from(error: SystemError) -> Self {
        match error {
            SystemError::NotFound(_) => Self::not_found(),
            SystemError::Exists(_) => Self::new(Code::Conflict, "There is such a node already."),
            SystemError::NotQuarantined(_) => Self::new(
                Code::Conflict,
                "The node is not quarantined: there is nothing to release.",
            ),
            SystemError::Twin(refused) => refused.into(),
            SystemError::Starting => Self::starting(),
            SystemError::Tree(_) | SystemError::Stopping => unavailable().because(error),
        }
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Gone => Self::not_found(),
            OfferError::Quarantined => Self::new(
                Code::Quarantined,
                "The node's twin was given up on: release it first.",
            ),
            OfferError::Full => {
                Self::new(Code::Busy, "Too much waits for this node.").retry_after(TRY_SOON)
            }
            OfferError::Away | OfferError::TimedOut => unavailable().because(error),
            OfferError::Broke { .. } => Self::internal(error),
        }
    }
}

impl From<PollerError> for Problem {
    fn from(error: PollerError) -> Self {
        match error {
            PollerError::Paused => {
                Self::new(Code::Conflict, "The poller is paused: resume it first.")
            }
            PollerError::Held { until } => held(until),
            PollerError::NoRoom => {
                Self::new(Code::Busy, "What was read last has not been taken yet.")
                    .retry_after(TRY_SOON)
            }
            PollerError::Away => unavailable().because(error),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Held { until } => held(until),
            ReadError::Feed(_) => Self::new(
                Code::Unavailable,
                "The channel does not answer, or not to the key that is set.",
            )
            .retry_after(TRY_AGAIN)
            .because(error),
        }
    }
}

fn held(until: Timestamp) -> Problem {
    Problem::new(
        Code::Busy,
        format!("The channel may not be asked before {until}."),
    )
    .retry_after(TRY_AGAIN)
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        unavailable().because(error)
    }
}

impl From<DeviceKeysError> for Problem {
    fn from(error: DeviceKeysError) -> Self {
        match error {
            DeviceKeysError::NotFound => Self::not_found(),
            DeviceKeysError::Moved => Self::new(
                Code::Conflict,
                "The node went to another community meanwhile.",
            ),
            DeviceKeysError::Full => Self::new(
                Code::Conflict,
                format!("The node has {MAX_DEVICE_KEYS} keys already: revoke one first."),
            ),
            DeviceKeysError::Unavailable(_) => unavailable().because(error),
        }
    }
}

impl From<TenancyError> for Problem {
    fn from(error: TenancyError) -> Self {
        match error {
            TenancyError::Store(error) => error.into(),
            TenancyError::Busy => {
                Self::new(Code::Busy, "Too many changes at once.").retry_after(TRY_SOON)
            }
            TenancyError::Broke(_) => Self::internal(error),
        }
    }
}

impl From<TenantsError> for Problem {
    fn from(error: TenantsError) -> Self {
        match error {
            TenantsError::NotFound => Self::not_found(),
            TenantsError::NameTaken => Self::new(Code::Conflict, "Another one has this name.")
                .field(Part::Body, "name", "is taken"),
            // What it hangs on, and what hangs on it, was looked at before.
            TenantsError::VersionMoved | TenantsError::NoParent | TenantsError::StillUsed => {
                Self::new(
                    Code::Conflict,
                    "Someone else changed it first: read it again.",
                )
            }
            TenantsError::HasPeople => {
                let detail = "It cannot be removed: it still has people.";
                Self::new(Code::Conflict, detail)
            }
            TenantsError::Unavailable(_) => unavailable().because(error),
        }
    }
}

impl From<RulesError> for Problem {
    fn from(error: RulesError) -> Self {
        let conflict = |detail: String| Self::new(Code::Conflict, detail);
        match error {
            RulesError::LockOut => {
                conflict("It would keep you out, from where you are.".to_owned())
            }
            RulesError::Full => conflict(format!("There are {MAX_RULES} rules already.")),
            RulesError::Store(IpRulesError::NotFound) => Self::not_found(),
            RulesError::Store(IpRulesError::Taken) => {
                conflict("There is such a rule already.".to_owned())
            }
            RulesError::Store(IpRulesError::Unavailable(_)) => unavailable().because(error),
        }
    }
}

impl From<ReceiptsError> for Problem {
    fn from(error: ReceiptsError) -> Self {
        match error {
            ReceiptsError::Sealed => Self::internal(error),
            ReceiptsError::Unavailable(_) => unavailable().because(error),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Unavailable(_) | ArchiveError::Fenced(_) => unavailable().because(error),
            ArchiveError::Refused(_) | ArchiveError::Corrupt(_) => Self::internal(error),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Archive(error) => error.into(),
            HistoryError::TooMuch => Self::new(
                Code::ValidationFailed,
                "Too many readings would have to be read at once.",
            )
            .field(
                Part::Query,
                "from",
                "leads to too many readings: ask for less time at once",
            ),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        let refused = |detail| {
            Self::new(Code::ValidationFailed, "There is no twin of that time.").field(
                Part::Query,
                "at",
                detail,
            )
        };
        match error {
            ReplayError::Archive(error) => error.into(),
            ReplayError::Unborn => Self::not_found(),
            ReplayError::TornLog => refused("is before what is left of the node's log"),
            ReplayError::TooMuch => refused("has too many changes before it"),
            ReplayError::Redescribed => refused("is before the description was changed"),
        }
    }
}

impl Problem {
    /// Not everything is there yet.
    pub(super) fn starting() -> Self {
        Self::new(Code::Unavailable, "The service is being started.").retry_after(TRY_SOON)
    }
}

/// What a condition of the caller's expected is no more.
fn moved() -> Problem {
    let detail = "It is not what If-Match names: read it again.";
    Problem::new(Code::PreconditionFailed, detail)
}

/// One node more than a plan allows.
pub(crate) fn no_room(plan: &str, nodes: u32) -> Problem {
    let detail = format!("The plan {plan} of the community allows {nodes} nodes, and it has them.");
    Problem::new(Code::Forbidden, detail)
}

pub(super) fn unavailable() -> Problem {
    Problem::new(Code::Unavailable, "What is needed for this is away.").retry_after(TRY_AGAIN)
}
