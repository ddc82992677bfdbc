//! What was refused is written down, behind the answer: 403, the 404 of what is not seen, and a body that says what
//! is not for its author to say. It costs a request that is let in nothing but a look at its status.

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::Caller;
use super::witness::Traces;
use crate::app::audit::{Chain, Fact, Wanted, chain_of_node, chain_of_reach};
use crate::http::problem::{Part, Problem};
use crate::http::state::AppState;

/// Of a path that somebody made up.
const LONGEST_TARGET_CHARS: usize = 200;

/// Fields by which somebody would have more authority, a way in, or what is another's: where one of these is refused,
/// it may be a slip and may be an attempt. Of others a refusal says nothing.
const TELLING: &[&str] = &[
    "admin",
    "approved_by",
    "community_id",
    "created_by",
    "customer_id",
    "disabled",
    "distributor_id",
    "email_verified",
    "external_id",
    "failures",
    "is_admin",
    "must_change_password",
    "one_time_password",
    "owner_id",
    "password_hash",
    "permissions",
    "plan_id",
    "reach",
    "region",
    "revision",
    "role",
    "roles",
    "scope",
    "session_id",
    "set_by",
    "tenant",
    "tenant_id",
    "user_id",
    "valid_from",
    "version",
];

/// What is asked for, and by whom: all that is to be known of it once it is refused.
pub(super) struct Asking {
    traces: Traces,
    route: Option<MatchedPath>,
    method: Method,
    uri: Uri,
}

impl Asking {
    /// Behind what finds out who asks, and before all that judges what they may.
    pub(super) fn of(request: &Request) -> Self {
        Self {
            traces: Traces::of(request.extensions()),
            route: request.extensions().get().cloned(),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    /// The answer, once it is written down where it is a refusal.
    pub(super) fn noted(self, app: &AppState, answer: Response) -> Response {
        if let Some(fields) = refused(&answer) {
            self.note(app, &fields);
        }
        answer
    }

    fn note(self, app: &AppState, fields: &[&str]) {
        let (method, path) = (self.method, self.uri.path());
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let target: String = path.chars().take(LONGEST_TARGET_CHARS).collect();
        let fact = Fact::new(format!("{method} {route}"), target);
        let fact = fact.of([chain_of(app, self.traces.caller())]);
        let fact = if fields.is_empty() {
            fact
        } else {
            fact.is(&json!({ "refused_fields": fields }))
        };
        let wanted = if method.is_safe() {
            Wanted::Read
        } else {
            Wanted::Act
        };
        let witness = app.audit.witness(self.traces.actor());
        app.refusals().note_of(wanted, witness, fact);
    }
}

/// Whether what was answered is to be written down, and the telling fields that were not taken. Their values are not
/// told: a password may be among them.
fn refused(answer: &Response) -> Option<Vec<&'static str>> {
    match answer.status() {
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Some(Vec::new()),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            let problem = answer.extensions().get::<Problem>()?.view("");
            let of_body = problem.errors.iter().filter(|it| it.part == Part::Body);
            let names = of_body.filter_map(|it| it.pointer.rsplit('/').next());
            let telling = |name: &str| TELLING.iter().copied().find(|it| *it == name);
            let fields: Vec<_> = names.filter_map(telling).collect();
            (!fields.is_empty()).then_some(fields)
        }
        _ => None,
    }
}

/// The chain of whoever was refused: what they asked for may be none of their business.
fn chain_of(app: &AppState, caller: Option<&Caller>) -> Chain {
    match caller {
        Some(Caller::Person(person)) => chain_of_reach(&person.reach, &app.tenancy.forest()),
        Some(Caller::Device(bearer)) => {
            let twin = app.system.twin(bearer.node).map(|twin| twin.view());
            twin.map_or(Chain::SERVICE, |twin| chain_of_node(twin.spec()))
        }
        None => Chain::SERVICE,
    }
}
