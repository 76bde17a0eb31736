//! A tower layer that answers LLM API calls in process, in place of the provider.
//!
//! [`MockLlmLayer`] wraps any HTTP client stack, claims the requests that go to OpenAI, Anthropic
//! or Gemini, and answers as they would: JSON or a stream of tokens, with the vendor's headers,
//! ids and errors, byte for byte as recorded. Nothing else in the app changes.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use tower::ServiceExt;
//! use tower_mock_llm::{MockLlmLayer, Rule, last_user};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_mock_llm::BoxError> {
//! let mock = MockLlmLayer::new()
//!     .rule(Rule::when(last_user().contains("weather")).respond_with("Sunny."));
//! let handle = mock.handle();
//!
//! // `.layer(..)` over a client of yours; this service has nothing behind it.
//! let request = http::Request::post("https://api.anthropic.com/v1/messages")
//!     .header("x-api-key", "any")
//!     .header("anthropic-version", "2023-06-01")
//!     .body(Full::<Bytes>::from(
//!         r#"{"model": "claude-sonnet-4-5", "max_tokens": 100,
//!             "messages": [{"role": "user", "content": "How is the weather?"}]}"#,
//!     ))?;
//! let response = mock.into_service().oneshot(request).await?;
//! let body = response.into_body().collect().await?.to_bytes();
//! assert!(body.starts_with(br#"{"model":"claude-sonnet-4-5-20250929","id":"msg_01"#));
//! assert_eq!(handle.received()[0].request().unwrap().last_user(), "How is the weather?");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go on
//!
//! * Where it goes: [`guide::surfaces`], with a program for each kind of client.
//! * How near it comes to the vendors' own: [`guide::fidelity`].
//! * What it says: [`Rule`], [`Reply`], [`ApiError`], [`ReplyStream`], [`RawResponse`](reply::RawResponse); without a rule,
//!   [`respond::DefaultReply`].
//! * Which rule answers: [`guide::matching`]; agents, turn by turn: [`guide::scripts`].
//! * JSON in a demanded form, right and nearly right: [`guide::structured_output`].
//! * Real traffic, recorded and replayed: [`guide::cassettes`] (feature `cassette`).
//! * A server: [`guide::serving`].
//! * Tokens, prompt caches, embeddings: [`guide::usage`].
//! * What it was asked: [`MockHandle`], [`LlmRequest`].
//! * How it is switched: [`MockLlmLayer::enabled`], [`MockLlmLayer::from_env`], [`Mode`],
//!   [`ApiKeys`], [`Unmatched`]; by one file: [`guide::config`].
//! * What its server did, on a page and for Prometheus: [`guide::server`].
//! * Time: [`Pace`], [`guide::time`]; trouble: [`Fault`], [`fault::sweep`], [`guide::faults`]; errors
//!   by vendor and surface, [`Quota`]: [`guide::errors`].
//! * What became of an answer: [`Received::delivery`]; what the client made of it all:
//!   [`MockHandle::verdict`].
//! * A provider of your own: [`ResponseSynth`], [`conformance`].
//!
//! # What it promises
//!
//! * **Nothing leaves unasked.** A request to a provider's host is answered here or refused; see
//!   [`Unmatched`]. Requests to other hosts pass untouched.
//! * **The same request gets the same bytes** under the same [`seed`](MockLlmLayer::seed): ids,
//!   times, texts, token counts and padding follow from the two, and from nothing else.
//! * **No panic on bytes from outside.** What a vendor would refuse is refused in its words.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `reqwest-0_13`, `reqwest-0_12` | [`MockLlmLayer::connector`], and tower stacks over that reqwest |
//! | `reqwest-middleware-0_5`, `reqwest-middleware-0_4` | `MockLlmLayer` as a middleware |
//! | `cassette` | [`cassette::Cassette`]: real traffic, recorded and replayed |
//! | `object-store` | `cassette::Objects`: cassettes in S3, Google Cloud Storage, Azure |
//! | `age` | `cassette::Encrypted`: cassettes that only who has the key can read |
//! | `pseudonyms` | [`cassette::Cassette::pseudonyms`]: names in place of secrets |
//! | `server` | [`MockServer`] |
//! | `config` | [`MockLlmLayer::from_config`]: one file that says what is mocked; [`KeyModes`] |
//! | `cli` | the command `mock-llm` |
//! | `jsonpath` | [`respond::json_path`] |
//! | `regex` | [`Field::matches`](respond::Field::matches) |
//! | `templates` | [`respond::Template`] |
//! | `tls` | [`Tls`], by which a server speaks HTTPS |
//! | `upstream` | [`Upstream`], by which a server passes on what is live |
//! | `tiktoken` | [`Tiktoken`], which counts tokens as OpenAI's models do |
//! | `conformance` | [`conformance::check`] |
//!
//! None is on by default: the default build has no HTTP client and no server.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// The modules stand in the order of the line that a request walks.
mod future;
mod layer;
mod service;

mod caching;
mod claim;
mod connects;
mod counting;
mod mock;

mod embed;
pub mod fault;
mod pace;
pub mod provider;
pub mod quota;
pub mod reply;
pub mod request;
pub mod respond;
mod schema;
pub mod wire;

mod body;
mod delivery;
mod hold;
mod play;

#[cfg(feature = "server")]
mod admin;
#[cfg(feature = "cassette")]
pub mod cassette;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
pub mod client;
#[cfg(feature = "config")]
pub mod config;
#[cfg(any(feature = "conformance", test))]
pub mod conformance;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "tiktoken")]
mod tiktoken;
#[cfg(feature = "server")]
mod upstream;

mod error;
pub mod guide;
mod handle;
mod journal;
#[cfg(feature = "config")]
mod keys;
mod util;
pub mod verdict;

pub use self::body::MockBody;
pub use self::caching::PromptCaching;
pub use self::claim::{ApiKeys, Mode, Unmatched, Validation};
pub use self::counting::Tokenizer;
pub use self::delivery::{Delivery, Ended};
pub use self::error::{BoxError, Error};
pub use self::fault::Fault;
pub use self::future::ResponseFuture;
pub use self::handle::MockHandle;
pub use self::journal::Received;
#[cfg(feature = "config")]
pub use self::keys::KeyModes;
pub use self::layer::MockLlmLayer;
pub use self::pace::{Distribution, Pace};
#[doc(inline)]
pub use self::provider::{Provider, ResponseSynth};
#[doc(inline)]
pub use self::quota::Quota;
#[doc(inline)]
pub use self::reply::{
    Answer, ApiError, Citation, Delta, Embeddings, Finish, Models, Part, Reply, ReplyStream,
    SafetyRating, ServerTool, TokenCount, ToolCall, ToolDeltas, Usage,
};
#[doc(inline)]
pub use self::request::{LlmRequest, Message, Role};
#[doc(inline)]
pub use self::respond::{
    Match, Respond, Rule, Script, Times, any_message, api_key, first_user, header, last_assistant,
    last_user, model, provider, streaming, system, tool_offered, tool_result, tool_result_of, turn,
};
#[cfg(feature = "tls")]
pub use self::server::Tls;
#[cfg(feature = "server")]
pub use self::server::{MockServer, MockServerBuilder};
pub use self::service::{MockLlm, Reject};
#[cfg(feature = "tiktoken")]
pub use self::tiktoken::Tiktoken;
#[cfg(feature = "server")]
pub use self::upstream::UpstreamBody;
#[cfg(feature = "upstream")]
pub use self::upstream::{Upstream, UpstreamResponse};
pub use self::util::tokens::Chunking;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
