//! The suite that every provider's room must pass: the built-in ones, and yours.
//!
//! [`check`] holds a [`ResponseSynth`] against what the rest of the crate relies on: it claims its
//! own requests and nobody else's, understands them, never panics on bytes from outside, says the
//! same thing twice, streams what it says whole, and has a word for every kind of error. What it
//! cannot know is whether the bytes are your vendor's: compare them with recordings of your own.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use tower_mock_llm::{ApiError, LlmRequest, Reply, ResponseSynth};
//! use tower_mock_llm::conformance::{Samples, check};
//!
//! # fn acme(synth: &dyn ResponseSynth) {
//! let request = |body: &'static str| {
//!     Request::post("https://api.acme.example/v1/chat").body(Bytes::from(body)).unwrap()
//! };
//! let samples = Samples::new(
//!     request(r#"{"model":"acme-1","prompt":"Hello"}"#),
//!     request(r#"{"model":"acme-1","prompt":"Hello","stream":true}"#),
//! );
//! check(synth, &samples).unwrap();
//! # }
//! ```

mod answers;
mod heard;
mod operations;
mod refusals;
mod requests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::Request;

use crate::provider::{Context, Entropy, ResponseSynth};
use crate::reply::Reply;
use crate::request::LlmRequest;

/// Requests that the provider would accept.
#[derive(Clone, Debug)]
pub struct Samples {
    whole: Request<Bytes>,
    stream: Request<Bytes>,
    others: Vec<Request<Bytes>>,
}

impl Samples {
    /// `whole` asks for an answer in one piece, `stream` for a stream; both with the provider's own
    /// host in their URL, and with a key where it wants one.
    pub fn new(whole: Request<Bytes>, stream: Request<Bytes>) -> Self {
        Self { whole, stream, others: Vec::new() }
    }

    /// Adds a request for what is no conversation: embeddings (not as base64), a count of tokens, the
    /// list of models.
    /// Without one a room is not asked for them.
    #[must_use]
    pub fn operation(mut self, request: Request<Bytes>) -> Self {
        self.others.push(request);
        self
    }
}

/// What a room does not do as it should: a line each.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(Vec<String>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rules are not kept:", self.0.len())?;
        self.0.iter().try_for_each(|line| writeln!(f, "- {line}"))
    }
}

/// As [`Display`](fmt::Display): it is what `unwrap` prints.
impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failures {}

/// Checks a room.
///
/// # Errors
///
/// If it does not keep all rules: the message has a line for each that it breaks. Panics of the
/// room are caught and reported.
pub fn check(synth: &dyn ResponseSynth, samples: &Samples) -> Result<(), Failures> {
    let mut suite = Suite { synth, failures: Vec::new() };
    suite.claims(samples);
    for (sample, wants_stream) in [(&samples.whole, false), (&samples.stream, true)] {
        let Some((call, request)) = suite.understands(sample, wants_stream) else { continue };
        suite.survives(sample, &call);
        suite.answers(&request);
        suite.refuses(&request);
    }
    samples.others.iter().for_each(|sample| suite.operates(sample));
    suite.failures.dedup();
    if suite.failures.is_empty() { Ok(()) } else { Err(Failures(suite.failures)) }
}

struct Suite<'a> {
    synth: &'a dyn ResponseSynth,
    failures: Vec<String>,
}

impl Suite<'_> {
    fn expect(&mut self, holds: bool, rule: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(rule());
        }
    }

    /// Runs what must not panic.
    fn calmly<T>(&mut self, doing: &str, run: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(run));
        self.expect(result.is_ok(), || format!("panics while {doing}"));
        result.ok()
    }
}

/// 2026-01-01.
const CREATED: u64 = 1_767_225_600;

fn context_of<'a>(request: &'a LlmRequest, reply: &'a Reply, seed: u64) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: CREATED,
        entropy: Entropy::new(seed),
        levels: None,
        reply,
        chunking: None,
    }
}
