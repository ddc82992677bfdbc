//! `/admin/pollers`: how channels are being read, and a hand on each of them.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use evara_actors::domain::ChannelId;
use evara_actors::ingest::{PollerHandle, ReadError};
use evara_actors::ports::FeedError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Answer};
use super::extract::{NoQuery, Params, path_param};
use super::guard::{Located, May, to};
use super::page::{Limit, Pages};
use super::problem::{Part, Problem};
use super::state::AppState;
use super::views::{List, PageView, PollerView};
use crate::app::audit::{Fact, Witness};

/// Which pollers are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PollersQuery {
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists pollers, by channel.
#[utoipa::path(get, path = "/admin/pollers", tag = "Admin", params(PollersQuery),
    responses((status = 200, body = List<PollerView>)))]
pub(crate) async fn list(
    _: May<to::OpsRead>,
    State(app): State<AppState>,
    Params(query): Params<PollersQuery>,
    pages: Pages,
) -> Answer {
    let from = pages
        .after(query.cursor.as_deref(), |text| text.parse().ok())?
        .map(ChannelId);
    let all = app.system.pollers().into_iter();
    let mut rest = all.filter(|poller| from.is_none_or(|from| poller.channel() > from));
    let page: Vec<_> = rest.by_ref().take(query.limit.size()).collect();
    let last = page
        .last()
        .map(PollerHandle::channel)
        .filter(|_| rest.next().is_some());
    let items = page
        .iter()
        .map(|poller| PollerView::from(&*poller.view()))
        .collect();
    answer::json(&List {
        items,
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// Shows a poller.
#[utoipa::path(get, path = "/admin/pollers/{channel_id}", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn show(_: May<to::OpsRead>, _: NoQuery, Polled(poller): Polled) -> Answer {
    answer::json(&PollerView::from(&*poller.view()))
}

/// Has a channel asked now rather than later.
#[utoipa::path(post, path = "/admin/pollers/{channel_id}/poll", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn poll(
    _: May<to::OpsAct>,
    _: NoQuery,
    witness: Witness,
    Polled(poller): Polled,
) -> Answer {
    witness.write(done_to(&poller, "poll")).await?;
    poller.poll_now().await?;
    answer::json(&PollerView::from(&*poller.view()))
}

/// Asks a channel no more, until it is resumed.
#[utoipa::path(post, path = "/admin/pollers/{channel_id}/pause", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn pause(
    _: May<to::OpsAct>,
    _: NoQuery,
    witness: Witness,
    Polled(poller): Polled,
) -> Answer {
    witness.write(done_to(&poller, "pause")).await?;
    poller.pause().await?;
    answer::json(&PollerView::from(&*poller.view()))
}

/// Goes on asking a channel.
#[utoipa::path(post, path = "/admin/pollers/{channel_id}/resume", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn resume(
    _: May<to::OpsAct>,
    _: NoQuery,
    witness: Witness,
    Polled(poller): Polled,
) -> Answer {
    witness.write(done_to(&poller, "resume")).await?;
    poller.resume().await?;
    answer::json(&PollerView::from(&*poller.view()))
}

/// Closes the breakers in front of a channel and its host, and asks at once.
#[utoipa::path(post, path = "/admin/pollers/{channel_id}/reset-breaker", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn reset_breaker(
    _: May<to::OpsAct>,
    _: NoQuery,
    witness: Witness,
    Polled(poller): Polled,
) -> Answer {
    witness.write(done_to(&poller, "reset_breaker")).await?;
    poller.reset_breaker().await?;
    answer::json(&PollerView::from(&*poller.view()))
}

/// Has all that a channel still holds, up to 8,000 entries, read once more and offered to its nodes, which
/// know what they have. It is noted at once, and done at the channel's next turn.
#[utoipa::path(post, path = "/admin/pollers/{channel_id}/backfill", tag = "Admin",
    params(("channel_id" = u64, Path)), responses((status = 200, body = PollerView)))]
pub(crate) async fn backfill(
    _: May<to::OpsAct>,
    _: NoQuery,
    witness: Witness,
    Polled(poller): Polled,
) -> Answer {
    witness.write(done_to(&poller, "backfill")).await?;
    poller.backfill().await?;
    answer::json(&PollerView::from(&*poller.view()))
}

/// What is done to a poller is in no transaction, and so written down before.
fn done_to(poller: &PollerHandle, verb: &str) -> Fact {
    let target = format!("poller/{}", poller.channel().0);
    Fact::new(format!("poller.{verb}"), target)
}

/// The newest entries of a node's channel as they came, at most a minute old.
#[utoipa::path(get, path = "/devices/{id}/channel/feed", tag = "Devices", params(("id" = String, Path)),
    responses((status = 200, body = PageView)))]
pub(crate) async fn feed(
    _: NoQuery,
    State(app): State<AppState>,
    Located { handle, .. }: Located<to::DevicesRead>,
) -> Answer {
    let twin = handle.view();
    let binding = twin
        .spec()
        .channel
        .as_ref()
        .ok_or_else(Problem::not_found)?;
    let page = app.system.ingest().cache.get(binding.channel_id).await?;
    let find = |id| Some(Arc::clone(app.system.twin(id)?.view().spec()));
    if page.opened.admits(twin.spec(), find) != Some(true) {
        // What whoever has no key for it is told.
        return Err(ReadError::from(FeedError::NoAccess).into());
    }
    answer::json(&PageView::new(binding.channel_id, &page))
}

/// The poller of the channel that the path means.
#[derive(Debug)]
pub(crate) struct Polled(PollerHandle);

impl FromRequestParts<AppState> for Polled {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let id = path_param(parts, "channel_id").await?;
        let malformed = |_| Problem::malformed(Part::Path, "channel_id", "must be a number");
        let poller = app.system.poller(ChannelId(id.parse().map_err(malformed)?));
        poller.map(Self).ok_or_else(Problem::not_found)
    }
}
