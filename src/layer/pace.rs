//! How fast answers come.

use std::sync::Arc;

use super::MockLlmLayer;
use crate::pace::Pace;
use crate::request::LlmRequest;
use crate::respond::Match;

/// How fast answers come.
impl MockLlmLayer {
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
}
