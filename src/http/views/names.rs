//! The domain's names, as the API spells them.

use evara_actors::domain::{Category, Kind, Quality, Reason, StatusState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Writes an enum of names once, with the conversions to and from the domain's.
macro_rules! names {
    ($(#[$doc:meta])* $view:ident of $domain:ident { $($(#[$rename:meta])* $variant:ident,)* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(as = $domain)]
        $(#[$doc])*
        pub(crate) enum $view { $($(#[$rename])* $variant,)* }

        impl From<$domain> for $view {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant,)* }
            }
        }

        impl From<$view> for $domain {
            fn from(value: $view) -> Self {
                match value { $($view::$variant => Self::$variant,)* }
            }
        }
    };
}

names! {
    /// What kind of thing a node is.
    #[serde(rename_all = "snake_case")]
    KindView of Kind { Tank, Flow, Deep, Generic, }
}

names! {
    /// What operators call it.
    #[expect(clippy::upper_case_acronyms, reason = "the names are the trade's own")]
    CategoryView of Category { OHT, Sump, Borewell, GovtBorewell, PumpHouse, FlowMeter, Other, }
}

names! {
    /// Whether a node is alive.
    #[serde(rename_all = "snake_case")]
    StateView of StatusState { Provisioning, Online, Late, Offline, Maintenance, Quarantined, }
}

names! {
    /// How far a value is to be trusted.
    #[serde(rename_all = "snake_case")]
    QualityView of Quality { Good, Suspect, Bad, Missing, }
}

names! {
    /// Why a value is not good.
    #[serde(rename_all = "snake_case")]
    ReasonView of Reason {
        Range, Spike, Rate, FlatLine, Gap, Future, Empty, NotANumber, Unexplained,
    }
}
