//! Which provider a live request goes to, and which one next.

use std::collections::HashMap;

#[cfg(feature = "cassette")]
use http::Uri;

use super::Target;
use crate::provider::home::Home;
use crate::provider::registry::HOMES;
use crate::provider::{Provider, Room};
use crate::request::Head;

/// All that can be called, and which models belong to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    targets: Vec<Target>,
    models: HashMap<String, Vec<Step>>,
}

/// Who is tried for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Mock,
    /// By its number among the targets.
    Live(usize),
}

impl Routes {
    /// The vendors themselves.
    pub(crate) fn vendors() -> Self {
        let targets = HOMES.iter().filter_map(|home| Target::of_vendor(&home.provider));
        Self { targets: targets.collect(), models: HashMap::new() }
    }

    /// Adds a target, and tells its number.
    #[cfg(any(feature = "config", test))]
    pub(crate) fn add(&mut self, target: Target) -> usize {
        self.targets.push(target);
        self.targets.len() - 1
    }

    /// Puts a target in the place of all of the same provider.
    pub(crate) fn set(&mut self, target: Target) {
        self.targets.retain(|known| known.provider != target.provider);
        self.targets.push(target);
    }

    /// Says who is tried for a model, in this order.
    #[cfg(any(feature = "config", test))]
    pub(crate) fn model(&mut self, model: impl Into<String>, steps: Vec<Step>) {
        self.models.insert(model.into(), steps);
    }

    #[cfg(all(feature = "config", feature = "upstream"))]
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether it is the model that decides.
    pub(crate) fn by_model(&self) -> bool {
        !self.models.is_empty()
    }

    pub(crate) fn target(&self, index: usize) -> &Target {
        &self.targets[index]
    }

    /// Who is tried for a call to this provider: those of the model that speak its API; `None` if the
    /// model has no entry of its own.
    pub(crate) fn steps(&self, provider: &Provider, model: &str) -> Option<Vec<Step>> {
        let steps = self.models.get(model)?.iter().copied();
        let speaks = |step: &Step| match step {
            Step::Mock => true,
            Step::Live(index) => self.targets[*index].provider == *provider,
        };
        Some(steps.filter(speaks).collect())
    }

    /// The target of a call to this provider that no model decides.
    pub(crate) fn first(&self, provider: &Provider) -> Option<Step> {
        let at = self.targets.iter().position(|target| target.provider == *provider)?;
        Some(Step::Live(at))
    }

    /// Whose API a request speaks, as far as it can be told: by the host, where that is a provider's own;
    /// by path; by the headers that a vendor's clients send; and else the only one that can be called.
    pub(crate) fn provider(&self, rooms: &[Room], head: &Head<'_>) -> Option<Provider> {
        let by_host = || rooms.iter().find(|room| head.host.is_some_and(|host| room.owns(host)));
        let by_path = || rooms.iter().find(|room| room.recognize(head).is_some());
        if let Some(room) = by_host().or_else(by_path) {
            return Some(room.provider());
        }
        if let Some(home) = Home::of_client(head) {
            return Some(home.provider.clone());
        }
        let path = head.path;
        if path.starts_with("/v1beta") {
            return Some(Provider::GEMINI);
        }
        match &*self.targets {
            [only] => Some(only.provider.clone()),
            _ => path.starts_with("/v1/").then_some(Provider::OPENAI),
        }
    }

    /// The URL that a request has at its first target's host, for recordings. The path stays as it is:
    /// by it the recording is found again.
    #[cfg(feature = "cassette")]
    pub(crate) fn url(&self, provider: &Provider, asked: &Uri) -> Option<Uri> {
        let Step::Live(at) = self.first(provider)? else { return None };
        self.targets[at].at_host(asked).ok()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::provider::registry;

    #[test]
    fn the_provider_is_told_by_host_path_and_headers() {
        let routes = Routes::vendors();
        let rooms = registry::builtin();
        for (host, path, query, header, expected) in [
            ("127.0.0.1", "/v1/chat/completions", None, None, Some("openai")),
            ("127.0.0.1", "/v1/messages", None, None, Some("anthropic")),
            ("127.0.0.1", "/v1beta/models/m:generateContent", None, None, Some("gemini")),
            ("127.0.0.1", "/v1/models", None, None, Some("openai")),
            ("127.0.0.1", "/v1/models", None, Some("anthropic-version"), Some("anthropic")),
            ("127.0.0.1", "/v1/models", None, Some("x-goog-api-key"), Some("gemini")),
            ("127.0.0.1", "/v1/models", Some("key=k"), None, Some("gemini")),
            ("api.anthropic.com", "/v1/models", None, None, Some("anthropic")),
            ("127.0.0.1", "/favicon.ico", None, None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(name) = header {
                headers.insert(name, "1".parse().unwrap());
            }
            let head = Head::new(&Method::POST, Some(host), path, query, &headers);
            let provider = routes.provider(&rooms, &head);
            assert_eq!(
                provider.as_ref().map(Provider::as_str),
                expected,
                "{host}{path} {header:?}"
            );
        }
    }

    #[test]
    fn a_model_has_those_that_speak_the_api_that_is_asked() {
        let mut routes = Routes::default();
        let add = |routes: &mut Routes, name: &str, provider, url| {
            routes.add(Target::new(name, provider, url).unwrap())
        };
        let openai = add(&mut routes, "openai", Provider::OPENAI, "https://a/v1");
        let claude = add(&mut routes, "claude", Provider::ANTHROPIC, "https://b");
        routes.model("m", vec![Step::Live(openai), Step::Live(claude), Step::Mock]);
        let of = |provider| routes.steps(&provider, "m").unwrap();
        assert_eq!(of(Provider::OPENAI), [Step::Live(openai), Step::Mock]);
        assert_eq!(of(Provider::ANTHROPIC), [Step::Live(claude), Step::Mock]);
        assert_eq!(of(Provider::GEMINI), [Step::Mock]);
        assert_eq!(routes.steps(&Provider::OPENAI, "n"), None);
        assert_eq!(routes.first(&Provider::ANTHROPIC), Some(Step::Live(claude)));
        assert_eq!(routes.first(&Provider::GEMINI), None);
    }
}
