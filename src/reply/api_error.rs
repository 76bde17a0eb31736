//! Errors as a provider reports them, in neutral words.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use super::{ErrorKind, Metric, RateLimit};

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
    /// The limit that was run into, for [`ErrorKind::RateLimit`].
    pub limit: Option<Box<RateLimit>>,
}

impl ApiError {
    /// An error of this kind, in the vendor's own words.
    pub const fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            status: None,
            message: None,
            code: None,
            param: None,
            retry_after: None,
            limit: None,
        }
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

    /// Too many requests or tokens: `429`. Which of them it was is told with [`of`](Self::of);
    /// without it OpenAI speaks of requests per minute, the others of input tokens.
    pub const fn rate_limit() -> Self {
        Self::new(ErrorKind::RateLimit)
    }

    /// Too many tokens in a minute: `429`.
    ///
    /// ```
    /// use tower_mock_llm::ApiError;
    /// use tower_mock_llm::reply::Metric;
    ///
    /// let error = ApiError::token_rate_limit(30_000);
    /// assert_eq!(error.limit.unwrap().metric, Metric::TokensPerMinute);
    /// ```
    pub fn token_rate_limit(limit: u64) -> Self {
        Self::rate_limit().of(RateLimit::new(Metric::TokensPerMinute, limit))
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

    /// A parameter has a value that it may not have: `400`. OpenAI names the parameter, and has a
    /// code for what is wrong with it: `invalid_value`, or another given with [`code`](Self::code)
    /// (`unsupported_parameter`). Gemini has a detail that names the field.
    ///
    /// ```
    /// use tower_mock_llm::ApiError;
    ///
    /// let error = ApiError::invalid_parameter("temperature", "It must be at most 2.");
    /// assert_eq!(error.param.as_deref(), Some("temperature"));
    /// ```
    pub fn invalid_parameter(
        param: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::InvalidParameter).message(message).param(param)
    }

    /// The prompt is too long for the model: `400`.
    pub const fn context_length() -> Self {
        Self::new(ErrorKind::ContextLength)
    }

    /// What is asked is against the vendor's policy: `400`. Gemini does not answer so to a
    /// conversation, but with `200` and a [reply](crate::Reply::refusal) that is blocked.
    pub const fn content_policy() -> Self {
        Self::new(ErrorKind::ContentPolicy)
    }

    /// The account has no way to pay: `402` at Anthropic, `429` at OpenAI, `403` at Gemini.
    pub const fn billing() -> Self {
        Self::new(ErrorKind::Billing)
    }

    /// Not from this country: `403`, at Gemini `400`.
    pub const fn region() -> Self {
        Self::new(ErrorKind::Region)
    }

    /// It took the client too long to send the request: `408`.
    pub const fn request_timeout() -> Self {
        Self::new(ErrorKind::RequestTimeout)
    }

    /// What is asked does not go with the state of a resource: `409`.
    pub const fn conflict() -> Self {
        Self::new(ErrorKind::Conflict)
    }

    /// The body is too large: `413`, at Gemini `400`.
    pub const fn too_large() -> Self {
        Self::new(ErrorKind::TooLarge)
    }

    /// The request is understood and makes no sense: `422`.
    pub const fn unprocessable() -> Self {
        Self::new(ErrorKind::Unprocessable)
    }

    /// Traffic grew too quickly, though no limit was reached: `429`.
    pub const fn slow_down() -> Self {
        Self::new(ErrorKind::SlowDown)
    }

    /// The client went away: `499`.
    pub const fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled)
    }

    /// A proxy before the vendor got no answer from it: `502`. For a page of HTML, as proxies
    /// send them, see [`RawResponse`](crate::reply::RawResponse).
    pub const fn bad_gateway() -> Self {
        Self::new(ErrorKind::BadGateway)
    }

    /// It took the vendor too long: `504`.
    pub const fn timeout() -> Self {
        Self::new(ErrorKind::Timeout)
    }

    /// Sets the limit that was run into, for [`rate_limit`](Self::rate_limit).
    #[must_use]
    pub fn of(mut self, limit: RateLimit) -> Self {
        self.limit = Some(Box::new(limit));
        self
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_goes_before_the_vendors_words() {
        assert_eq!(ApiError::server().message_or("vendor"), "vendor");
        assert_eq!(ApiError::server().message("mine").message_or("vendor"), "mine");
    }
}
