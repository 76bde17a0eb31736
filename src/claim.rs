//! Which requests are claimed, decided on the head.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::provider::{Call, Provider, Room};
use crate::request::{Head, is_local, is_same_host};

/// Whether the mock answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Claimed requests are answered.
    #[default]
    Mock,
    /// Everything goes to the inner service, untouched.
    Off,
}

impl Mode {
    pub(crate) fn from_u8(mode: u8) -> Self {
        if mode == Self::Off as u8 { Self::Off } else { Self::Mock }
    }

    /// Reads `off` or `mock`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "mock" => Ok(Self::Mock),
            "off" => Ok(Self::Off),
            _ => {
                let also = match cfg!(feature = "cassette") {
                    true => ", or `replay`, `record_missing`, `record_all`, `refresh` or `verify`",
                    false => "",
                };
                let must = format!("MOCK_LLM is {text:?}; it must be `off` or `mock`{also}");
                Err(Error::config(must))
            }
        }
    }
}

/// What becomes of a request to a provider's host that no endpoint here answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unmatched {
    /// It goes to the inner service, and so perhaps to the provider.
    Forward,
    /// It is refused, with an error that says what was asked and what to do. The default.
    #[default]
    Refuse,
}

/// Whether the environment variable `MOCK_LLM_FORBID` forbids to mock: it is set, and neither empty nor
/// `0` nor `false`.
pub(crate) fn is_forbidden() -> bool {
    std::env::var_os("MOCK_LLM_FORBID")
        .is_some_and(|value| !matches!(value.to_str(), Some("" | "0" | "false")))
}

/// For what switches the mock on.
#[track_caller]
pub(crate) fn panic_if_forbidden() {
    assert!(
        !is_forbidden(),
        "MOCK_LLM_FORBID forbids to mock LLM calls in this environment, but a `MockLlmLayer` is \
         switched on: switch it off with `.enabled(false)`, or unset the variable"
    );
}

/// How strictly requests are judged.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
/// use http_body_util::Full;
/// use tower::ServiceExt;
/// use tower_mock_llm::{MockLlmLayer, Validation};
///
/// let service = MockLlmLayer::new().validation(Validation::Lenient).into_service();
/// // No key, no `anthropic-version`, no `max_tokens`.
/// let request = http::Request::post("https://api.anthropic.com/v1/messages")
///     .body(Full::<bytes::Bytes>::from(
///         r#"{"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}]}"#,
///     ))?;
/// assert_eq!(service.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validation {
    /// What the vendor would refuse is refused, in its words. The default.
    #[default]
    Strict,
    /// A request needs no API key, no `anthropic-version` and no `max_tokens`; fields that the vendor
    /// does not know are passed over, and so is what it refuses of one model and takes of
    /// another; numbers, `true` and `false` may come as texts. What cannot be understood, and values
    /// that no model takes, are refused as ever.
    Lenient,
}

/// Which API keys are claimed; the others go to the inner service.
///
/// ```
/// use tower_mock_llm::{ApiKeys, MockLlmLayer};
///
/// let layer = MockLlmLayer::new().api_keys(ApiKeys::prefix("sk-test-"));
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct ApiKeys(Arc<Predicate>);

type Predicate = dyn Fn(Option<&str>) -> bool + Send + Sync;

impl ApiKeys {
    /// Keys that begin so. A request without a key is not claimed.
    #[must_use]
    pub fn prefix(prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self::predicate(move |key| key.is_some_and(|key| key.starts_with(&prefix)))
    }

    /// Keys that `predicate` says yes to; it is given `None` for a request without a key.
    #[must_use]
    pub fn predicate(predicate: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(predicate))
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys(..)")
    }
}

/// What becomes of a request, decided on its head.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is answered here.
    Answer(Room, Call),
    /// It is none of ours.
    Forward,
    /// It goes to a provider, but nothing here answers it: it must not leave.
    Refuse(Room),
}

/// Who is answered.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) rooms: Vec<Room>,
    pub(crate) providers: Option<Vec<Provider>>,
    pub(crate) keys: Option<ApiKeys>,
    /// Only these hosts.
    pub(crate) hosts: Option<Vec<String>>,
    /// Hosts that are claimed by path, beside this machine.
    pub(crate) local: Vec<String>,
    /// Hosts that are a provider's as much as its own.
    pub(crate) owned: Vec<(String, Provider)>,
    /// Every host is claimed by path: a server stands for all of them.
    pub(crate) everywhere: bool,
    pub(crate) unmatched: Unmatched,
}

impl Claims {
    /// Whether all that goes to this host passes, whatever else stands in its head.
    pub(crate) fn passes(&self, host: Option<&str>) -> bool {
        !self.by_path(host) && self.owner(host.unwrap_or_default()).is_none()
    }

    pub(crate) fn claim(&self, head: &Head<'_>) -> Claim {
        let host = head.host.unwrap_or_default();
        let owner = self.owner(host);
        if owner.is_none() && !self.by_path(head.host) || !self.is_wanted(head) {
            return Claim::Forward;
        }
        let rooms = owner.map_or(self.rooms.as_slice(), std::slice::from_ref);
        for room in rooms.iter().filter(|room| self.serves(room)) {
            if let Some(call) = room.recognize(head) {
                return Claim::Answer(Arc::clone(room), call);
            }
        }
        match (owner, self.unmatched) {
            (Some(room), Unmatched::Refuse) if self.serves(room) => Claim::Refuse(Arc::clone(room)),
            _ => Claim::Forward,
        }
    }

    /// Whether a host that is no provider's is claimed by path.
    fn by_path(&self, host: Option<&str>) -> bool {
        self.everywhere || is_local(host) || host.is_some_and(|host| self.is_named(host))
    }

    /// Whether whatever goes to `host` is the mock's affair: it is a provider's, or was named as
    /// one. Hosts of this machine are not, unless they were named.
    #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
    pub(crate) fn takes_host(&self, host: &str) -> bool {
        let owner = self.owner(host);
        self.wants_host(host) && owner.map_or_else(|| self.is_named(host), |room| self.serves(room))
    }

    fn owner(&self, host: &str) -> Option<&Room> {
        let owner = self.rooms.iter().find(|room| room.owns(host));
        owner.or_else(|| {
            let (_, provider) = self.owned.iter().find(|(h, _)| is_same_host(h, host))?;
            self.rooms.iter().find(|room| room.provider() == *provider)
        })
    }

    fn is_named(&self, host: &str) -> bool {
        self.local.iter().any(|l| is_same_host(l, host))
    }

    fn is_wanted(&self, head: &Head<'_>) -> bool {
        self.wants_host(head.host.unwrap_or_default()) && self.wants_key(head)
    }

    fn wants_host(&self, host: &str) -> bool {
        self.hosts.as_ref().is_none_or(|all| all.iter().any(|h| is_same_host(h, host)))
    }

    /// Whether the API key is one of those to be claimed.
    pub(crate) fn wants_key(&self, head: &Head<'_>) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.0(head.api_key()))
    }

    fn serves(&self, room: &Room) -> bool {
        self.providers.as_ref().is_none_or(|providers| providers.contains(&room.provider()))
    }
}
