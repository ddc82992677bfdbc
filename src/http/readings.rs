//! What devices push: `/nodes/{id}/readings`, `/device/readings` and, in bulk, `/telemetry`.
//!
//! An answer that says a reading was taken is given after its commit, and never before.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use evara_actors::domain::{FieldError, NodeId, Timestamp};
use evara_actors::twin::TwinHandle;
use tokio::time::{Instant, timeout};

use super::answer::{self, Answer};
use super::extract::{
    JSON, MAX_BODY_BYTES, NoQuery, body, parse, quickly_parsed, quickly_parsed_at, read_quickly,
};
use super::guard::{NodeName, Pusher};
use super::idempotency::{Keeping, Once};
use super::problem::{Code, Problem};
use super::state::AppState;
use super::views::{BatchBody, BatchView, BulkBody, BulkView, ReadingsBody, TakenView, UnreadBulk};
use crate::app::readings::{COMMIT_WITHIN, Outcome, Parcel, push, samples};

/// The longest bulk of readings that is taken.
pub(crate) const MAX_BULK_BYTES: usize = 10 * 1024 * 1024;

/// Batches in a bulk: their results are a megabyte or two.
const MAX_BATCHES: usize = 10_000;

/// Bulks that are taken at once: what is read of one may take four times its body, so that all of them
/// have 320 MiB at the most.
pub(crate) const MAX_BULKS: usize = 8;

/// How long a bulk waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(1);

/// What was not committed in time is worth another try after this.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Above it, a body is read on a thread for what takes long, and not on one that serves requests.
const LONG_BODY_BYTES: usize = 64 * 1024;

/// Takes readings of a node, from the operator or from its device. Answers once they are on the disk.
#[utoipa::path(post, path = "/nodes/{id}/readings", tag = "Telemetry", params(("id" = String, Path)),
    request_body = ReadingsBody<'_>, responses((status = 200, body = TakenView)),
    security(("token" = []), ("device_key" = [])))]
pub(crate) async fn push_to_node(
    _: NoQuery,
    State(app): State<AppState>,
    pusher: Pusher,
    NodeName(id): NodeName,
    once: Once,
    request: Request,
) -> Answer {
    let handle = pusher.locate(&app, &id)?;
    let bytes = body(request, JSON, MAX_BODY_BYTES).await?;
    take(handle, &pusher, once.received_at(&app), &bytes).await
}

/// Takes readings of the node that the device's key belongs to. Answers once they are on the disk.
#[utoipa::path(post, path = "/device/readings", tag = "Telemetry",
    request_body = ReadingsBody<'_>, responses((status = 200, body = TakenView)),
    security(("token" = []), ("device_key" = [])))]
pub(crate) async fn push_own(
    _: NoQuery,
    State(app): State<AppState>,
    pusher: Pusher,
    once: Once,
    request: Request,
) -> Answer {
    let handle = pusher.own(&app).ok_or_else(Problem::not_found)?;
    let bytes = body(request, JSON, MAX_BODY_BYTES).await?;
    take(handle, &pusher, once.received_at(&app), &bytes).await
}

async fn take(twin: TwinHandle, pusher: &Pusher, received_at: Timestamp, bytes: &Bytes) -> Answer {
    let deadline = Instant::now() + COMMIT_WITHIN;
    let body: ReadingsBody<'_> = quickly_parsed(bytes)?;
    let readings = body.checked().map_err(Problem::invalid)?;
    let spec = twin.view();
    let samples = samples(spec.spec(), pusher.source(), received_at, readings);
    let samples = samples.map_err(Problem::invalid)?;
    let parcel = Parcel {
        twin: twin.clone(),
        samples,
    };
    let mut outcomes = push(vec![parcel], deadline).await;
    let outcome = outcomes.pop().unwrap_or(Outcome::NotInTime);
    answer::json(&told(&twin, outcome)?)
}

fn told(twin: &TwinHandle, outcome: Outcome) -> Result<TakenView, Problem> {
    match outcome {
        Outcome::Committed(taken) => {
            let revision = twin.view().revision().0;
            Ok(TakenView::new(twin.id(), taken, revision))
        }
        Outcome::Refused(error) => Err(error.into()),
        Outcome::NotInTime => Err(Problem::new(
            Code::Unavailable,
            "It was not written in time: send it again.",
        )
        .retry_after(TRY_AGAIN)),
    }
}

/// Takes readings of many nodes at once. Each batch is taken or refused by itself; the answer comes once
/// what was taken is on the disk. A device may send batches of its own node.
#[utoipa::path(post, path = "/telemetry", tag = "Telemetry",
    request_body = BulkBody<'_>, responses((status = 200, body = BulkView<'_>)),
    security(("token" = []), ("device_key" = [])))]
pub(crate) async fn push_bulk(
    _: NoQuery,
    State(app): State<AppState>,
    pusher: Pusher,
    once: Once,
    request: Request,
) -> Answer {
    let deadline = Instant::now() + COMMIT_WITHIN;
    pusher.may_push()?;
    let bytes = body(request, JSON, MAX_BULK_BYTES).await?;
    let received_at = once.received_at(&app);
    let prepared = match bytes.len() > LONG_BODY_BYTES {
        false => prepare(&app, &pusher, received_at, &bytes)?,
        true => {
            let job = move || prepare(&app, &pusher, received_at, &bytes);
            let prepared = tokio::task::spawn_blocking(job).await;
            prepared.map_err(Problem::internal)??
        }
    };
    let twins: Vec<_> = prepared
        .iter()
        .map(|batch| batch.as_ref().ok().map(|parcel| parcel.twin.clone()))
        .collect();
    let (parcels, refused): (Vec<_>, Vec<_>) = prepared.into_iter().partition(Result::is_ok);
    let mut refused = refused.into_iter().filter_map(Result::err);
    let outcomes = push(parcels.into_iter().flatten().collect(), deadline).await;
    let mut outcomes = outcomes.into_iter();
    let results = twins.iter().map(|twin| match twin {
        Some(twin) => told(twin, outcomes.next().unwrap_or(Outcome::NotInTime)),
        None => Err(refused.next().unwrap_or_else(Problem::not_found)),
    });
    answered(&results.collect::<Vec<_>>())
}

