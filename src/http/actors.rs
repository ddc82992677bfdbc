//! `/admin/actors`: who runs, how often that failed, and the way out of quarantine.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use evara_actors::domain::NodeId;
use evara_actors::system::SystemError;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::answer::{self, Answer};
use super::extract::{NoQuery, Params, path_param};
use super::guard::{May, to};
use super::idempotency::Once;
use super::problem::{Part, Problem};
use super::state::AppState;
use super::views::{ActorView, PresenceView};
use crate::app::audit::{Fact, Witness, chain_of_node};

/// How much of the tree is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActorsQuery {
    /// So many levels below the root; all of them where not given.
    depth: Option<u32>,
    /// Only the actors in this state, as a list in place of the tree.
    #[param(inline)]
    state: Option<PresenceView>,
}

/// The tree, or those of its actors that are in one state.
#[derive(Debug, serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Actors {
    Tree(ActorView),
    Some {
        items: Vec<ActorView>,
        next_cursor: Option<String>,
    },
}

/// The tree of actors as it is.
#[utoipa::path(get, path = "/admin/actors", tag = "Admin", params(ActorsQuery),
    responses((status = 200, body = Actors)))]
pub(crate) async fn tree(
    _: May<to::OpsRead>,
    State(app): State<AppState>,
    Params(query): Params<ActorsQuery>,
) -> Answer {
    let census = app.system.census();
    answer::json(&match query.state {
        None => Actors::Tree(ActorView::new(&census, query.depth.unwrap_or(u32::MAX))),
        Some(state) => Actors::Some {
            items: ActorView::in_state(&census, state),
            next_cursor: None,
        },
    })
}

/// One actor and those right below it. `{id}` is its name with slashes as `%2F`, or a node's UUID.
#[utoipa::path(get, path = "/admin/actors/{id}", tag = "Admin", params(("id" = String, Path)),
    responses((status = 200, body = ActorView)))]
pub(crate) async fn show(
    _: May<to::OpsRead>,
    _: NoQuery,
    State(app): State<AppState>,
    ActorName(name): ActorName,
) -> Answer {
    let census = app.system.census();
    let found = census.find(&name).ok_or_else(Problem::not_found)?;
    answer::json(&ActorView::new(found, 1))
}

/// Lets a node's twin, and the poller of its channel, out of quarantine.
#[utoipa::path(post, path = "/admin/actors/{id}/release", tag = "Admin", params(("id" = String, Path)),
    responses((status = 204), (status = 409, description = "There is nothing to release.")))]
pub(crate) async fn release(
    _: May<to::OpsAct>,
    _: NoQuery,
    State(app): State<AppState>,
    ActorName(name): ActorName,
    witness: Witness,
    once: Once,
) -> Result<Response, Problem> {
    let node = name
        .strip_prefix(TWIN)
        .and_then(|id| id.parse::<NodeId>().ok());
    let node = node.ok_or_else(|| {
        Problem::malformed(
            Part::Path,
            "id",
            "must be a node's UUID, or twin/ and a UUID",
        )
    })?;
    // What is not there is not released, and nobody says that it was.
    let twin = app.system.twin(node).ok_or_else(Problem::not_found)?;
    let chain = chain_of_node(twin.view().spec());
    let fact = Fact::new("actor.release", format!("node/{node}")).of([chain]);
    witness.write(fact).await?;
    released(app.system.release(node).await, once.is_repeated())?;
    Ok(answer::no_content())
}

/// What was released when this was asked for the first time cannot be released again, and is all the same.
fn released(done: Result<(), SystemError>, is_repeated: bool) -> Result<(), SystemError> {
    match done {
        Err(SystemError::NotQuarantined(_)) if is_repeated => Ok(()),
        done => done,
    }
}

/// What the names of twins begin with.
const TWIN: &str = "twin/";

/// An actor's name in the tree; a bare UUID names a node's twin.
#[derive(Debug)]
pub(crate) struct ActorName(String);

impl<S: Sync> FromRequestParts<S> for ActorName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let name = path_param(parts, "id").await?;
        Ok(Self(match name.parse::<NodeId>() {
            Ok(node) => format!("{TWIN}{node}"),
            Err(_) => name,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_that_is_repeated_is_answered_as_if_it_had_not_been_done_before() {
        let node = NodeId(uuid::Uuid::nil());
        let nothing_to_release = || Err(SystemError::NotQuarantined(node));
        assert!(released(nothing_to_release(), true).is_ok());
        assert!(released(nothing_to_release(), false).is_err());
        assert!(released(Err(SystemError::NotFound(node)), true).is_err());
    }
}
