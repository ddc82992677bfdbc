//! The nodes that a caller asks for, found in memory.

use std::sync::Arc;

use evara_actors::domain::NodeId;
use evara_actors::twin::Twin;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::page::{AnyOf, Limit};
use super::views::{CategoryView, KindView, StateView};

/// Which nodes are wanted. Several values of one filter are separated by commas.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct NodesQuery {
    /// A part of the key, the label or the location's name, in any case.
    #[param(value_type = Option<String>)]
    q: Option<String>,
    /// `tank`, `flow`, `deep`, `generic`
    #[param(value_type = Option<String>)]
    kind: AnyOf<KindView>,
    /// `provisioning`, `online`, `late`, `offline`, `maintenance`, `quarantined`
    #[param(value_type = Option<String>)]
    status: AnyOf<StateView>,
    /// `OHT`, `Sump`, `Borewell`, `GovtBorewell`, `PumpHouse`, `FlowMeter`, `Other`
    #[param(value_type = Option<String>)]
    category: AnyOf<CategoryView>,
    #[param(value_type = Option<String>)]
    community_id: AnyOf<Uuid>,
    #[param(value_type = Option<String>)]
    customer_id: AnyOf<Uuid>,
    /// The name of a tag, or `name:value`.
    #[param(value_type = Option<String>)]
    tag: AnyOf<String>,
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl NodesQuery {
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The page of `twins` after a node, and whether there is another one behind it.
    pub(crate) fn page(
        &self,
        twins: Vec<Arc<Twin>>,
        after: Option<NodeId>,
    ) -> (Vec<Arc<Twin>>, bool) {
        let behind = twins
            .into_iter()
            .filter(|twin| after.is_none_or(|after| twin.spec().id > after));
        let sought = self.q.as_deref().map(str::to_lowercase);
        let mut wanted: Vec<_> = behind
            .filter(|twin| self.wants(twin, sought.as_deref()))
            .collect();
        let more = wanted.len() > self.limit.size();
        if more {
            // Of a large fleet only the page is put in order.
            wanted.select_nth_unstable_by_key(self.limit.size(), |twin| twin.spec().id);
            wanted.truncate(self.limit.size());
        }
        wanted.sort_unstable_by_key(|twin| twin.spec().id);
        (wanted, more)
    }

    fn wants(&self, twin: &Twin, sought: Option<&str>) -> bool {
        let spec = twin.spec();
        let in_one = |ids: &AnyOf<Uuid>, id: Option<Uuid>| ids.any(|wanted| Some(*wanted) == id);
        let has = |tag: &String| match tag.split_once(':') {
            Some((name, value)) => spec.tags.get(name).is_some_and(|held| held == value),
            None => spec.tags.contains_key(tag),
        };
        let texts = [
            Some(&spec.key),
            Some(&spec.label),
            spec.location_name.as_ref(),
        ];
        let named = |sought: &str| {
            texts
                .iter()
                .flatten()
                .any(|text| text.to_lowercase().contains(sought))
        };
        self.kind.allows(&spec.kind.into())
            && self.status.allows(&twin.status().state.into())
            && self.category.allows(&spec.category.into())
            && in_one(&self.community_id, spec.community_id)
            && in_one(&self.customer_id, spec.customer_id)
            && self.tag.any(has)
            && sought.is_none_or(named)
    }
}
