//! Rules about addresses, as JSON.

use evara_actors::domain::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Time;
use crate::address::{Action, Network, Rule};
use crate::http::problem::Problem;

/// A sentence on why.
const MAX_NOTE: usize = 200;

/// What is said of a new rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IpRuleInput)]
pub(crate) struct IpRuleBody {
    /// An address, or a network by its first address.
    #[schema(example = "203.0.113.0/24")]
    network: String,
    /// `allow` or `deny`.
    #[schema(example = "deny")]
    action: String,
    /// Why, 1 to 200 characters.
    #[schema(max_length = 200)]
    note: Option<String>,
}

/// What was said, checked.
#[derive(Debug)]
pub(crate) struct SaidRule {
    pub(crate) network: Network,
    pub(crate) action: Action,
    pub(crate) note: Option<String>,
}

impl IpRuleBody {
    pub(crate) fn checked(self) -> Result<SaidRule, Problem> {
        let mut faults = Vec::new();
        let network = self.network.parse::<Network>();
        if let Err(error) = &network {
            faults.push(FieldError::new("/network", error.to_string()));
        }
        let action = Action::named(&self.action);
        if action.is_none() {
            faults.push(FieldError::new("/action", "must be allow or deny"));
        }
        let fits = |note: &String| {
            let length = note.chars().count();
            (1..=MAX_NOTE).contains(&length) && !note.chars().any(char::is_control)
        };
        if !self.note.as_ref().is_none_or(fits) {
            let what = "must have 1 to 200 characters, none of them a control character";
            faults.push(FieldError::new("/note", what));
        }
        match (network, action) {
            (Ok(network), Some(action)) if faults.is_empty() => Ok(SaidRule {
                network,
                action,
                note: self.note,
            }),
            (Ok(_) | Err(_), _) => Err(Problem::invalid(faults)),
        }
    }
}

/// A rule about addresses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IpRule)]
pub(crate) struct IpRuleView<'a> {
    id: Uuid,
    /// With its prefix.
    #[schema(example = "203.0.113.0/24")]
    network: String,
    #[schema(example = "deny")]
    action: &'static str,
    note: Option<&'a str>,
    created_at: Time,
}

impl<'a> From<&'a Rule> for IpRuleView<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            id: rule.id,
            network: rule.network.to_string(),
            action: rule.action.name(),
            note: rule.note.as_deref(),
            created_at: Time(rule.created_at),
        }
    }
}
