//! Errors as a provider reports them, in neutral words.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

/// An error of a provider's API.
///
/// The neutral part is a [kind](ErrorKind); the room that answers finds the vendor's status,
/// type, code, message and headers for it. Each of them may be given by hand.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{ApiError, Rule};
///
/// let limit = ApiError::rate_limit().retry_after(Duration::from_secs(2));
/// let rule = Rule::always().respond_with(limit).times(1);
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The status, in place of the vendor's for this kind.
    pub status: Option<StatusCode>,
    /// The message, in place of the vendor's for this kind.
    pub message: Option<Cow<'static, str>>,
    /// The vendor's code, where its envelope has one.
    pub code: Option<Cow<'static, str>>,
    /// The parameter at fault, where the vendor's envelope has one.
    pub param: Option<Cow<'static, str>>,
    /// How long the client is asked to wait.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// An error of this kind, in the vendor's own words.
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, status: None, message: None, code: None, param: None, retry_after: None }
    }

    /// The request is not understood or not allowed: `400`.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRequest).message(message)
    }

    /// The key is wrong: `401` (Gemini `400`).
    pub const fn authentication() -> Self {
        Self::new(ErrorKind::Authentication)
    }

    /// The key may not do this: `403`.
    pub const fn permission() -> Self {
        Self::new(ErrorKind::Permission)
    }

    /// There is no such model: `404`.
    pub const fn model_not_found() -> Self {
        Self::new(ErrorKind::ModelNotFound)
    }

    /// Too many requests or tokens: `429`.
    pub const fn rate_limit() -> Self {
        Self::new(ErrorKind::RateLimit)
    }

    /// The account has no money left: `429`, at Anthropic `400`.
    pub const fn quota() -> Self {
        Self::new(ErrorKind::Quota)
    }

    /// The vendor broke: `500`.
    pub const fn server() -> Self {
        Self::new(ErrorKind::Server)
    }

    /// The vendor has too much to do: `503`, at Anthropic `529`.
    pub const fn overloaded() -> Self {
        Self::new(ErrorKind::Overloaded)
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the message.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets the vendor's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the parameter at fault.
    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Asks the client to wait, by header or body as the vendor does.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The message given, or else `words`.
    pub fn message_or<'a>(&'a self, words: &'a str) -> &'a str {
        self.message.as_deref().unwrap_or(words)
    }

    /// What a room says: the message given, or else the vendor's `words`. Where nothing answers,
    /// the vendor's words come first, and then how to get out of it.
    pub(crate) fn say<'a>(&'a self, words: Cow<'a, str>) -> Cow<'a, str> {
        match (self.kind, &self.message) {
            (ErrorKind::NotFound, Some(remedy)) => {
                format!("{}. {remedy}", words.trim_end_matches('.')).into()
            }
            (_, Some(message)) => Cow::Borrowed(message),
            (_, None) => words,
        }
    }
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is wrong.
    Authentication,
    /// The request is not understood or not allowed.
    InvalidRequest,
    /// The body is no JSON.
    Malformed,
    /// The path is known, the method is not.
    MethodNotAllowed,
    /// No key was sent.
    MissingKey,
    /// There is no such model.
    ModelNotFound,
    /// There is nothing at this path.
    NotFound,
    /// Too much to do.
    Overloaded,
    /// The key may not do this.
    Permission,
    /// No money left.
    Quota,
    /// Too many requests or tokens.
    RateLimit,
    /// The vendor broke.
    Server,
    /// It took the vendor too long.
    Timeout,
    /// The body is too large.
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_goes_before_the_vendors_words() {
        assert_eq!(ApiError::server().message_or("vendor"), "vendor");
        assert_eq!(ApiError::server().message("mine").message_or("vendor"), "mine");
    }
}
