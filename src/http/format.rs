//! In which form the past is told: JSON, a JSON object a line, or comma-separated values.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;

use super::problem::{Part, Problem};
use super::stream::Broken;

/// What the caller can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON document.
    Json,
    /// A JSON object a line.
    Lines,
    /// Comma-separated values, with a head.
    Csv,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The form that a media range means; the more exact one wins.
    fn of_range(range: &str) -> Option<Self> {
        match range {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "application/x-ndjson" => Some(Self::Lines),
            "text/csv" | "text/*" => Some(Self::Csv),
            _ => None,
        }
    }

    /// 200 with a body of this form.
    pub(crate) fn answer(self, body: Body) -> Response {
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static(self.media_type());
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut best: Option<(f32, Self)> = None;
        let mut asked = false;
        for value in parts.headers.get_all(ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                asked = true;
                let (range, weight) = weighed(range);
                let known = Self::of_range(&range).filter(|_| weight > 0.0);
                // Of ranges that weigh the same the first is taken.
                if let Some(format) = known.filter(|_| best.is_none_or(|(most, _)| weight > most)) {
                    best = Some((weight, format));
                }
            }
        }
        match best {
            Some((_, format)) => Ok(format),
            None if !asked => Ok(Self::Json),
            None => Err(Problem::of_status(StatusCode::NOT_ACCEPTABLE).field(
                Part::Header,
                "accept",
                "must name application/json, application/x-ndjson or text/csv",
            )),
        }
    }
}

fn weighed(range: &str) -> (String, f32) {
    let mut parts = range.split(';');
    let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
    (name, weight.unwrap_or(1.0))
}

/// One JSON object a line.
pub(crate) fn lines<T: Serialize>(items: impl Iterator<Item = T>) -> Result<Bytes, Broken> {
    let mut bytes = Vec::new();
    for item in items {
        serde_json::to_writer(&mut bytes, &item)?;
        bytes.push(b'\n');
    }
    Ok(bytes.into())
}

/// Rows of cells.
#[derive(Debug)]
pub(crate) struct Csv(csv::Writer<Vec<u8>>);

impl Csv {
    pub(crate) fn new() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }

    pub(crate) fn row<'a>(
        &mut self,
        cells: impl IntoIterator<Item = std::borrow::Cow<'a, str>>,
    ) -> Result<(), Broken> {
        let cells = cells.into_iter();
        Ok(self.0.write_record(cells.map(|cell| cell.into_owned()))?)
    }

    pub(crate) fn into_bytes(self) -> Result<Bytes, Broken> {
        let bytes = self.0.into_inner().map_err(|error| error.into_error())?;
        Ok(bytes.into())
    }
}

/// A cell of text that was written by strangers: spreadsheets take what begins so for a formula.
pub(crate) fn text(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

/// A cell with a number, or an empty one.
pub(crate) fn number(cell: Option<f64>) -> std::borrow::Cow<'static, str> {
    cell.map_or_else(String::new, |number| number.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn chosen(accept: &str) -> Option<Format> {
        let request = Request::builder().header(ACCEPT, accept).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        Format::from_request_parts(&mut parts, &()).await.ok()
    }

    #[tokio::test]
    async fn the_form_that_weighs_most_is_chosen_and_the_first_of_equals() {
        for (accept, expected) in [
            ("*/*", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("Text/CSV; charset=utf-8", Some(Format::Csv)),
            ("text/csv;q=0.5, application/x-ndjson", Some(Format::Lines)),
            ("text/html, */*;q=0.1", Some(Format::Json)),
            ("text/csv, application/json", Some(Format::Csv)),
            ("text/html", None),
            ("text/csv;q=0", None),
        ] {
            assert_eq!(chosen(accept).await, expected, "{accept}");
        }
    }

    #[test]
    fn a_cell_is_no_formula_and_keeps_its_commas_and_quotes() {
        let mut csv = Csv::new();
        let cells = ["=1+1", "-3", "a,\"b\"\nc", "plain"].map(text);
        csv.row(cells.into_iter().chain([number(Some(-3.5)), number(None)]))
            .unwrap();
        let bytes = csv.into_bytes().unwrap();
        assert_eq!(
            bytes,
            "'=1+1,'-3,\"a,\"\"b\"\"\nc\",plain,-3.5,\n".as_bytes()
        );
    }
}
