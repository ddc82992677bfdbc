//! The description of the API: made of the routes themselves, and a page that shows it.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, Required, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::live;
use super::problem::ProblemView;
use super::state::AppState;

/// The page is whole in itself: it loads nothing, from nowhere.
const DOCS_PAGE: &str = include_str!("docs.html");

/// What the page may do: its own script and style, letter by letter, and requests to where it came from.
fn docs_policy() -> HeaderValue {
    let (script, style) = (fingerprint("script"), fingerprint("style"));
    let policy = format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// What the only element of this name in the page is known by.
fn fingerprint(element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let behind = DOCS_PAGE.split_once(&open).unwrap_or_default().1;
    let inside = behind.split_once(&close).unwrap_or_default().0;
    let digest = digest(&SHA256, inside.as_bytes());
    format!("sha256-{}", BASE64.encode(digest))
}

const TOKEN: &str = "token";

/// What is true of all of it.
const ABOUT: &str = "Digital twins of a water system's devices. Whatever is refused is answered with a problem (RFC 9457) \
    that has a code and a correlation id. Only what is no HTTP, or a head that is too long, is answered before any route: \
    400, 414 or 431, without a body.";

/// What the description says beside its paths.
pub(super) fn preface(version: &str) -> OpenApi {
    let mut info = Info::new("Evara", version);
    info.description = Some(ABOUT.to_owned());
    let mut components = Components::new();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(TOKEN, bearer);
    let key = ApiKeyValue::with_description(
        "X-Device-Key",
        "A key of a node's device; as good as Authorization: Device and the key.",
    );
    components.add_security_scheme("device_key", SecurityScheme::ApiKey(ApiKey::Header(key)));
    let problem = ProblemView::name().into_owned();
    components.schemas.insert(problem, ProblemView::schema());
    let mut referenced = Vec::new();
    ProblemView::schemas(&mut referenced);
    components.schemas.extend(referenced);
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(TOKEN, [] as [&str; 0])]))
        .build()
}

/// Those who are not known yet choose no keys, and no token is in an answer that is kept.
const KEYLESS: [&str; 4] = [
    "/api/v1/auth/login",
    "/api/v1/auth/logout",
    "/api/v1/auth/refresh",
    "/api/v1/auth/sync",
];

/// Adds what is true of every operation: that it may answer with a problem.
pub(super) fn completed(mut description: OpenApi) -> OpenApi {
    let paths = std::mem::take(&mut description.paths.paths);
    for (path, mut item) in paths {
        operations(&mut item).for_each(may_fail);
        if !KEYLESS.contains(&path.as_str()) {
            item.post.iter_mut().for_each(may_be_repeated);
        }
        // A wildcard is the router's notation, not the description's.
        description
            .paths
            .paths
            .insert(path.replace("{*", "{"), item);
    }
    description
}

fn may_fail(operation: &mut Operation) {
    let schema = Ref::from_schema_name(ProblemView::name());
    let problem = ResponseBuilder::new()
        .description("A problem: see its code.")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(schema)).build(),
        );
    operation
        .responses
        .responses
        .insert("default".to_owned(), problem.build().into());
}

fn may_be_repeated(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "1 to 128 visible ASCII characters. The same request under the same key is done once, and \
             answered alike for 24 hours; refusals are not kept. Another request under it is 409.",
        ))
        .schema(Some(String::schema()));
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(key.build().into());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// The descriptions and the page, as they are served: made once.
pub(super) fn pages(description: &OpenApi) -> Router<AppState> {
    let live = live::asyncapi::description(&description.info.version);
    let of_kind = |kind: &'static str| (CONTENT_TYPE, HeaderValue::from_static(kind));
    let served = |json: serde_json::Result<Vec<u8>>| {
        let json = Bytes::from(json.unwrap_or_default());
        get(async move || ([of_kind("application/json")], json).into_response())
    };
    let policy = docs_policy();
    let page = move || async move {
        let policy = (CONTENT_SECURITY_POLICY, policy);
        ([of_kind("text/html; charset=utf-8"), policy], DOCS_PAGE).into_response()
    };
    Router::new()
        .route("/api/openapi.json", served(serde_json::to_vec(description)))
        .route("/api/asyncapi.json", served(serde_json::to_vec(&live)))
        // Tools that are given no more than a host look for it here.
        .route("/asyncapi.json", served(serde_json::to_vec(&live)))
        .route("/api/docs", get(page))
}
