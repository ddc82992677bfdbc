//! What a token claims, and the rules that claims must keep at a time. Pure: what is read here is proven
//! by nothing until a key has held the signature.
//!
//! Roles are not among them: they come from our tables, and never from a token. Nor is `user_metadata`
//! read, which its user can write.

use std::time::Duration;

use evara_actors::domain::Timestamp;
use uuid::Uuid;

use super::Refused;
use super::json::{Object, Value};

/// The one audience of people who have signed in.
pub(super) const AUDIENCE: &str = "authenticated";

/// The issuer of our own tokens.
pub(super) const LOCAL: &str = "evara";

/// How far the issuer's clock may be from ours.
pub(super) const LEEWAY: Duration = Duration::from_secs(30);

/// Supabase's longest. What is revoked is remembered until it would expire, and so this bounds that.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// RFC 5321's longest.
const LONGEST_EMAIL: usize = 254;

/// Who made a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// This installation, for an account of its own.
    Local,
    /// The Supabase project of this installation.
    Supabase,
}

/// An address, as the issuer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// At most 254 bytes without white space or control characters, with an `@`; not normalised.
    pub address: String,
    /// Whether the issuer itself says, outside of what the user can write, that it was confirmed.
    /// Supabase's tokens do so only where a hook of the project adds `email_verified`.
    pub verified: bool,
}

/// What a token proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who made it.
    pub issuer: Issuer,
    /// Whom it is about, as the issuer knows them.
    pub subject: Uuid,
    /// The issuer's session.
    pub session: Option<Uuid>,
    /// From when on.
    pub issued_at: Timestamp,
    /// Not good from then on, but for the leeway.
    pub expires_at: Timestamp,
    /// Where the issuer says.
    pub email: Option<Email>,
    /// The SHA-256 of what was signed (header and payload): what a list of revoked tokens knows it by.
    /// Without the signature, because one of ECDSA can be turned into another that holds as well.
    pub digest: [u8; 32],
    /// Its own id; always there in local tokens.
    pub jti: Option<Uuid>,
}

impl Claims {
    /// Whether it is too late for this token, leeway included.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at.plus(LEEWAY)
    }

    /// From when on nobody needs to remember that it was given up.
    pub fn unheard_of_at(&self) -> Timestamp {
        self.expires_at.plus(LEEWAY)
    }

    /// Reads what must be true of any token at `now`. `supabase` is the issuer of the project, if there
    /// is one.
    pub(super) fn read(
        object: &Object,
        digest: [u8; 32],
        supabase: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let issuer = issuer(object, supabase)?;
        check_audience(object)?;
        check_user(object)?;
        let claims = Self {
            issuer,
            subject: id(object, "sub")?.ok_or(Refused::Claim("sub"))?,
            session: id(object, "session_id")?,
            issued_at: time(object, "iat")?.ok_or(Refused::Claim("iat"))?,
            expires_at: time(object, "exp")?.ok_or(Refused::Claim("exp"))?,
            email: email(object)?,
            digest,
            jti: id(object, "jti")?,
        };
        claims.check_times(time(object, "nbf")?, now)?;
        Ok(claims)
    }

    fn check_times(&self, not_before: Option<Timestamp>, now: Timestamp) -> Result<(), Refused> {
        let life = self.expires_at.millis_since(self.issued_at);
        if !(1..=LONGEST_LIFE.as_millis().cast_signed()).contains(&i128::from(life)) {
            return Err(Refused::Claim("exp"));
        }
        if self.has_expired(now) {
            return Err(Refused::Expired);
        }
        let begins = not_before.map_or(self.issued_at, |time| time.max(self.issued_at));
        if begins > now.plus(LEEWAY) {
            return Err(Refused::NotYet);
        }
        Ok(())
    }
}

fn issuer(object: &Object, supabase: Option<&str>) -> Result<Issuer, Refused> {
    match object.text("iss")? {
        Some(LOCAL) => Ok(Issuer::Local),
        Some(name) if Some(name) == supabase => Ok(Issuer::Supabase),
        Some(_) => Err(Refused::Issuer),
        None => Err(Refused::Claim("iss")),
    }
}

/// One audience, as a text or alone in a list: what is meant for others too could be replayed by them.
fn check_audience(object: &Object) -> Result<(), Refused> {
    let audience = match object.get("aud") {
        Some(Value::List(list)) => match list.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        one => one,
    };
    let is_ours = matches!(audience, Some(Value::Text(name)) if name == AUDIENCE);
    is_ours.then_some(()).ok_or(Refused::Audience)
}

/// Supabase's keys for services, and its visitors without an account, are nobody here.
fn check_user(object: &Object) -> Result<(), Refused> {
    if object.text("role")?.is_some_and(|role| role != AUDIENCE) {
        return Err(Refused::Claim("role"));
    }
    match object.flag("is_anonymous")? {
        Some(true) => Err(Refused::Claim("is_anonymous")),
        Some(false) | None => Ok(()),
    }
}

/// A UUID with its hyphens, and not the nil one.
fn id(object: &Object, name: &'static str) -> Result<Option<Uuid>, Refused> {
    let Some(text) = object.text(name)? else {
        return Ok(None);
    };
    let is_hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    let id = Uuid::try_parse(text).ok().filter(|_| is_hyphenated);
    let id = id.filter(|id| !id.is_nil());
    id.map(Some).ok_or(Refused::Claim(name))
}

/// Whole seconds from 1970 to as long as RFC 3339 can write.
fn time(object: &Object, name: &'static str) -> Result<Option<Timestamp>, Refused> {
    let latest = Timestamp::MAX.millis() / 1000;
    match object.integer(name)? {
        None => Ok(None),
        Some(secs) if (0..=latest).contains(&secs) => Ok(Some(Timestamp::from_secs(secs))),
        Some(_) => Err(Refused::Claim(name)),
    }
}

fn email(object: &Object) -> Result<Option<Email>, Refused> {
    let verified = object.flag("email_verified")?.unwrap_or(false);
    // Supabase writes an empty one for those who signed in by telephone.
    let Some(address) = object.text("email")?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    let fits = address.len() <= LONGEST_EMAIL && address.contains('@');
    if !fits || address.contains(is_odd) {
        return Err(Refused::Claim("email"));
    }
    Ok(Some(Email {
        address: address.to_owned(),
        verified,
    }))
}
