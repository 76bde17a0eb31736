//! Cassettes: real traffic recorded and replayed, through every surface that records.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]
#![cfg(feature = "cassette")]

mod conversation;
#[cfg(feature = "cli")]
mod convert;
mod files;
mod freshness;
mod indexed;
#[cfg(all(feature = "reqwest-middleware-0_4", feature = "reqwest-middleware-0_5"))]
mod library;
mod matching;
mod modes;
#[cfg(all(feature = "reqwest-middleware-0_4", feature = "reqwest-middleware-0_5"))]
mod reqwest_clients;
mod secrets;
#[cfg(any(feature = "age", feature = "object-store"))]
mod stores;
#[cfg(all(feature = "server", feature = "reqwest-0_13"))]
mod through_server;
mod transcode;
mod upstream;
mod wire;
