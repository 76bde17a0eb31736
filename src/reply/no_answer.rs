//! No HTTP answer at all.

use std::fmt;

use http::Response;

use crate::delivery::Player;

/// What a client meets in place of an answer: trouble before the head.
///
/// As the answer of a rule, a [`Hang`](Self::Hang) can be had on every surface. `Closed` and
/// `Reset` need a socket: the [server](crate::MockLlmLayer::serve) and the connector of a
/// `reqwest::Client` have one. `Refused`, `Dns` and `Tls` come before a request is
/// sent, so no rule can decide on them there: see
/// [`MockHandle::fail_connects`](crate::MockHandle::fail_connects). As the answer of a rule they can
/// be had from `reqwest-middleware`. Where a thing cannot be had, the client gets a `400` that says
/// so. The guide has the [table](crate::guide::errors).
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Rule};
/// use tower_mock_llm::reply::NoAnswer;
///
/// let mock = MockLlmLayer::new().rule(Rule::always().respond_with(NoAnswer::Hang).times(1));
/// # let _ = mock;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The connection is closed in good order, before a byte of the answer. Over HTTP/2 the
    /// request's stream is reset.
    Closed,
    /// The host's name is not known.
    Dns,
    /// Nothing ever comes.
    Hang,
    /// Nobody listens there.
    Refused,
    /// The connection is reset. Over HTTP/2 the request's stream is.
    Reset,
    /// The host's certificate is not trusted.
    Tls,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "a closed connection",
            Self::Dns => "an unknown host name",
            Self::Hang => "silence",
            Self::Refused => "a refused connection",
            Self::Reset => "a reset connection",
            Self::Tls => "an untrusted certificate",
        })
    }
}

#[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
impl NoAnswer {
    /// The error that a connector of reqwest fails with, in the operating system's or the
    /// library's words.
    pub(crate) fn to_io(self, host: &str) -> std::io::Error {
        use std::io::{Error, ErrorKind};
        match self {
            Self::Closed => Error::new(
                ErrorKind::UnexpectedEof,
                "tls handshake eof (tower-mock-llm was told to close connections)",
            ),
            Self::Dns => Error::other(format!(
                "dns error: failed to lookup address information for {host}: Name or service not \
                 known (tower-mock-llm was told to)"
            )),
            Self::Hang => Error::new(ErrorKind::TimedOut, "connection timed out"),
            Self::Refused => Error::new(
                ErrorKind::ConnectionRefused,
                format!("tower-mock-llm refuses connections to {host}, as it was told"),
            ),
            Self::Reset => Error::new(
                ErrorKind::ConnectionReset,
                "connection reset by peer (tower-mock-llm was told to)",
            ),
            Self::Tls => Error::new(
                ErrorKind::InvalidData,
                "invalid peer certificate: UnknownIssuer (tower-mock-llm was told to)",
            ),
        }
    }
}

/// An answer that does not come, and what is said where that cannot be.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) how: NoAnswer,
    pub(crate) instead: Response<Player>,
}

impl Lost {
    /// The words for a surface that cannot do it.
    pub(crate) fn words(how: NoAnswer) -> String {
        format!(
            "tower-mock-llm was to answer with {how}, which this surface cannot express: the \
             errors of a tower stack are its inner service's, and a server cannot take back a \
             connection that it has accepted. The guide (`guide::errors`) has a table of what can \
             be had where; `MockHandle::fail_connects` fails the connections of a \
             `reqwest::Client`"
        )
    }
}
