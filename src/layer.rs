//! The layer: the one place where things are set.

use std::sync::Arc;

use tower_layer::Layer;

use crate::caching::PromptCaching;
use crate::claim::{ApiKeys, Claims, Mode, Unmatched, Validation, is_forbidden};
use crate::counting::Tokenizer;
use crate::error::Error;
use crate::fault::Trouble;
use crate::handle::MockHandle;
use crate::journal::Bound;
use crate::mock::{Mock, Settings, Shared};
use crate::pace::Pace;
use crate::provider::{Provider, ResponseSynth, Room, registry};
use crate::quota::Quota;
use crate::request::LlmRequest;
use crate::respond::{DefaultReply, Match, Respond, Rule};
use crate::service::MockLlm;
use crate::util::tokens::Chunking;

/// Answers the LLM calls that pass through an HTTP client, in place of the providers.
///
/// The crate's documentation shows where it goes. Every setter has a default that works; clones
/// share rules, journal and mode.
///
/// Where it must never answer, set the environment variable `MOCK_LLM_FORBID` (to anything but `0`,
/// `false` or nothing): then a layer that is switched on refuses to start, with a panic, when it is put
/// into a stack, and a handle to switch it on; [`from_env`](Self::from_env), `from_config` and servers
/// return an error.
///
/// ```
/// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
///
/// let layer = MockLlmLayer::new()
///     .seed(7)
///     .rule(Rule::when(last_user().contains("ping")).respond_with("pong"));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct MockLlmLayer {
    mock: Mock,
}

