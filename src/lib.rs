//! A tower layer that answers LLM API calls in process.

// The modules stand in the order of the line that a request walks.
mod future;
mod layer;
mod service;

mod claim;
mod mock;

mod fault;
mod pace;
pub mod provider;
pub mod reply;
pub mod request;
pub mod respond;
pub mod wire;

mod body;
mod play;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
pub mod client;
#[cfg(any(feature = "conformance", test))]
pub mod conformance;
#[cfg(feature = "server")]
mod server;

mod error;
mod handle;
mod journal;
mod util;

pub use self::body::MockBody;
pub use self::claim::{ApiKeys, Unmatched};
pub use self::error::{BoxError, Error};
pub use self::fault::Fault;
pub use self::future::ResponseFuture;
pub use self::handle::{MockHandle, Mode};
pub use self::journal::Received;
pub use self::layer::MockLlmLayer;
pub use self::pace::Pace;
#[doc(inline)]
pub use self::provider::{Provider, ResponseSynth};
#[doc(inline)]
pub use self::reply::{Answer, ApiError, Delta, Finish, Part, Reply, ReplyStream, ToolCall, Usage};
#[doc(inline)]
pub use self::request::{LlmRequest, Message, Role};
#[doc(inline)]
pub use self::respond::{
    Match, Respond, Rule, Times, any_message, api_key, header, last_user, model, provider,
    streaming, system, tool_offered, tool_result, turn,
};
#[cfg(feature = "server")]
pub use self::server::{MockServer, MockServerBuilder};
pub use self::service::{MockLlm, Reject};
pub use self::util::tokens::Chunking;
