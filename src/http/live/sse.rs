//! `GET /stream`: a topic as server-sent events, for as long as the caller reads and may.
//!
//! The body asks the log when the connection can take more, so that a slow reader is found where he is. Who the
//! caller is was found out at the door, and is asked again every second.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep_until};
use utoipa::IntoParams;
use uuid::Uuid;

use super::come_back_ms;
use super::fields::Fields;
use super::frame::{Frame, Place};
use super::seats::{Seat, given_away};
use super::topic::Topic;
use super::topics::Topics;
use super::watch::{Mode, Sight, Wanted};
use super::who::{DEMOTED, KEPT_OUT, Look, Who};
use crate::address::ClientAddress;
use crate::app::listener::Place as Connected;
use crate::http::answer::Answer;
use crate::http::error::unavailable;
use crate::http::extract::Params;
use crate::http::guard::{May, limits, to, token, unknown};
use crate::http::problem::{Code, Part, Problem};
use crate::http::state::AppState;
use crate::http::stream::{self, Broken, Parts};

/// So often something is sent, so that nobody on the way takes the connection for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// After so long the caller is sent away, and comes back to where he was: a little before the connection ends
/// without a word.
const LIFE: Duration = Duration::from_secs(9 * 60);

/// For what is longest between two parts of the body: to be silent.
const PART_WITHIN: Duration = Duration::from_secs(2 * KEEP_ALIVE.as_secs());

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is listened to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// `fleet`, `communities/{id}`, `nodes/{id}`, `alerts`, `commands` or `supervision`.
    topic: String,
    /// `latest`, which is usual: of what falls into one tick, the last of each node. `all`: every event.
    #[param(value_type = Option<String>)]
    mode: Mode,
    /// The members of nodes that are told, separated by commas, such as `status,reported.level_cm`; all of them where
    /// not given. `node_id` and `revision` are told in any case.
    fields: Option<String>,
    /// The cursor to go on from, which was given for the same fields; the header `Last-Event-ID` wins over it.
    since: Option<String>,
}

/// A topic as server-sent events: `id` is the cursor of each, `data` a frame. It begins with a snapshot, or behind the
/// cursor of `Last-Event-ID`.
#[utoipa::path(get, path = "/stream", tag = "Live", params(StreamQuery), responses(
    (status = 200, description = "Frames, until either side leaves.", body = String,
        content_type = "text/event-stream")))]
pub(crate) async fn stream(
    May { scope, .. }: May<to::NodesRead>,
    State(app): State<AppState>,
    Params(query): Params<StreamQuery>,
    place: Option<Extension<Connected>>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Answer {
    let wanted = query.wanted()?;
    wanted.topic.check(&app, &scope)?;
    let seats = limits::seats(&app, scope.person());
    let seat = app.live().seats.take(scope.person(), seats)?;
    let mut topics = Topics::new(app.system.broadcast().listen(), seat.tally());
    let ready = topics.ready().await;
    ready.map_err(|error| unavailable().because(error))?;
    let header = headers.get(LAST_EVENT_ID);
    let since = match header.map(HeaderValue::to_str) {
        // It was given by us in plain letters: what is none is no cursor.
        Some(header) => Some(header.unwrap_or_default()),
        None => query.since.as_deref(),
    };
    let sight = Sight::from(scope.clone());
    let begun = topics.begin(wanted, sight, since, &app).await;
    let token = token(&headers)?;
    let known = app.identities.known(token).await.map_err(unknown)?;
    let who = Who::known((token.to_owned(), client), scope, known.at);
    let session = Session::new(app, who, (topics, seat), &begun);
    if let Some(Extension(place)) = place {
        place.leave();
    }
    Ok(answered(session))
}

impl StreamQuery {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let topic = self.topic.parse::<Topic>();
        let topic = topic.map_err(|why| Problem::malformed(Part::Query, "topic", why.to_string()));
        let named = self
            .fields
            .as_deref()
            .map(|it| Fields::named(it.split(',')));
        let fields = named.transpose();
        let fields =
            fields.map_err(|why| Problem::malformed(Part::Query, "fields", why.to_string()));
        Ok(Wanted {
            topic: topic?,
            mode: self.mode,
            fields: fields?.unwrap_or_default(),
        })
    }
}