type Prepared = Result<Parcel, Problem>;

/// What of a bulk goes to which twin.
fn prepare(
    app: &AppState,
    pusher: &Pusher,
    received_at: Timestamp,
    bytes: &[u8],
) -> Result<Vec<Prepared>, Problem> {
    let parcel = |place: &str, batch: &BatchBody<'_>| {
        parcel(app, pusher, received_at, batch).map_err(|refused| refused.at(place))
    };
    let at = |place: usize| format!("/batches/{place}");
    if let Some(body) = read_quickly::<BulkBody<'_>>(bytes) {
        few_enough(body.batches.len())?;
        let batches = body.batches.iter().enumerate();
        return Ok(batches
            .map(|(place, batch)| parcel(&at(place), batch))
            .collect());
    }
    // Something in it is not of its type: that batch is refused, and no other.
    let body: UnreadBulk<'_> = parse(bytes)?;
    few_enough(body.batches.len())?;
    let batches = body.batches.iter().enumerate();
    Ok(batches
        .map(|(place, batch)| {
            let place = at(place);
            let batch = quickly_parsed_at(&place, batch.get().as_bytes())?;
            parcel(&place, &batch)
        })
        .collect())
}

fn few_enough(batches: usize) -> Result<(), Problem> {
    if batches <= MAX_BATCHES {
        return Ok(());
    }
    let detail = format!("must be at most {MAX_BATCHES}");
    Err(Problem::invalid(vec![FieldError::new("/batches", detail)]))
}

/// Why nothing of a batch is taken.
enum Refused {
    /// By pointers into the batch.
    Fields(Vec<FieldError>),
    Other(Problem),
}

impl Refused {
    fn at(self, place: &str) -> Problem {
        let under = |fault: FieldError| fault.under(place);
        match self {
            Self::Fields(faults) => Problem::invalid(faults.into_iter().map(under).collect()),
            Self::Other(problem) => problem,
        }
    }
}

fn parcel(
    app: &AppState,
    pusher: &Pusher,
    received_at: Timestamp,
    batch: &BatchBody<'_>,
) -> Result<Parcel, Refused> {
    let twin = match Named::of(batch).map_err(|fault| Refused::Fields(vec![fault]))? {
        Named::Id(id) => app.system.twin(id).and_then(|twin| pusher.seen(twin)),
        Named::Key(key) => Some(pusher.locate_key(app, key).map_err(Refused::Other)?),
    };
    let twin = twin.ok_or_else(|| Refused::Other(Problem::not_found()))?;
    let readings = batch.checked().map_err(Refused::Fields)?;
    let view = twin.view();
    let samples = samples(view.spec(), pusher.source(), received_at, readings);
    let samples = samples.map_err(Refused::Fields)?;
    Ok(Parcel { twin, samples })
}

/// The node that a batch is of.
enum Named<'a> {
    Id(NodeId),
    Key(&'a str),
}

impl<'a> Named<'a> {
    fn of(batch: &'a BatchBody<'_>) -> Result<Self, FieldError> {
        match (&batch.node_id, &batch.node_key) {
            (Some(id), None) => match id.0.parse() {
                Ok(id) => Ok(Self::Id(id)),
                Err(_not_a_uuid) => Err(FieldError::new("/node_id", "must be a UUID")),
            },
            (None, Some(key)) => Ok(Self::Key(&key.0)),
            (None, None) | (Some(_), Some(_)) => {
                Err(FieldError::new("", "must have either node_id or node_key"))
            }
        }
    }
}

fn view(result: &Result<TakenView, Problem>) -> BatchView<'_> {
    match result {
        Ok(taken) => BatchView {
            status: 200,
            taken: Some(taken.clone()),
            error: None,
        },
        Err(problem) => BatchView {
            status: problem.status().as_u16(),
            taken: None,
            error: Some(problem.view("")),
        },
    }
}

fn answered(results: &[Result<TakenView, Problem>]) -> Answer {
    let failed = |result: &Result<TakenView, Problem>| {
        result
            .as_ref()
            .is_err_and(|problem| problem.status().is_server_error())
    };
    let is_last_word = !results.iter().any(failed);
    let mut response = answer::json(&BulkView {
        results: results.iter().map(view).collect(),
    })?;
    if !is_last_word {
        response.extensions_mut().insert(Keeping::Never);
    }
    Ok(response)
}

/// Has a bulk wait for its turn before any of its body is read.
pub(crate) async fn in_turn(State(app): State<AppState>, request: Request, next: Next) -> Response {
    match timeout(TURN_WITHIN, app.bulks().acquire()).await {
        Ok(Ok(_turn)) => next.run(request).await,
        Ok(Err(_)) | Err(_) => Problem::new(Code::Busy, "Too many bulks of readings at once.")
            .retry_after(TRY_AGAIN)
            .into_response(),
    }
}
