//! What is answered.

use std::sync::Arc;

use http::StatusCode;

use super::MockLlmLayer;
use crate::caching::PromptCaching;
use crate::counting::Tokenizer;
use crate::respond::{DefaultReply, Respond, Rule};
use crate::util::tokens::Chunking;

/// What is answered.
impl MockLlmLayer {
    /// Adds a rule after those given before.
    ///
    /// # Panics
    ///
    /// If no provider that the rule is for has words for what it says: give it a condition on one
    /// that has, or leave the part out. In [strict](Self::strict) mode, if the rule can never answer.
    ///
    /// ```should_panic
    /// use tower_mock_llm::{MockLlmLayer, Provider, Reply, Rule, provider};
    ///
    /// // "no provider can say what rule #1 says, when ...: anthropic cannot say an image: ..."
    /// let picture = Reply::empty().image("image/png", &b"\x89PNG"[..]);
    /// let _ = MockLlmLayer::new()
    ///     .rule(Rule::when(provider(Provider::ANTHROPIC)).respond_with(picture));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rule(self, rule: Rule) -> Self {
        self.mock.shared.rules.mount(rule);
        self
    }

    /// Says this when no rule matches, in place of [`DefaultReply`].
    #[must_use]
    pub fn default_reply(self, respond: impl Respond) -> Self {
        self.with(|settings| {
            settings.default = Arc::new(respond);
            settings.own_default = true;
        })
    }

    /// Whether replies are held against the schemas of the request: the default is yes.
    ///
    /// A rule's text where `response_format` demands a JSON Schema, and its tool calls where the
    /// tools have one, must fit them, as a vendor's model under structured outputs does; no call may
    /// be of a tool that is not offered; one turn has one call where the client forbids more
    /// (`parallel_tool_calls`). A reply that does not fit is refused with `400` (or the status of
    /// [`strict_with`](Self::strict_with)) in the provider's envelope. The message names the rule,
    /// the place and what was expected there; [`MockHandle::check`](crate::MockHandle::check) tells it too.
    ///
    /// Not held against them: refusals, replies that the client's limits cut short or that have a
    /// reason to stop other than the natural end, a [`ReplyStream`](crate::ReplyStream), what is
    /// [`unchecked`](crate::Reply::unchecked), and keywords on which JSON Schema's drafts or
    /// validators differ (`format`, `$dynamicRef`, `unevaluatedProperties`).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
    /// use http_body_util::Full;
    /// use tower::ServiceExt;
    /// use tower_mock_llm::{MockLlmLayer, Rule};
    ///
    /// let layer = MockLlmLayer::new()
    ///     .rule(Rule::always().respond_with(r#"{"age": "thirty"}"#).named("age"));
    /// let handle = layer.handle();
    /// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
    ///     .header("authorization", "Bearer any")
    ///     .body(Full::<bytes::Bytes>::from(
    ///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "How old?"}],
    ///             "response_format": {"type": "json_schema", "json_schema": {"name": "person",
    ///                 "schema": {"type": "object", "properties": {"age": {"type": "integer"}}}}}}"#,
    ///     ))?;
    /// let response = layer.into_service().oneshot(request).await?;
    /// assert_eq!(response.status(), 400);
    /// let why = handle.check().unwrap_err().to_string();
    /// assert!(why.starts_with("rule `age` has an answer that does not fit the request"), "{why}");
    /// assert!(why.contains(r#"at "/age": expected an integer, but it is "thirty""#), "{why}");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn check_replies(self, check: bool) -> Self {
        self.with(|settings| settings.check_replies = check)
    }

    /// Answers what no rule answers from this cassette; what it does not have is recorded or refused, as
    /// its [mode](crate::cassette::RecordMode) says. To record takes
    /// [`recording`](Self::recording), reqwest-middleware, a connector, or a server with an upstream: see
    /// [`guide::cassettes`](crate::guide::cassettes).
    ///
    /// What it refused is told by [`MockHandle::check`](crate::MockHandle::check) too.
    #[cfg(feature = "cassette")]
    #[must_use]
    pub fn cassette(self, cassette: crate::cassette::Cassette) -> Self {
        let shared = &self.mock.shared.cassette;
        *shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(cassette.clone());
        self.with(|settings| {
            if let Some(mode) = settings.cassette_mode {
                cassette.set_mode_of_all(mode);
            }
            settings.cassette = Some(cassette);
        })
    }

    /// Refuses what no rule answers, in place of any default reply: with `400`, which clients do not
    /// try again, in the provider's envelope. The message names the nearest rule, and what failed on
    /// what value; [`MockHandle::check`](crate::MockHandle::check) tells it too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
    /// use http_body_util::{BodyExt, Full};
    /// use tower::ServiceExt;
    /// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
    ///
    /// let layer = MockLlmLayer::new()
    ///     .rule(Rule::when(last_user().contains("ping")).respond_with("pong"))
    ///     .strict();
    /// let handle = layer.handle();
    /// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
    ///     .header("authorization", "Bearer any")
    ///     .body(Full::<bytes::Bytes>::from(
    ///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "pong"}]}"#,
    ///     ))?;
    /// let response = layer.into_service().oneshot(request).await?;
    /// assert_eq!(response.status(), 400);
    /// let why = r#"failed: the last user message contains "ping", but it is "pong""#;
    /// assert!(handle.check().unwrap_err().to_string().contains(why));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If a rule can never answer, because one before it always answers all that it would: rules
    /// given before, then or later, by whichever clone of the layer. Without strict mode
    /// [`MockHandle::hidden`](crate::MockHandle::hidden) lists them.
    ///
    /// ```should_panic
    /// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
    ///
    /// // "rule #2 never answers: rule #1 before it answers all that it would; ..."
    /// let layer = MockLlmLayer::new()
    ///     .strict()
    ///     .rule(Rule::always().respond_with("anything"))
    ///     .rule(Rule::when(last_user().contains("hello")).respond_with("hi"));
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strict(self) -> Self {
        self.strict_with(StatusCode::BAD_REQUEST)
    }

    /// As [`strict`](Self::strict), with this status.
    ///
    /// # Panics
    ///
    /// As [`strict`](Self::strict).
    #[must_use]
    #[track_caller]
    pub fn strict_with(self, status: StatusCode) -> Self {
        self.mock.shared.rules.refuse_hidden();
        self.with(|settings| settings.strict = Some(status))
    }

    /// The seed of everything that is made up: ids, times, texts, padding. The default is 0.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.with(|settings| {
            settings.seed = seed;
            if !settings.own_default {
                settings.default = Arc::new(DefaultReply::new(seed));
            }
        })
    }

    /// Whether every answer of the mock has the header `x-mock-llm: true`, by which it is told from a
    /// provider's. The default is no, so that answers are exact; a
    /// config file's is yes.
    #[must_use]
    pub fn response_header(self, marked: bool) -> Self {
        self.with(|settings| settings.marked = marked)
    }

    /// How streamed texts are cut. The default is by token.
    #[must_use]
    pub fn chunking(self, chunking: Chunking) -> Self {
        self.with(|settings| settings.chunking = chunking)
    }

    /// Counts tokens with this, for the models that it knows, in place of the mock's estimate: the
    /// usage of answers, the limit of `max_tokens`, the endpoints that count. Streams are cut as
    /// before. The default is the estimate; see [`guide::usage`](crate::guide::usage).
    #[must_use]
    pub fn tokenizer(self, tokenizer: impl Tokenizer) -> Self {
        self.with(|settings| settings.tokenizer = Some(Arc::new(tokenizer)))
    }

    /// Adds models to those that are listed to clients that ask which there are (`GET /v1/models` and
    /// the like), for every provider. Which models are answered for does not change by it: all are.
    /// The default is none beside the vendor's own; see [`Models`](crate::Models).
    ///
    /// ```
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let layer = MockLlmLayer::new().models(["our-model", "ft:gpt-4o:ours"]);
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn models<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.with(|settings| settings.models.extend(names.into_iter().map(Into::into)))
    }

    /// Plays the vendors' prompt caches: usage reports as cached what a prompt has in common with
    /// earlier ones. Off by default, since it is the one thing that makes an answer depend on what
    /// was asked before; [`MockHandle::reset`](crate::MockHandle::reset) empties the caches.
    #[must_use]
    pub fn prompt_caching(self, caching: PromptCaching) -> Self {
        self.with(|settings| settings.prompt_caching = Some(caching))
    }
}
