//! What handlers take out of requests: bodies, queries and path parameters, checked for form.
//!
//! Whatever is not of the right form ends here as a [`Problem`] that names the field; the framework's
//! own rejections, which are plain text, are never let through.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::by_name::ByName;
use super::guard::still_themselves;
use super::misshapen::{Said, misshapen_at};
use super::problem::{Code, Part, Problem};

/// The longest body that is taken; only bulk readings need more.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// No body of ours is nested deeper; a parser that recurses must not be driven by strangers.
const MAX_DEPTH: usize = 32;

/// A JSON body. A field that is not known, and a value of another type, are 400.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = body(request, JSON, MAX_BODY_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// A merge patch, RFC 7396: an object.
#[derive(Debug)]
pub(crate) struct MergePatch(pub(crate) Map<String, Value>);

impl<S: Sync> FromRequest<S> for MergePatch {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kinds = &["application/merge-patch+json", "application/json"];
        let bytes = body(request, kinds, MAX_BODY_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// The query string. A parameter that is not known is 400.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned + Default> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_none() {
            return Ok(Self(T::default()));
        }
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                use std::error::Error as _;
                // The framework's own wording comes first, then the field's.
                let cause = rejection
                    .source()
                    .map_or_else(String::new, ToString::to_string);
                let (name, said) = blamed(&cause);
                Err(Problem::malformed(Part::Query, name, said.detail))
            }
        }
    }
}

/// Of what is wrong with a query, the parameter, and the rest. What is there twice is named in the text only.
fn blamed(cause: &str) -> (&str, Said<'_>) {
    match cause.split_once(": ") {
        Some((name, detail)) if !name.contains(' ') => (name, Said::of_value(detail)),
        Some(_) | None => (
            cause.split('`').nth(1).unwrap_or_default(),
            Said::of_value(cause),
        ),
    }
}

/// A query string without parameters: whatever is in it is not known, and 400.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.uri.query() {
            None | Some("") => Ok(Self),
            Some(query) => {
                let name = query.split(['=', '&']).next().unwrap_or_default();
                Err(Problem::malformed(
                    Part::Query,
                    name,
                    "is not a parameter of this route",
                ))
            }
        }
    }
}

/// The parameters of the path, by name.
pub(crate) async fn path_param(parts: &mut Parts, name: &str) -> Result<String, Problem> {
    let unreadable = |_| Problem::malformed(Part::Path, name, "must be UTF-8");
    let params = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(unreadable)?;
    let found = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned());
    found.ok_or_else(Problem::not_found)
}

/// The only kind of body that most routes take.
pub(crate) const JSON: &[&str] = &["application/json"];

/// The whole body, if it is of one of these kinds and not too long.
pub(crate) async fn body(request: Request, kinds: &[&str], most: usize) -> Result<Bytes, Problem> {
    if !is_one_of(request.headers(), kinds) {
        let detail = format!("The body must be {}.", kinds.join(" or "));
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let (parts, body) = request.into_parts();
    let bytes = read(body, most).await?;
    still_themselves(&parts).await?;
    Ok(bytes)
}

/// The whole of a body that is not too long.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    // What says that it is too long is not waited for.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large(most));
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(most)),
        Err(_broken_off) => Err(Problem::new(
            Code::InvalidRequest,
            "The body is not complete.",
        )),
    }
}

fn too_large(most: usize) -> Problem {
    let mebibytes = most / (1024 * 1024);
    Problem::new(
        Code::PayloadTooLarge,
        format!("The body may be {mebibytes} MiB long."),
    )
}

fn is_one_of(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// Reads JSON; says by a pointer where it is not of the right form.
pub(crate) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    parse_at("", bytes)
}

/// [`parse`] of what stands at `place` of a body.
fn parse_at<'a, T: Deserialize<'a>>(place: &str, bytes: &'a [u8]) -> Result<T, Problem> {
    let whole = |detail| Problem::malformed(Part::Body, place, detail);
    if std::str::from_utf8(bytes).is_err() {
        return Err(whole("must be UTF-8"));
    }
    if depth(bytes) > MAX_DEPTH {
        return Err(whole("must be nested at most 32 deep"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(ByName(&mut json));
    let value = value.map_err(|error| misshapen_at(place, &error))?;
    json.end()
        .map_err(|_rest| whole("must be one JSON value"))?;
    Ok(value)
}

/// Reads JSON that is of the right form; where it is not, [`parse`] knows why.
pub(crate) fn read_quickly<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(ByName(&mut json)).ok()?;
    json.end().ok().map(|()| value)
}

/// [`parse`], quicker where nothing is wrong: a path to each value costs more than the rest.
pub(crate) fn quickly_parsed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    quickly_parsed_at("", bytes)
}

/// [`quickly_parsed`] of what stands at `place` of a body.
pub(crate) fn quickly_parsed_at<'a, T: Deserialize<'a>>(
    place: &str,
    bytes: &'a [u8],
) -> Result<T, Problem> {
    read_quickly(bytes).map_or_else(|| parse_at(place, bytes), Ok)
}

/// How deep arrays and objects are nested. Counts brackets outside of strings, and so is never
/// fooled by well-formed JSON; what is not well-formed the parser refuses.
fn depth(json: &[u8]) -> usize {
    let (mut deepest, mut now) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
