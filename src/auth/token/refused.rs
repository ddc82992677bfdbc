//! Why a token proves nothing: for the log. Whoever sent it is told that it was refused, and no more.

/// The first rule that a token broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No token is as long.
    #[error("the token is too long")]
    TooLarge,
    /// Not three parts of canonical base64url.
    #[error("the token does not have the shape of one")]
    Shape,
    /// A part is no JSON object, or names a member twice.
    #[error("a part of the token is not a JSON object with distinct members")]
    Json,
    /// A header with more than an algorithm, a type and the id of a key: keys and their addresses,
    /// extensions, encryption, another token within.
    #[error("the token's header has a member that is not accepted")]
    HeaderMember,
    /// A token of another kind.
    #[error("the token's type is not accepted")]
    Type,
    /// An algorithm that no key of the issuer is for.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// The id of a key is missing, or cannot be one.
    #[error("the token's key id is not accepted")]
    KeyId,
    /// Nobody whose tokens are accepted.
    #[error("the token's issuer is not accepted")]
    Issuer,
    /// Meant for somebody else.
    #[error("the token's audience is not accepted")]
    Audience,
    /// A claim that is missing, of the wrong type or out of range.
    #[error("the token's claim `{0}` is missing or wrong")]
    Claim(&'static str),
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It begins in the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// Nobody by that id is among the issuer's keys.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The issuer's keys could not be had; the token may be good.
    #[error("the issuer's keys are away")]
    KeysAway,
    /// The key did not sign this.
    #[error("the token's signature does not hold")]
    Signature,
}