fn answered(session: Session) -> Response {
    let mut response = Response::new(stream::lasting(session, PART_WITHIN, LIFE + PART_WITHIN));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Its connection gave its place among those that are asked back, and counts by its seat: when that is left,
    // it ends.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    // A proxy that collects what passes would hold it back for ever.
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// One who listens, and what he is told by.
struct Session {
    app: AppState,
    who: Who,
    /// One.
    topics: Topics,
    closing: signal::Receiver<bool>,
    /// What is sent before anything else.
    greeting: Option<String>,
    spoke_at: Instant,
    until: Instant,
    come_back_ms: u64,
    is_over: bool,
    seat: Seat,
}

/// What is to be done next.
enum Next {
    Tell,
    Look,
    KeepAlive,
    Leave,
}

impl Session {
    fn new(app: AppState, who: Who, (topics, seat): (Topics, Seat), frames: &[Frame]) -> Self {
        let id = Uuid::new_v4();
        let now = Instant::now();
        let window = app.system.broadcast().bounds().span;
        seat.is_active(1);
        let mut greeting = written(&[Frame::hello(id, KEEP_ALIVE, window)]);
        greeting.push_str(&written(frames));
        Self {
            closing: app.live().closing.subscribe(),
            app,
            who,
            topics,
            greeting: Some(greeting),
            spoke_at: now,
            until: now + LIFE,
            come_back_ms: come_back_ms(id),
            is_over: false,
            seat,
        }
    }

    async fn what_is_next(&mut self) -> Next {
        let now = Instant::now();
        let look_at = self.who.look_at();
        let keep_alive_at = self.spoke_at + KEEP_ALIVE;
        if *self.closing.borrow() || now >= self.until {
            return Next::Leave;
        }
        if now >= look_at {
            return Next::Look;
        }
        if now >= keep_alive_at {
            return Next::KeepAlive;
        }
        tokio::select! {
            _closing = self.closing.wait_for(|closing| *closing) => Next::Leave,
            () = given_away(Some(&self.seat)) => Next::Leave,
            () = self.topics.news() => Next::Tell,
            () = sleep_until(look_at) => Next::Look,
        }
    }

    fn tell(&mut self) -> String {
        let live = self.app.live();
        let topics = &mut self.topics;
        let behind = topics.behind().into_iter();
        let frames: Vec<Frame> = behind.flat_map(|topic| topics.next(topic, live)).collect();
        if !frames.is_empty() {
            self.seat.is_active(1);
        }
        written(&frames)
    }

    /// Looks who the caller is now, and what he sees.
    async fn look(&mut self) -> String {
        match self.who.look(&self.app).await {
            Look::Same => return String::new(),
            Look::Out => return self.end(Code::Unauthenticated, "The token is no use any more."),
            Look::Demoted => return self.end(Code::Unauthenticated, DEMOTED),
            Look::KeptOut => return self.end(Code::Forbidden, KEPT_OUT),
            Look::Other => {}
        }
        let scope = self.who.scope().clone();
        let sight = Sight::from(scope);
        let app = &self.app;
        let is_there = |topic: Topic| topic.check(app, &sight.scope).is_ok();
        let frames = self.topics.look(&sight, app.live(), is_there);
        if self.topics.len() == 0 {
            let why = "What was listened to is not there for you any more.";
            return self.end(Code::Forbidden, why);
        }
        written(&frames)
    }

    fn end(&mut self, code: Code, why: &str) -> String {
        self.is_over = true;
        written(&[Frame::error(code, why)])
    }

    /// A comment, and the place that he has come to while nothing happened that he sees.
    fn keep_alive(&mut self) -> String {
        let places = self.topics.cursors(self.app.live()).into_iter();
        let ids = places.filter_map(|(_, cursor)| Some(format!("id: {}\n", cursor?)));
        format!("{}: \n\n", ids.collect::<String>())
    }

    fn leave(&mut self) -> String {
        self.is_over = true;
        let last = self.keep_alive();
        format!("retry: {}\n{last}", self.come_back_ms)
    }
}

impl Parts for Session {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            if self.is_over {
                return Ok(None);
            }
            let text = match self.greeting.take() {
                Some(greeting) => greeting,
                None => match self.what_is_next().await {
                    Next::Tell => self.tell(),
                    Next::Look => self.look().await,
                    Next::KeepAlive => self.keep_alive(),
                    Next::Leave => self.leave(),
                },
            };
            if !text.is_empty() {
                self.spoke_at = Instant::now();
                return Ok(Some(text.into()));
            }
        }
    }
}

/// Frames as events.
fn written(frames: &[Frame]) -> String {
    let room = frames.iter().map(|frame| frame.json.len() + 80).sum();
    let mut text = String::with_capacity(room);
    for frame in frames {
        let _written = match &frame.place {
            Place::Same => Ok(()),
            // Whoever comes back then brings no place, and not one from before.
            Place::Lost => writeln!(text, "id:"),
            Place::At(cursor) => writeln!(text, "id: {cursor}"),
        };
        let _written = write!(text, "data: {}\n\n", frame.json);
    }
    text
}
