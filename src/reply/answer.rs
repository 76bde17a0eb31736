//! An answer: what is said, how fast, and what goes wrong.

use std::sync::Arc;

#[cfg(feature = "config")]
use super::ErrorKind;
use super::{
    ApiError, Embeddings, Models, NoAnswer, Output, RawResponse, Reply, ReplyStream, TokenCount,
};
use crate::fault::Fault;
use crate::pace::Pace;
use crate::provider::Operation;

/// What the mock does for one request: a reply, an error, a stream, a response by hand or nothing at
/// all, with its pace and fault.
///
/// Anything that [`IntoAnswer`] takes is an answer already; this type is for the rest.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{Answer, Fault, Pace, Reply};
///
/// let answer = Answer::from(Reply::text("never finished"))
///     .pace(Pace::new(Duration::from_millis(300), Duration::from_millis(20)))
///     .fault(Fault::abort_after(3));
/// # let _ = answer;
/// ```
#[derive(Debug)]
pub struct Answer {
    pub(crate) say: Say,
    pub(crate) pace: Option<Pace>,
    pub(crate) fault: Option<Fault>,
    /// Whether it is said without a look at the request's schemas.
    pub(crate) unchecked: bool,
}

#[derive(Debug)]
pub(crate) enum Say {
    /// Boxed, since it is much larger than the rest, and every answer is moved about.
    Error(Box<ApiError>),
    /// A cassette lets the request go to the provider.
    #[cfg(feature = "cassette")]
    Live(Box<crate::cassette::Ticket>),
    NoAnswer(NoAnswer),
    Output(Arc<Output>),
    Raw(RawResponse),
    /// A cassette has it.
    #[cfg(feature = "cassette")]
    Recorded(crate::cassette::Recorded),
    Reply(Arc<Reply>),
    Stream(ReplyStream),
}

impl Answer {
    /// A response that is said as it stands, in place of a vendor's.
    ///
    /// ```
    /// use tower_mock_llm::{Answer, Rule};
    ///
    /// let teapot = http::Response::builder().status(418).body("short and stout").unwrap();
    /// let rule = Rule::always().respond_with(Answer::raw(teapot));
    /// # let _ = rule;
    /// ```
    pub fn raw(response: impl Into<RawResponse>) -> Self {
        response.into().into()
    }

    /// How fast it comes; goes before the layer's pace.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// What goes wrong while it is sent. An [`ApiError`] is whole in one frame.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Says it although it does not fit the schemas of the request: see
    /// [`MockLlmLayer::check_replies`](crate::MockLlmLayer::check_replies).
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// Whether it can be said to such a call: errors and the like to any, the rest only to what it is made for.
    pub(crate) fn answers(&self, operation: Operation) -> bool {
        match &self.say {
            Say::Error(_) | Say::NoAnswer(_) | Say::Raw(_) => true,
            #[cfg(feature = "cassette")]
            Say::Live(_) | Say::Recorded(_) => true,
            Say::Output(output) => output.operation() == operation,
            Say::Reply(_) | Say::Stream(_) => operation == Operation::Chat,
        }
    }

    /// Whether another may be asked in its place: too much is asked of the provider, it has a fault of
    /// its own, or there is no answer.
    #[cfg(feature = "config")]
    pub(crate) fn is_failure(&self) -> bool {
        let failed = |status: http::StatusCode| {
            status == http::StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
        };
        match &self.say {
            Say::Error(error) => match error.status {
                Some(status) => failed(status),
                None => matches!(
                    error.kind,
                    ErrorKind::BadGateway
                        | ErrorKind::Overloaded
                        | ErrorKind::Quota
                        | ErrorKind::RateLimit
                        | ErrorKind::Server
                        | ErrorKind::SlowDown
                        | ErrorKind::Timeout
                ),
            },
            Say::NoAnswer(_) => true,
            Say::Raw(response) => failed(response.status()),
            _ => false,
        }
    }

    pub(crate) fn new(say: Say) -> Self {
        Self { say, pace: None, fault: None, unchecked: false }
    }
}

impl Reply {
    /// An answer that says this although it does not fit the schemas of the request: see
    /// [`MockLlmLayer::check_replies`](crate::MockLlmLayer::check_replies).
    ///
    /// ```
    /// use tower_mock_llm::{Reply, Rule};
    ///
    /// let rule = Rule::always().respond_with(Reply::text("{\"city\": 7}").unchecked());
    /// # let _ = rule;
    /// ```
    #[must_use]
    pub fn unchecked(self) -> Answer {
        Answer::from(self).unchecked()
    }
}

impl From<Arc<Reply>> for Answer {
    fn from(reply: Arc<Reply>) -> Self {
        Self::new(Say::Reply(reply))
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Arc::new(reply).into()
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        Self::new(Say::Error(Box::new(error)))
    }
}

impl From<Arc<Output>> for Answer {
    fn from(output: Arc<Output>) -> Self {
        Self::new(Say::Output(output))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Arc::new(output).into()
    }
}

impl From<Embeddings> for Answer {
    fn from(embeddings: Embeddings) -> Self {
        Output::from(embeddings).into()
    }
}

impl From<Models> for Answer {
    fn from(models: Models) -> Self {
        Output::from(models).into()
    }
}

impl From<TokenCount> for Answer {
    fn from(count: TokenCount) -> Self {
        Output::from(count).into()
    }
}

impl From<RawResponse> for Answer {
    fn from(response: RawResponse) -> Self {
        Self::new(Say::Raw(response))
    }
}

impl From<NoAnswer> for Answer {
    fn from(how: NoAnswer) -> Self {
        Self::new(Say::NoAnswer(how))
    }
}

impl From<ReplyStream> for Answer {
    fn from(stream: ReplyStream) -> Self {
        Self::new(Say::Stream(stream))
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Reply::text(text).into()
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Reply::text(text).into()
    }
}

/// What a closure may return: an answer, or something that is one, or `None` to let the next
/// rule answer; an `Err` may be an [`ApiError`].
pub trait IntoAnswer {
    /// The answer.
    fn into_answer(self) -> Option<Answer>;
}

impl<T: Into<Answer>> IntoAnswer for T {
    fn into_answer(self) -> Option<Answer> {
        Some(self.into())
    }
}

impl<T: Into<Answer>> IntoAnswer for Option<T> {
    fn into_answer(self) -> Option<Answer> {
        self.map(Into::into)
    }
}

impl<T: Into<Answer>> IntoAnswer for Result<T, ApiError> {
    fn into_answer(self) -> Option<Answer> {
        Some(self.map_or_else(Into::into, Into::into))
    }
}
