//! What goes wrong, and what clients may not have.

use super::MockLlmLayer;
use crate::fault::Trouble;
use crate::quota::Quota;

/// What goes wrong, and what clients may not have.
impl MockLlmLayer {
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
}
