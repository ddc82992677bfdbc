//! `/admin/audit`: who did what, as far as one sees those it was done to; and whether nobody touched it.

use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::answer::{self, Answer};
use super::extract::Params;
use super::format::{self, Csv, Format};
use super::guard::{Kind as _, May, Scope, to};
use super::page::{Limit, Pages};
use super::state::AppState;
use super::stream::{Broken, Parts};
use super::views::{AuditView, List, OutcomeView, Time, VerdictView};
use super::watched::Reader;
use crate::access::Reach;
use crate::app::audit::{Audit, AuditQuery, Chain};

/// Entries in a part of a stream: some hundred kilobytes.
const STREAMED: u32 = 500;

/// Which entries are wanted. All that is asked for must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// By whom: an account, or a device's key.
    actor: Option<Uuid>,
    /// To what, such as `node/` and its id.
    target: Option<String>,
    /// What, such as `node.create`.
    action: Option<String>,
    #[param(inline)]
    outcome: Option<OutcomeView>,
    /// Not before this time.
    from: Option<Time>,
    /// Before this time.
    to: Option<Time>,
    /// A community, a distributor, or the nil UUID for what belongs to nobody.
    tenant_id: Option<Uuid>,
    /// How many, 1 to 200; 50 where not given. Streams have all.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who did what, the newest first: a page of JSON, or all of it as NDJSON or CSV, by `Accept`.
#[utoipa::path(get, path = "/admin/audit", tag = "Admin", params(AuditParams),
    responses((status = 200, body = List<AuditView>)))]
pub(crate) async fn list(
    May { scope, .. }: May<to::AuditRead>,
    State(app): State<AppState>,
    format: Format,
    Params(params): Params<AuditParams>,
    pages: Pages,
    reader: Reader,
) -> Answer {
    let before = pages.after(params.cursor.as_deref(), |text| text.parse::<i64>().ok())?;
    let limit = params.limit;
    let query = AuditQuery {
        chains: seen(&scope, params.tenant_id),
        actor: params.actor,
        target: params.target,
        action: params.action,
        outcome: params.outcome.map(Into::into),
        from: params.from.map(|Time(at)| at),
        to: params.to.map(|Time(at)| at),
        before,
    };
    if format != Format::Json {
        let entries = Entries::of(app.audit.clone(), query, format);
        return Ok(reader.answer((scope, None), format, entries));
    }
    let found = app.audit.page(query, limit.get()).await?;
    let is_full = found.len() >= limit.size();
    let last = found.last().map(|listed| listed.row.id).filter(|_| is_full);
    answer::json(&List {
        items: found.into_iter().map(AuditView::from).collect(),
        next_cursor: last.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// Which chains are to be verified.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyParams {
    /// That of this community or distributor; the nil UUID for what belongs to nobody.
    tenant_id: Option<Uuid>,
    /// How many, 1 to 200; 50 where not given.
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Reads chains of the audit from their beginnings, and names the first entry of each that is not as it was
/// written. A long chain takes longer than an answer may: then `evara audit verify` does it.
#[utoipa::path(get, path = "/admin/audit/verify", tag = "Admin", params(VerifyParams),
    responses((status = 200, body = List<VerdictView>)))]
pub(crate) async fn verify(
    May { scope, .. }: May<to::AuditRead>,
    State(app): State<AppState>,
    Params(params): Params<VerifyParams>,
    pages: Pages,
) -> Answer {
    let from = pages.after(params.cursor.as_deref(), |text| text.parse::<Uuid>().ok())?;
    let wanted = seen(&scope, params.tenant_id);
    let is_wanted = |chain: &Chain| {
        let is_seen = wanted.as_ref().is_none_or(|seen| seen.contains(chain));
        is_seen && from.is_none_or(|from| chain.0 > from)
    };
    let chains = app.audit.chains(&[]).await?;
    let mut rest = chains.into_iter().filter(is_wanted);
    let (mut items, mut last) = (Vec::new(), None);
    for chain in rest.by_ref().take(params.limit.size()) {
        items.push(VerdictView::from(app.audit.verify(chain, &[]).await?));
        last = Some(chain.0);
    }
    let next = rest.next().and(last);
    answer::json(&List {
        items,
        next_cursor: next.map(|last| pages.cursor(last)).transpose()?,
    })
}

/// The chains that somebody sees; none for all there are.
fn seen(scope: &Scope, tenant: Option<Uuid>) -> Option<Vec<Chain>> {
    if scope.person().reach == Reach::All {
        return tenant.map(|tenant| vec![Chain(tenant)]);
    }
    let forest = scope.forest();
    let distributors = forest.distributors.values().map(|it| it.clone().tenant());
    let communities = forest.communities.values().map(|it| it.clone().tenant());
    let seen = distributors.chain(communities);
    let seen = seen.filter(|tenant| scope.sees_tenant(tenant));
    let seen = seen.map(|tenant| tenant.id().uuid());
    let wanted = seen.filter(|id| tenant.is_none_or(|tenant| tenant == *id));
    Some(wanted.map(Chain).collect())
}

struct Entries {
    audit: Audit,
    query: AuditQuery,
    format: Format,
    begun: bool,
    is_over: bool,
}

impl Entries {
    fn of(audit: Audit, query: AuditQuery, format: Format) -> Self {
        Self {
            audit,
            query,
            format,
            begun: false,
            is_over: false,
        }
    }
}

impl Parts for Entries {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.audit.page(self.query.clone(), STREAMED).await?;
        self.is_over = page.len() < STREAMED as usize;
        self.query.before = page.last().map(|listed| listed.row.id);
        let views = page.into_iter().map(AuditView::from);
        if self.format != Format::Csv {
            return format::lines(views).map(Some);
        }
        let mut csv = Csv::new();
        if !std::mem::replace(&mut self.begun, true) {
            csv.row(AuditView::HEAD.map(Into::into))?;
        }
        for view in views {
            let cells = view.cells();
            csv.row(cells.iter().map(|cell| format::text(cell)))?;
        }
        csv.into_bytes().map(Some)
    }
}
