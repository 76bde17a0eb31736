//! What kinds of errors there are.

/// What kind of error it is.
///
/// The guide ([`guide::errors`](crate::guide::errors)) has the status, type and code that each
/// vendor has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is wrong.
    Authentication,
    /// A proxy before the vendor got no answer from it.
    BadGateway,
    /// The account has no way to pay.
    Billing,
    /// The client went away before the answer was made.
    Cancelled,
    /// What is asked does not go with the state of a resource.
    Conflict,
    /// What is asked is against the vendor's policy.
    ContentPolicy,
    /// The prompt is too long for the model.
    ContextLength,
    /// A parameter has a value that it may not have.
    InvalidParameter,
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
    /// Not from this country.
    Region,
    /// It took the client too long to send the request.
    RequestTimeout,
    /// The vendor broke.
    Server,
    /// Traffic grew too quickly, though no limit was reached.
    SlowDown,
    /// It took the vendor too long.
    Timeout,
    /// The body is too large.
    TooLarge,
    /// The request is understood and makes no sense.
    Unprocessable,
}

impl ErrorKind {
    /// Every kind, in the order of their names.
    pub const ALL: [Self; 25] = [
        Self::Authentication,
        Self::BadGateway,
        Self::Billing,
        Self::Cancelled,
        Self::Conflict,
        Self::ContentPolicy,
        Self::ContextLength,
        Self::InvalidParameter,
        Self::InvalidRequest,
        Self::Malformed,
        Self::MethodNotAllowed,
        Self::MissingKey,
        Self::ModelNotFound,
        Self::NotFound,
        Self::Overloaded,
        Self::Permission,
        Self::Quota,
        Self::RateLimit,
        Self::Region,
        Self::RequestTimeout,
        Self::Server,
        Self::SlowDown,
        Self::Timeout,
        Self::TooLarge,
        Self::Unprocessable,
    ];

    /// Its name in files and headers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::BadGateway => "bad_gateway",
            Self::Billing => "billing",
            Self::Cancelled => "cancelled",
            Self::Conflict => "conflict",
            Self::ContentPolicy => "content_policy",
            Self::ContextLength => "context_length",
            Self::InvalidParameter => "invalid_parameter",
            Self::InvalidRequest => "invalid_request",
            Self::Malformed => "malformed",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MissingKey => "missing_key",
            Self::ModelNotFound => "model_not_found",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::Permission => "permission",
            Self::Quota => "quota",
            Self::RateLimit => "rate_limit",
            Self::Region => "region",
            Self::RequestTimeout => "request_timeout",
            Self::Server => "server",
            Self::SlowDown => "slow_down",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Unprocessable => "unprocessable",
        }
    }

    /// Whether the same request may succeed when it is sent again: what the vendors' SDKs try
    /// again, but for errors of money, which come as `429` and stay.
    ///
    /// ```
    /// use tower_mock_llm::reply::ErrorKind;
    ///
    /// assert!(ErrorKind::RateLimit.is_transient());
    /// assert!(!ErrorKind::Quota.is_transient());
    /// ```
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::BadGateway
                | Self::Cancelled
                | Self::Conflict
                | Self::Overloaded
                | Self::RateLimit
                | Self::RequestTimeout
                | Self::Server
                | Self::SlowDown
                | Self::Timeout
        )
    }
}