impl MockLlmLayer {
    /// A layer that answers for every built-in provider.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            #[cfg(feature = "cassette")]
            cassette: None,
            #[cfg(feature = "cassette")]
            cassette_mode: None,
            check_replies: true,
            claims: Claims {
                rooms: registry::builtin(),
                providers: None,
                keys: None,
                hosts: None,
                local: Vec::new(),
                owned: Vec::new(),
                everywhere: false,
                unmatched: Unmatched::Refuse,
            },
            chunking: Chunking::default(),
            default: Arc::new(DefaultReply::new(0)),
            fault_header: None,
            #[cfg(feature = "config")]
            fallbacks: None,
            #[cfg(feature = "config")]
            live_models: None,
            journal: Bound { entries: 500, bytes: 64 * 1024 * 1024 },
            lenient: false,
            marked: false,
            max_body: 16 * 1024 * 1024,
            models: Vec::new(),
            own_default: false,
            pace: Pace::INSTANT,
            pace_header: None,
            paces: Vec::new(),
            prompt_caching: None,
            quota: None,
            seed: 0,
            tokenizer: None,
            strict: None,
            troubles: Vec::new(),
            watch: false,
        };
        let mock = Mock {
            settings: Arc::new(settings),
            shared: Arc::new(Shared::default()),
            #[cfg(feature = "cassette")]
            records: false,
        };
        Self { mock }
    }

    /// A layer that the environment variable `MOCK_LLM` switches: `mock` on, `off` or unset off. With
    /// the feature `cassette`, `replay`, `record_missing`, `record_all`, `refresh` and `verify` switch it on
    /// too, and say what its cassette does.
    ///
    /// # Errors
    ///
    /// If the variable has any other value, or `MOCK_LLM_FORBID` forbids what it says.
    pub fn from_env() -> Result<Self, Error> {
        let value = std::env::var_os("MOCK_LLM");
        let value = value.as_deref().map_or("off".into(), std::ffi::OsStr::to_string_lossy);
        #[cfg(feature = "cassette")]
        let cassette_mode = crate::cassette::RecordMode::parse(&value);
        #[cfg(feature = "cassette")]
        let mode = cassette_mode.map_or_else(|| Mode::parse(&value), |_| Ok(Mode::Mock))?;
        #[cfg(not(feature = "cassette"))]
        let mode = Mode::parse(&value)?;
        if mode == Mode::Mock && is_forbidden() {
            let why = format!("MOCK_LLM is `{value}`, but MOCK_LLM_FORBID forbids to mock");
            return Err(Error::config(why));
        }
        let layer = Self::new().enabled(mode == Mode::Mock);
        #[cfg(feature = "cassette")]
        let layer = layer.with(|settings| settings.cassette_mode = cassette_mode);
        Ok(layer)
    }

    /// Switches the mock on (the default) or off: the types are the same either way.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        // Whether that is forbidden is asked when it starts.
        self.mock.set_mode(if enabled { Mode::Mock } else { Mode::Off });
        self
    }

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
    /// the place and what was expected there; [`MockHandle::check`] tells it too.
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
    /// What it refused is told by [`MockHandle::check`] too.
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

    /// The engine, for a stack that can record.
    #[cfg(any(
        feature = "cassette",
        feature = "reqwest-middleware-0_4",
        feature = "reqwest-middleware-0_5"
    ))]
    pub(crate) fn recorder(&self) -> Mock {
        Mock {
            #[cfg(feature = "cassette")]
            records: true,
            ..self.mock.clone()
        }
    }

    /// Refuses what no rule answers, in place of any default reply: with `400`, which clients do not
    /// try again, in the provider's envelope. The message names the nearest rule, and what failed on
    /// what value; [`MockHandle::check`] tells it too.
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
    /// [`MockHandle::hidden`] lists them.
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
        self.strict_with(http::StatusCode::BAD_REQUEST)
    }

    /// As [`strict`](Self::strict), with this status.
    ///
    /// # Panics
    ///
    /// As [`strict`](Self::strict).
    #[must_use]
    #[track_caller]
    pub fn strict_with(self, status: http::StatusCode) -> Self {
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

    /// How strictly requests are judged. The default is [`Validation::Strict`].
    #[must_use]
    pub fn validation(self, validation: Validation) -> Self {
        self.with(|settings| settings.lenient = validation == Validation::Lenient)
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

    /// How fast answers come that have no pace of their own. The default is at once.
    #[must_use]
    pub fn pace(self, pace: Pace) -> Self {
        self.with(|settings| settings.pace = pace)
    }

    /// How fast answers come to requests that meet `condition`: by provider, by model, by key, by what
    /// they say. The first one given that fits is taken; an answer's own pace goes before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::{MockLlmLayer, Pace, Provider, model, provider};
    ///
    /// let layer = MockLlmLayer::new()
    ///     .pace_when(model("*-mini"), Pace::tokens_per_second(120.0))
    ///     .pace_when(provider(Provider::ANTHROPIC), Pace::tokens_per_second(60.0))
    ///     .pace(Pace::tokens_per_second(80.0));
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn pace_when(self, condition: impl Match, pace: Pace) -> Self {
        self.pace_fn(move |request| condition.matches(request).then(|| pace.clone()))
    }

    /// How fast answers come, told from the request; `None` leaves it to the next. It takes its turn
    /// among the [`pace_when`](Self::pace_when)s.
    ///
    /// ```
    /// use tower_mock_llm::{MockLlmLayer, Pace};
    ///
    /// let layer = MockLlmLayer::new().pace_fn(|request| Pace::of_model(&request.model));
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn pace_fn(
        self,
        pace: impl Fn(&LlmRequest) -> Option<Pace> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.paces.push(Arc::new(pace)))
    }

    /// Whether a request may ask for its own pace, in the header `x-mock-llm-pace`: `instant`, or
    /// `first=300ms; gap=20ms`, or all else that a [`Pace`] is parsed from. It goes before every other
    /// pace; one that cannot be read is refused with `400` in the provider's envelope. The default is
    /// yes for a server and for the connector, and no elsewhere.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
    /// use http_body_util::Full;
    /// use tower::ServiceExt;
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let layer = MockLlmLayer::new().pace_header(true);
    /// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
    ///     .header("authorization", "Bearer any")
    ///     .header("x-mock-llm-pace", "first=30s")
    ///     .body(Full::<bytes::Bytes>::from(
    ///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#,
    ///     ))?;
    /// let start = tokio::time::Instant::now();
    /// layer.into_service().oneshot(request).await?;
    /// assert_eq!(start.elapsed().as_secs(), 30); // on tokio's clock, which is paused here
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pace_header(self, allowed: bool) -> Self {
        self.with(|settings| settings.pace_header = Some(allowed))
    }

    /// Adds trouble that happens by itself, after what was added before. The default is none.
    #[must_use]
    pub fn trouble(self, trouble: Trouble) -> Self {
        self.with(|settings| settings.troubles.push(trouble))
    }

    /// Whether a request may ask for its own fault, with the header `x-mock-llm-fault`:
    /// `abort_after=3`, `error_after=2,overloaded`, `adversary`, `error=rate_limit; attempt=1` and so
    /// on, after the functions of [`Fault`](crate::Fault). What is none of these gets a `400` that names
    /// them all. It goes before the layer's own [trouble](Self::trouble).
    ///
    /// The default is no in process, and yes for a [server](Self::serve), whose clients are often
    /// programs that know nothing of rules, and for the [connector](Self::connector), which has one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
    /// use http_body_util::Full;
    /// use tower::ServiceExt;
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let layer = MockLlmLayer::new().fault_header(true);
    /// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
    ///     .header("authorization", "Bearer any")
    ///     .header("x-mock-llm-fault", "error=rate_limit")
    ///     .body(Full::<bytes::Bytes>::from(
    ///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}"#,
    ///     ))?;
    /// assert_eq!(layer.into_service().oneshot(request).await?.status(), 429);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fault_header(self, allowed: bool) -> Self {
        self.with(|settings| settings.fault_header = Some(allowed))
    }

    /// How much clients may have: [limits](Quota) that are counted and refilled, with the vendors'
    /// headers and errors. The default is no limit.
    #[must_use]
    pub fn quota(self, quota: Quota) -> Self {
        self.with(|settings| settings.quota = Some(quota))
    }

    /// Keeps times and outcomes of all attempts for [`MockHandle::verdict`]. Without it no clock is
    /// read. The verdict is on what the [journal](Self::journal) still has.
    #[must_use]
    pub fn watch_client(self) -> Self {
        self.with(|settings| settings.watch = true)
    }

    /// Claims only requests to these providers; the others go to the inner service.
    #[must_use]
    pub fn providers(self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.with(|settings| settings.claims.providers = Some(providers.into_iter().collect()))
    }

    /// Claims only requests with these API keys; the others go to the inner service.
    ///
    /// The connector decides for a whole connection, before it can see a key: use the other
    /// surfaces for this.
    #[must_use]
    pub fn api_keys(self, keys: ApiKeys) -> Self {
        self.with(|settings| settings.claims.keys = Some(keys))
    }

    /// Claims requests by their API key, as this table says at the time. In [`Mode::Off`] none is
    /// claimed.
    ///
    /// # Panics
    ///
    /// If the layer, or a clone of it, has such a table already, or was given a key's mode by its handle.
    ///
    /// The connector decides for a whole connection, before it can see a key: use the other surfaces
    /// for this.
    #[cfg(feature = "config")]
    #[must_use]
    #[track_caller]
    pub fn key_modes(self, keys: crate::KeyModes) -> Self {
        let set = self.mock.shared.keys.set(keys);
        assert!(set.is_ok(), "the layer has modes of keys already");
        self
    }

    /// The mocks that stand in for others.
    #[cfg(feature = "config")]
    pub(crate) fn fallbacks(self, fallbacks: crate::config::Fallbacks) -> Self {
        self.with(|settings| settings.fallbacks = Some(Arc::new(fallbacks)))
    }

    /// The models that go live while others are mocked, in stacks that can pass on what they have read.
    #[cfg(feature = "config")]
    pub(crate) fn live_models(self, models: crate::config::LiveModels) -> Self {
        self.with(|settings| settings.live_models = Some(models))
    }

    /// Treats this host as one of this provider's own: what goes there is answered or refused.
    #[cfg(feature = "config")]
    pub(crate) fn vendor_host(self, host: String, provider: Provider) -> Self {
        self.with(|settings| settings.claims.owned.push((host, provider)))
    }

    /// Claims only requests to these hosts (without port); the others go to the inner service.
    #[must_use]
    pub fn hosts(self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let hosts = hosts.into_iter().map(Into::into).collect();
        self.with(|settings| settings.claims.hosts = Some(hosts))
    }

    /// Claims requests to this host by their path, as it does for this machine: for a gateway, or
    /// a provider's API at an address of your own.
    #[must_use]
    pub fn local_host(self, host: impl Into<String>) -> Self {
        let host = host.into();
        self.with(|settings| settings.claims.local.push(host))
    }

    /// What becomes of a request to a provider's host that no endpoint here answers. The default
    /// is [`Unmatched::Refuse`].
    #[must_use]
    pub fn unmatched(self, unmatched: Unmatched) -> Self {
        self.with(|settings| settings.claims.unmatched = unmatched)
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
    /// was asked before; [`MockHandle::reset`] empties the caches.
    #[must_use]
    pub fn prompt_caching(self, caching: PromptCaching) -> Self {
        self.with(|settings| settings.prompt_caching = Some(caching))
    }

    /// The largest request body in bytes; a larger one gets the vendor's `413`. The default is
    /// 16 MiB.
    #[must_use]
    pub fn max_request_body(self, bytes: usize) -> Self {
        self.with(|settings| settings.max_body = bytes)
    }

    /// How much is remembered for [`MockHandle::received`]: as many requests, and as many bytes
    /// of their bodies, whichever is reached first. The default is 500 and 64 MiB; 0 remembers
    /// nothing.
    #[must_use]
    pub fn journal(self, requests: usize, bytes: usize) -> Self {
        self.with(|settings| settings.journal = Bound { entries: requests, bytes })
    }

    /// Adds a provider of your own. It is asked before the built-in ones.
    #[must_use]
    pub fn synth(self, synth: impl ResponseSynth) -> Self {
        let room: Room = Arc::new(synth);
        self.mock.shared.rules.know(Arc::clone(&room));
        self.with(|settings| settings.claims.rooms.insert(0, room))
    }

    /// The handle of this layer and of all its services.
    pub fn handle(&self) -> MockHandle {
        MockHandle::new(Arc::clone(&self.mock.shared))
    }

    /// A service that answers what it can and refuses the rest: a whole stack of its own, for
    /// tests and routers.
    pub fn into_service(self) -> MockLlm<crate::service::Reject> {
        self.layer(crate::service::Reject::new())
    }

    #[cfg(feature = "server")]
    pub(crate) fn mock(&self) -> &Mock {
        &self.mock
    }

    /// Claims every host by path: what a server does that stands for all of them.
    #[cfg(feature = "server")]
    pub(crate) fn everywhere(self) -> Self {
        self.with(|settings| {
            settings.claims.everywhere = true;
            settings.pace_header.get_or_insert(true);
            settings.fault_header.get_or_insert(true);
            // A server is called by its own address, which is none of them.
            settings.claims.hosts = None;
        })
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.mock.settings));
        self
    }
}

impl Default for MockLlmLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for MockLlmLayer {
    type Service = MockLlm<S>;

    /// # Panics
    ///
    /// If the mock is on where `MOCK_LLM_FORBID` forbids it.
    #[track_caller]
    fn layer(&self, inner: S) -> MockLlm<S> {
        self.mock.refuse_forbidden();
        MockLlm::new(inner, self.mock.clone())
    }
}
