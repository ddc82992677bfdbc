//! What is written down of acts, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::app::audit::{Listed, Outcome, Verdict};

/// What became of an act.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeView {
    Done,
    Denied,
}

impl From<OutcomeView> for Outcome {
    fn from(view: OutcomeView) -> Self {
        match view {
            OutcomeView::Done => Self::Done,
            OutcomeView::Denied => Self::Denied,
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Denied => Self::Denied,
        }
    }
}

/// An act, as it was written down.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    /// The community or the distributor that it is told to; nil where it belongs to nobody.
    tenant_id: Uuid,
    /// Its place in the chain of that tenant, from 1.
    number: u64,
    at: Time,
    actor: ActorSeenView,
    #[schema(example = "node.create")]
    action: String,
    #[schema(example = "node/0198c0de-0000-7000-8000-000000000007")]
    target: String,
    outcome: OutcomeView,
    /// The target before, without secrets; null where there was none.
    before: Value,
    /// The target after.
    after: Value,
}

/// Who acted, and from where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorSeenView {
    /// `person`, `device`, `stranger` or `service`.
    kind: &'static str,
    /// The account, or the device's key.
    id: Option<Uuid>,
    session_id: Option<Uuid>,
    address: Option<String>,
    correlation_id: Option<String>,
}

impl From<Listed> for AuditView {
    fn from(Listed { chain, row, .. }: Listed) -> Self {
        let entry = row.entry;
        // Whatever somebody made of it: that it is not as it was written is for the proof to say.
        let told = |json: Option<String>| {
            let json = json.unwrap_or_else(|| "null".to_owned());
            serde_json::from_str(&json).unwrap_or(Value::String(json))
        };
        Self {
            tenant_id: chain.0,
            number: row.link.number,
            at: entry.at.into(),
            actor: ActorSeenView {
                kind: entry.actor.kind.name(),
                id: entry.actor.id,
                session_id: entry.actor.session,
                address: entry.actor.address,
                correlation_id: entry.actor.correlation,
            },
            action: entry.action,
            target: entry.target,
            outcome: entry.outcome.into(),
            before: told(entry.before),
            after: told(entry.after),
        }
    }
}

impl AuditView {
    /// The head of a table of them.
    pub(crate) const HEAD: [&'static str; 13] = [
        "tenant_id",
        "number",
        "at",
        "actor_kind",
        "actor_id",
        "session_id",
        "address",
        "correlation_id",
        "action",
        "target",
        "outcome",
        "before",
        "after",
    ];

    /// A row of that table.
    pub(crate) fn cells(self) -> [String; 13] {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let json = |value: Value| {
            let told = Some(value).filter(|value| !value.is_null());
            told.map(|value| value.to_string()).unwrap_or_default()
        };
        [
            self.tenant_id.to_string(),
            self.number.to_string(),
            self.at.0.to_string(),
            self.actor.kind.to_owned(),
            id(self.actor.id),
            id(self.actor.session_id),
            self.actor.address.unwrap_or_default(),
            self.actor.correlation_id.unwrap_or_default(),
            self.action,
            self.target,
            Outcome::from(self.outcome).name().to_owned(),
            json(self.before),
            json(self.after),
        ]
    }
}

/// What was found of a chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub(crate) struct VerdictView {
    /// Whose chain it is; nil where it belongs to nobody.
    tenant_id: Uuid,
    is_whole: bool,
    /// Entries that were read; null where the chain is not whole.
    entries: Option<u64>,
    /// The last of them that a seal covers.
    sealed_up_to: Option<u64>,
    /// The first entry that is not as it was written.
    broken_at: Option<u64>,
    /// What is wrong with it.
    fault: Option<String>,
    /// The newest seal of a chain that is whole, as `evara audit verify --seal` takes it: kept elsewhere, it proves
    /// that the chain was this long.
    #[schema(example = "00000000-0000-0000-0000-000000000000:7:6a3f…")]
    seal: Option<String>,
}

impl From<Verdict> for VerdictView {
    fn from(Verdict { chain, found, seal }: Verdict) -> Self {
        let (whole, broken) = (found.ok(), found.err());
        Self {
            tenant_id: chain.0,
            is_whole: whole.is_some(),
            entries: whole.map(|it| it.entries),
            sealed_up_to: whole.map(|it| it.sealed_up_to),
            broken_at: broken.map(|it| it.number),
            fault: broken.map(|it| it.fault.to_string()),
            seal: seal.map(|seal| seal.to_string()),
        }
    }
}
