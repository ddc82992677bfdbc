//! What can be listened to, by name, and for whom it exists.

use std::fmt;
use std::str::FromStr;

use evara_actors::domain::{NodeId, NodeSpec};
use evara_actors::watchers::broadcast::Interest;
use uuid::Uuid;

use super::super::guard::Scope;
use super::super::problem::Problem;
use super::super::state::AppState;
use crate::access::{CommunityId, Permission};

/// What can be listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// Every node that is seen.
    Fleet,
    /// Those of a community.
    Community(CommunityId),
    /// One.
    Node(NodeId),
    /// Alarms. Quiet: there are none yet.
    Alerts,
    /// Commands. Quiet: there are none yet.
    Commands,
    /// Who of the tree fails and comes back, and which breakers open: for those who run the service.
    Supervision,
}

/// No topic is called that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be fleet, communities/{{id}}, nodes/{{id}}, alerts, commands or supervision")]
pub(crate) struct NoTopic;

impl FromStr for Topic {
    type Err = NoTopic;

    fn from_str(text: &str) -> Result<Self, NoTopic> {
        let id = |id: &str| id.parse::<Uuid>().map_err(|_| NoTopic);
        match text.split_once('/') {
            Some(("communities", community)) => Ok(Self::Community(CommunityId(id(community)?))),
            Some(("nodes", node)) => Ok(Self::Node(NodeId(id(node)?))),
            Some(_) => Err(NoTopic),
            None => match text {
                "fleet" => Ok(Self::Fleet),
                "alerts" => Ok(Self::Alerts),
                "commands" => Ok(Self::Commands),
                "supervision" => Ok(Self::Supervision),
                _ => Err(NoTopic),
            },
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fleet => f.write_str("fleet"),
            Self::Community(id) => write!(f, "communities/{id}"),
            Self::Node(id) => write!(f, "nodes/{id}"),
            Self::Alerts => f.write_str("alerts"),
            Self::Commands => f.write_str("commands"),
            Self::Supervision => f.write_str("supervision"),
        }
    }
}

impl From<Interest> for Topic {
    fn from(interest: Interest) -> Self {
        match interest {
            Interest::All => Self::Fleet,
            Interest::Community(id) => Self::Community(CommunityId(id)),
            Interest::Node(id) => Self::Node(id),
            Interest::Tree => Self::Supervision,
        }
    }
}

impl Topic {
    /// By what whoever listens to it is woken.
    pub(crate) fn interest(&self) -> Option<Interest> {
        match self {
            Self::Fleet => Some(Interest::All),
            Self::Community(id) => Some(Interest::Community(id.0)),
            Self::Node(id) => Some(Interest::Node(*id)),
            Self::Supervision => Some(Interest::Tree),
            Self::Alerts | Self::Commands => None,
        }
    }

    /// Whether it is about nodes of this description.
    pub(crate) fn covers(&self, spec: &NodeSpec) -> bool {
        match self {
            Self::Fleet => true,
            Self::Community(id) => spec.community_id == Some(id.0),
            Self::Node(id) => spec.id == *id,
            Self::Alerts | Self::Commands | Self::Supervision => false,
        }
    }

    /// Refuses a topic that does not exist for somebody, or that he may not listen to.
    pub(crate) fn check(&self, app: &AppState, scope: &Scope) -> Result<(), Problem> {
        match self {
            Self::Fleet => scope.needs(Permission::NodesRead),
            Self::Community(id) => {
                let place = scope.forest().place_of_community(*id);
                let is_seen = place.is_some_and(|place| scope.person().sees(&place));
                seen(is_seen)?;
                scope.needs(Permission::NodesRead)
            }
            Self::Node(id) => {
                let twin = app.system.twin(*id);
                seen(twin.is_some_and(|twin| scope.sees(twin.view().spec())))?;
                scope.needs(Permission::NodesRead)
            }
            Self::Alerts => scope.needs(Permission::AlertsRead),
            Self::Commands => scope.needs(Permission::CommandsRead),
            Self::Supervision => scope.needs(Permission::OpsRead),
        }
    }
}

fn seen(is_seen: bool) -> Result<(), Problem> {
    if is_seen {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_as_it_is_written_and_nothing_else_is_one() {
        let id = "018f0000-0000-7000-8000-000000000001";
        for name in [
            "fleet",
            "alerts",
            "commands",
            "supervision",
            &format!("nodes/{id}"),
            &format!("communities/{id}"),
        ] {
            assert_eq!(name.parse::<Topic>().unwrap().to_string(), *name);
        }
        for name in [
            "",
            "Fleet",
            "fleet/",
            "nodes",
            "nodes/",
            "nodes/oht-7",
            &format!("nodes/{id}/"),
            "*",
        ] {
            assert_eq!(name.parse::<Topic>(), Err(NoTopic), "{name}");
        }
    }
}
