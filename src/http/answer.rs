//! The forms that good answers take.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::problem::Problem;

/// What `Result` means in handlers.
pub(crate) type Answer = Result<Response, Problem>;

/// Room for a twin, so that the common answer is written without growing.
const USUAL_BYTES: usize = 4096;

/// 200 with a body.
pub(crate) fn json(value: &impl Serialize) -> Answer {
    let mut writer = BytesMut::with_capacity(USUAL_BYTES).writer();
    serde_json::to_writer(&mut writer, value).map_err(Problem::internal)?;
    let mut response = Response::new(Body::from(writer.into_inner().freeze()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// 200 with a body and the tag that it can be revalidated by.
pub(crate) fn tagged(tag: HeaderValue, value: &impl Serialize) -> Answer {
    let mut response = json(value)?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// 201 with a body, its tag, and where to find it from now on.
pub(crate) fn created(location: &str, tag: HeaderValue, value: &impl Serialize) -> Answer {
    let mut response = tagged(tag, value)?;
    *response.status_mut() = StatusCode::CREATED;
    located(response, location)
}

/// The same answer, and where to find what it tells of.
pub(crate) fn located(mut response: Response, location: &str) -> Answer {
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// 204
pub(crate) fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// 304: the caller has it already.
pub(crate) fn not_modified(tag: HeaderValue) -> Response {
    let mut response = empty(StatusCode::NOT_MODIFIED);
    response.headers_mut().insert(ETAG, tag);
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
