//! What a node belongs to, as people say it: checked, and made whole.

use evara_actors::domain::{FieldError, NodeSpec};
use uuid::Uuid;

use super::Scope;
use crate::access::{CommunityId, CustomerId};
use crate::app::nodes::Precondition;
use crate::http::error::no_room;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What a node is to become, and what it is.
#[derive(Debug)]
pub(crate) struct Move<'a> {
    /// None for a node that is to be.
    pub(crate) before: Option<&'a NodeSpec>,
    /// What the caller expects of one that is.
    pub(crate) expected: &'a Precondition,
    /// The time zone that people say, if they say one.
    pub(crate) zone: Option<String>,
    /// What people say.
    pub(crate) after: NodeSpec,
}

/// The description, with what it belongs to checked and made whole: what is not changed is not judged anew. Whoever did
/// not see the node as it is learns that before there is no room for it.
pub(crate) fn settled(
    app: &AppState,
    scope: &Scope,
    Move {
        before,
        expected,
        zone,
        after,
    }: Move<'_>,
) -> Result<NodeSpec, Problem> {
    let keeps_zone = |zone: &String| before.is_some_and(|before| before.config.time_zone == *zone);
    let zone = zone.filter(|zone| !keeps_zone(zone));
    let stays = |get: fn(&NodeSpec) -> Option<Uuid>| {
        before.is_some_and(|before| get(before) == get(&after))
    };
    let stays_in_community = stays(|spec| spec.community_id);
    let is_told = !stays(|spec| spec.distributor_id);
    if stays_in_community && stays(|spec| spec.customer_id) && !is_told {
        return in_zone(whole(after, scope), zone, scope);
    }
    let spec = in_zone(placed(scope, after, is_told)?, zone, scope)?;
    if !stays_in_community {
        if let Some(before) = before {
            app.nodes.check(before.id, expected)?;
        }
        has_room(app, scope, &spec)?;
    }
    Ok(spec)
}

/// Refuses whoever does not see all that a node which they made was said to belong to.
pub(crate) fn sees_place(scope: &Scope, made: NodeSpec) -> Result<(), Problem> {
    placed(scope, made, true).map(drop)
}

/// The description made whole, where what it belongs to is seen; of a distributor that is told as well.
fn placed(scope: &Scope, after: NodeSpec, is_told: bool) -> Result<NodeSpec, Problem> {
    let said = after.distributor_id.filter(|_| is_told);
    let spec = whole(after, scope);
    let faults = misplaced(&spec, said, scope);
    if faults.is_empty() {
        Ok(spec)
    } else {
        Err(Problem::invalid(faults))
    }
}

/// Where a day begins is one for all nodes of a community, and said of the community.
fn in_zone(spec: NodeSpec, said: Option<String>, scope: &Scope) -> Result<NodeSpec, Problem> {
    let Some(zone) = scope.forest().zone_of(&spec) else {
        return Ok(spec);
    };
    if said.is_some_and(|said| said != zone) {
        let what = format!("must be that of the community: {zone}");
        let fault = FieldError::new("/config/time_zone", what);
        return Err(Problem::invalid(vec![fault]));
    }
    Ok(spec.in_zone(zone))
}

/// A customer has one community, and a community one distributor.
fn whole(spec: NodeSpec, scope: &Scope) -> NodeSpec {
    let forest = scope.forest();
    let customer = spec.customer_id.map(CustomerId);
    let customer = customer.and_then(|id| forest.customers.get(&id));
    let home = customer.map(|customer| customer.community.0);
    let spec = NodeSpec {
        community_id: spec.community_id.or(home),
        ..spec
    };
    let distributor = forest.place_of_node(&spec).distributor;
    NodeSpec {
        distributor_id: distributor.map(|id| id.0).or(spec.distributor_id),
        ..spec
    }
}

fn misplaced(spec: &NodeSpec, distributor: Option<Uuid>, scope: &Scope) -> Vec<FieldError> {
    let place = scope.forest().place_of_node(spec);
    let fault = |pointer, what| vec![FieldError::new(pointer, what)];
    let is = |said: Option<Uuid>, found: Option<Uuid>| said.is_none() || said == found;
    // Whether it exists is not told to those who do not see it.
    if !is(spec.community_id, place.community.map(|id| id.0)) {
        return fault("/community_id", "is not known");
    }
    if !scope.sees(spec) && spec.customer_id.is_none() {
        let is_said = spec.community_id.is_some();
        let what = if is_said {
            "is not known"
        } else {
            "must be given"
        };
        return fault("/community_id", what);
    }
    if !is(spec.customer_id, place.customer.map(|id| id.0)) || !scope.sees(spec) {
        return fault("/customer_id", "is not known in this community");
    }
    if !is(distributor, place.distributor.map(|id| id.0)) {
        return fault("/distributor_id", "is not that of the community");
    }
    Vec::new()
}

/// Refuses one node more than the plan of its community allows, without a question of the store: that has the last
/// word, since of two who come at once each finds the last place.
fn has_room(app: &AppState, scope: &Scope, spec: &NodeSpec) -> Result<(), Problem> {
    let plan = spec.community_id.map(CommunityId);
    let plan = plan.and_then(|community| scope.forest().plan_of(community));
    let Some((plan, most)) = plan.and_then(|plan| Some((plan, plan.limits.nodes?))) else {
        return Ok(());
    };
    let in_it = |other: &NodeSpec| other.community_id == spec.community_id;
    if nodes_of(app, in_it) < most as usize {
        return Ok(());
    }
    Err(no_room(&plan.name, most))
}

/// How many nodes there are of a kind.
pub(crate) fn nodes_of(app: &AppState, wanted: impl Fn(&NodeSpec) -> bool) -> usize {
    let twins = app.system.twins().into_iter();
    twins.filter(|twin| wanted(twin.view().spec())).count()
}
