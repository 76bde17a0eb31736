//! Ways into HTTP clients that are not stacks of `http` requests.
//!
//! | the app has | it adds | feature |
//! |---|---|---|
//! | a `reqwest::ClientBuilder` | `.connector_layer(mock.connector())`: [`ConnectorLayer`] | `reqwest-0_12`, `reqwest-0_13` |
//! | a tower stack over `reqwest::Client` | `.layer(mock)`: [`ReqwestFuture`] | `reqwest-0_12`, `reqwest-0_13` |
//! | a `reqwest_middleware::ClientBuilder` | `.with(mock)` | `reqwest-middleware-0_4`, `reqwest-middleware-0_5` |
//!
//! The connector sees what is sent, with all that the client adds; the app's own timeouts,
//! redirects and retries are in force, and the URL stays what it is. The other two are quicker
//! and have no socket, but stand above the client: they do not see its default headers, and its
//! timeouts do not end their answers.

mod connector;
mod dialer;
mod donor;
#[cfg(feature = "cassette")]
mod live;
#[cfg(feature = "cassette")]
mod recording;
mod reqwest;
#[cfg(any(feature = "reqwest-middleware-0_4", feature = "reqwest-middleware-0_5"))]
mod reqwest_middleware;
#[cfg(any(feature = "reqwest-middleware-0_4", feature = "reqwest-middleware-0_5"))]
mod unreachable;

use std::pin::Pin;

pub use self::connector::{Connector, ConnectorLayer};
pub use self::reqwest::ReqwestFuture;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
