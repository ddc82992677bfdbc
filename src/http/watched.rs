//! Answers that take minutes: whoever reads one is looked at while it is made, and it breaks off where they lose what it
//! tells.

use axum::extract::FromRequestParts;
use axum::http::request::Parts as Head;
use axum::response::Response;
use bytes::Bytes;
use evara_actors::domain::NodeId;
use tokio::time::Instant;

use super::format::Format;
use super::guard::{Scope, token};
use super::live::{Look, Who};
use super::problem::Problem;
use super::state::AppState;
use super::stream::{self, Broken, Parts};
use crate::address::ClientAddress;

/// Whoever may read for minutes. To be asked for behind what judges whether they may read at all.
pub(crate) struct Reader {
    token: String,
    client: ClientAddress,
    app: AppState,
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Head, app: &AppState) -> Result<Self, Problem> {
        let client = head.extensions.get().copied();
        Ok(Self {
            token: token(&head.headers)?.to_owned(),
            client: client.ok_or_else(|| Problem::internal("a request from nowhere"))?,
            app: app.clone(),
        })
    }
}

impl Reader {
    /// An answer of these parts, for as long as they lose nothing of what they saw in `scope`, and see the node that it is
    /// about, if it is about one.
    pub(crate) fn answer(
        self,
        (scope, node): (Scope, Option<NodeId>),
        format: Format,
        parts: impl Parts,
    ) -> Response {
        format.answer(stream::body(Watched {
            parts,
            node,
            who: Who::known((self.token, self.client), scope, Instant::now()),
            app: self.app,
        }))
    }
}

struct Watched<P> {
    parts: P,
    node: Option<NodeId>,
    who: Who,
    app: AppState,
}

impl<P> Watched<P> {
    async fn is_still_seen(&mut self) -> bool {
        match self.who.look(&self.app).await {
            Look::Same | Look::Other => {}
            Look::Demoted | Look::Out | Look::KeptOut => return false,
        }
        let Some(node) = self.node else { return true };
        let twin = self.app.system.twin(node);
        twin.is_some_and(|twin| self.who.scope().sees(twin.view().spec()))
    }
}

impl<P: Parts> Parts for Watched<P> {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        if Instant::now() >= self.who.look_at() && !self.is_still_seen().await {
            return Err("whoever reads it does not see it any more".into());
        }
        self.parts.next().await
    }
}
