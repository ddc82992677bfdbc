//! The three parts of a token, and nothing that could be read in two ways. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Refused;

/// Supabase's tokens have about 1 KiB; a header of HTTP has seldom room for more than this.
pub(super) const LONGEST: usize = 8 * 1024;

/// A token's parts, decoded; the signature is the key's to look at.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// The header and the payload as they were signed.
    pub(super) signed: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Parts that are base64url without padding, in the one way that these bytes are written.
    pub(super) fn read(token: &'a [u8]) -> Result<Self, Refused> {
        if token.len() > LONGEST {
            return Err(Refused::TooLarge);
        }
        let mut parts = token.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Shape);
        };
        decoded(signature)?;
        Ok(Self {
            header: decoded(header)?,
            payload: decoded(payload)?,
            signed: &token[..header.len() + 1 + payload.len()],
        })
    }
}

/// The bytes of a part, which is never empty: the engine refuses padding and loose bits at the end.
pub(super) fn decoded(part: &[u8]) -> Result<Vec<u8>, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(part);
    let bytes = bytes.map_err(|_not_canonical| Refused::Shape)?;
    (!bytes.is_empty()).then_some(bytes).ok_or(Refused::Shape)
}
