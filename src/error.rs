//! The crate's own errors.

use std::fmt;

/// Anything that can be an error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong with the mock itself: not the errors that it plays.
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    /// A cassette cannot be read.
    #[cfg(feature = "cassette")]
    Cassette(String),
    /// A setting that was read from outside makes no sense.
    Config(String),
    /// A file, or the server's port, could not be had.
    #[cfg_attr(
        not(any(feature = "cassette", feature = "server")),
        expect(dead_code, reason = "only servers bind, only cassettes are files")
    )]
    Io(String, std::io::Error),
    /// Expectations were not met.
    Unmet(String),
}

impl Error {
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self(Kind::Config(message.into()))
    }

    #[cfg(feature = "cassette")]
    pub(crate) fn cassette(message: impl Into<String>) -> Self {
        Self(Kind::Cassette(message.into()))
    }

    #[cfg(any(feature = "cassette", feature = "server"))]
    pub(crate) fn io(doing: impl Into<String>, error: std::io::Error) -> Self {
        Self(Kind::Io(doing.into(), error))
    }

    pub(crate) fn unmet(message: String) -> Self {
        Self(Kind::Unmet(message))
    }

    /// Whether a cassette is none: the message says in which line.
    #[cfg(feature = "cassette")]
    pub fn is_cassette(&self) -> bool {
        matches!(self.0, Kind::Cassette(_))
    }

    /// Whether a setting from outside (an environment variable, a config file) makes no sense.
    pub fn is_config(&self) -> bool {
        matches!(self.0, Kind::Config(_))
    }

    /// Whether the operating system refused something (a port, a thread, a file).
    pub fn is_io(&self) -> bool {
        matches!(self.0, Kind::Io(..))
    }

    /// Whether an expectation was not met.
    pub fn is_unmet(&self) -> bool {
        matches!(self.0, Kind::Unmet(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "cassette")]
            Kind::Cassette(message) => f.write_str(message),
            Kind::Config(message) | Kind::Unmet(message) => f.write_str(message),
            Kind::Io(doing, error) => write!(f, "cannot {doing}: {error}"),
        }
    }
}

/// As [`Display`](fmt::Display): it is what `unwrap` prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Io(_, error) => Some(error),
            _ => None,
        }
    }
}
