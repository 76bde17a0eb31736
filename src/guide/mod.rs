//! The guide: longer reads.

/// async-openai, without a socket.
///
// Compiled with the tests of real clients, which have the crate.
#[cfg_attr(not(doctest), doc = include_str!("async_openai.md"))]
pub mod async_openai {}

/// Real traffic, recorded and replayed.
///
// Its examples need the feature.
#[cfg_attr(any(feature = "cassette", not(doctest)), doc = include_str!("cassettes.md"))]
pub mod cassettes {}

/// The config file, key by key.
///
// Its examples need the feature.
#[cfg_attr(any(feature = "config", not(doctest)), doc = include_str!("config.md"))]
pub mod config {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("faults.md")]
pub mod faults {}

#[doc = include_str!("fidelity.md")]
pub mod fidelity {}

#[doc = include_str!("matching.md")]
pub mod matching {}

#[doc = include_str!("scripts.md")]
pub mod scripts {}

/// The server's own side: logs, figures, switches, the dashboard.
///
// Its examples need the feature.
#[cfg_attr(any(feature = "server", not(doctest)), doc = include_str!("server.md"))]
pub mod server {}

/// Running a server: reloads, sessions, limits, browsers, TLS.
///
// Its examples and links need the features.
#[cfg_attr(all(feature = "server", feature = "tls"), doc = include_str!("serving.md"))]
pub mod serving {}

#[doc = include_str!("structured_output.md")]
pub mod structured_output {}

#[doc = include_str!("surfaces.md")]
pub mod surfaces {}

#[doc = include_str!("time.md")]
pub mod time {}

#[doc = include_str!("usage.md")]
pub mod usage {}
