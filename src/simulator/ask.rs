//! A request as the simulator understands it: verb, target, format, parameters and key.
//!
//! Parameters come from the path's query, a form body and the top level of a JSON body, and the
//! body wins. Nothing is decided here: what a parameter means is known where it is used.

use axum::http::request::Parts;
use axum::http::{Method, header};
use serde_json::Value;

use super::fail::Fail;
use super::target::{Format, Target};

/// The header names that carry a key are known by this part of them; `X-THINGSPEAKAPIKEY` and
/// `THINGSPEAKAPIKEY` are both in use.
const KEY_HEADER_PART: &str = "thingspeakapikey";

/// The names of a key among the parameters, the strongest first.
const KEY_NAMES: [&str; 3] = ["key", "api_key", "apikey"];

/// What a request wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
    Options,
}

impl Verb {
    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::POST => Some(Self::Post),
            Method::PUT | Method::PATCH => Some(Self::Put),
            Method::DELETE => Some(Self::Delete),
            Method::OPTIONS => Some(Self::Options),
            _ => None,
        }
    }
}

/// One understood request.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) verb: Verb,
    pub(super) target: Target,
    pub(super) format: Format,
    pub(super) params: Params,
}

impl Ask {
    /// Understands a request, or says how ThingSpeak refuses it.
    pub(super) fn of(parts: &Parts, body: &[u8]) -> Result<Self, (Fail, Format)> {
        let (target, format) = Target::of(parts.uri.path());
        let verb = Verb::of(&parts.method).ok_or((Fail::WrongMethod, format))?;
        let params = Params::of(parts, body).map_err(|fail| (fail, format))?;
        Ok(Self {
            verb,
            target,
            format,
            params,
        })
    }
}

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    header_key: Option<String>,
    /// The body, where it was JSON.
    pub(super) json: Option<Value>,
}

impl Params {
    fn of(parts: &Parts, body: &[u8]) -> Result<Self, Fail> {
        let mut params = Self {
            header_key: header_key(parts),
            ..Self::default()
        };
        params.read_form(parts.uri.query().unwrap_or_default().as_bytes())?;
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.contains("json"));
        if is_json && !body.is_empty() {
            params.read_json(body)?;
        } else {
            params.read_form(body)?;
        }
        Ok(params)
    }

    fn read_form(&mut self, text: &[u8]) -> Result<(), Fail> {
        for (name, value) in url::form_urlencoded::parse(text) {
            // The decoder replaces bytes that are not UTF-8, which the service refuses.
            if value.contains('\u{fffd}') {
                return Err(Fail::InvalidBytes);
            }
            self.pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(())
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), Fail> {
        std::str::from_utf8(body).map_err(|_| Fail::InvalidBytes)?;
        let json: Value = serde_json::from_slice(body).map_err(|_| Fail::BadRequest)?;
        if let Value::Object(object) = &json {
            let named = object
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), scalar(value)?)));
            self.pairs.extend(named);
        }
        self.json = Some(json);
        Ok(())
    }

    /// The parameter called `name`; said twice, the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// The first of `names` that was given.
    pub(super) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The parameter `name`, where it is the word `true` in any case.
    pub(super) fn says_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The API key: the header before the parameters.
    pub(super) fn key(&self) -> Option<&str> {
        self.header_key.as_deref().or_else(|| self.any(&KEY_NAMES))
    }

    /// Everything but the key, in a form by which equal questions are equal.
    pub(super) fn fingerprint(&self) -> String {
        let mut pairs: Vec<_> = self
            .pairs
            .iter()
            .filter(|(name, _)| !KEY_NAMES.contains(&name.as_str()))
            .collect();
        pairs.sort();
        format!("{pairs:?}")
    }
}

fn header_key(parts: &Parts) -> Option<String> {
    parts
        .headers
        .iter()
        .find(|(name, _)| name.as_str().contains(KEY_HEADER_PART))
        .and_then(|(_, value)| value.to_str().ok())
        .map(str::to_owned)
}

/// A JSON scalar as the text that a form would have carried.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn ask(uri: &str, headers: &[(&str, &str)], body: &str) -> Ask {
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Ask::of(&parts, body.as_bytes()).unwrap()
    }

    #[test]
    fn a_header_key_goes_before_every_parameter() {
        let uri = "/update?apikey=C&api_key=B&key=A";
        assert_eq!(ask(uri, &[], "").params.key(), Some("A"));
        for name in ["THINGSPEAKAPIKEY", "X-THINGSPEAKAPIKEY"] {
            assert_eq!(ask(uri, &[(name, "H")], "").params.key(), Some("H"));
        }
    }

    #[test]
    fn form_and_json_bodies_win_over_the_query() {
        let form = ask("/update?field1=1", &[], "field1=2&status=a%20b");
        assert_eq!(form.params.get("field1"), Some("2"));
        assert_eq!(form.params.get("status"), Some("a b"));
        let json = [("content-type", "application/json")];
        let asked = ask("/update?field1=1", &json, r#"{"field1":2.50}"#);
        assert_eq!(asked.params.get("field1"), Some("2.5"));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        let (parts, ()) = Request::get("/update?field1=%ff")
            .body(())
            .unwrap()
            .into_parts();
        let refused = Ask::of(&parts, b"").unwrap_err();
        assert_eq!(refused.0, Fail::InvalidBytes);
    }
}
