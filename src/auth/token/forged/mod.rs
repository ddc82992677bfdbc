//! Tokens that must be refused, each for one reason, and good ones right beside them.
//!
//! A bad token here is signed by the very key that it names wherever its fault is another one, so that
//! no rule hides behind the signature. Keys are made anew by each process that tests.

mod claims;
mod draft;
mod good;
mod headers;
mod keys;
pub(crate) mod sets;
mod shapes;
mod times;
mod workshop;

use std::sync::Arc;

use evara_actors::ports::Clock;

use super::{JwksSource, LocalKeys, ProjectUrl, Refused, Supabase, Tokens};
use draft::{Draft, Family};
pub(crate) use sets::jwks_of;
pub(crate) use workshop::{Counted, NOW, SHARED, URL, secret};

/// A token that proves nothing.
#[derive(Debug)]
pub(crate) struct Bad {
    /// What is wrong with it.
    pub(crate) name: String,
    /// As it is sent.
    pub(crate) token: Vec<u8>,
    /// The rule that it breaks.
    pub(crate) refused: Refused,
}

/// Every one of them, for a clock that shows [`NOW`].
pub(crate) fn bad() -> Vec<Bad> {
    let mut all = headers::bad();
    all.extend(keys::bad());
    all.extend(claims::bad());
    all.extend(times::bad());
    all.extend(shapes::bad());
    all
}

/// Good ones, for a clock that shows [`NOW`], by what is remarkable about them.
pub(crate) fn good() -> Vec<(String, Vec<u8>)> {
    good::all()
}

/// What they are proven by: our own keys, a project's shared secret, and the keys that `source` has.
pub(crate) fn tokens(source: Arc<dyn JwksSource>, clock: Arc<dyn Clock>) -> Tokens {
    let local = LocalKeys::derive(&secret("current")).unwrap();
    let url = ProjectUrl::parse(URL).unwrap();
    let shared = SHARED.to_owned().into();
    let supabase = Supabase::new(&url, Some(&shared), source, Arc::clone(&clock)).unwrap();
    Tokens::new(local, Some(supabase), clock)
}

/// Collects rows of one group.
#[derive(Debug, Default)]
struct Rows(Vec<Bad>);

impl Rows {
    fn add(&mut self, name: impl std::fmt::Display, token: impl Into<Vec<u8>>, refused: Refused) {
        self.0.push(Bad {
            name: name.to_string(),
            token: token.into(),
            refused,
        });
    }

    fn draft(&mut self, name: impl std::fmt::Display, draft: &Draft, refused: Refused) {
        self.add(name, draft.token(), refused);
    }
}

/// A token of ES256 with the other signature that holds: `n - s` in place of `s`.
pub(crate) fn turned(token: &[u8]) -> Vec<u8> {
    /// The order of P-256.
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let dot = token.iter().rposition(|byte| *byte == b'.').unwrap();
    let mut signature = super::compact::decoded(&token[dot + 1..]).unwrap();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        signature[32 + at] = digit.rem_euclid(256) as u8;
    }
    let signed = &token[..=dot];
    [signed, workshop::encoded(signature).as_bytes()].concat()
}

/// Two texts as the parts of a token, signed by our key.
pub(crate) fn of_texts(header: &str, payload: &str) -> Vec<u8> {
    draft::signed(header, payload, |message| Family::Local.sign(message)).into_bytes()
}
