//! What goes live, and where: for servers, and for layers that can pass on what they have read.

use std::sync::Arc;

use super::build::Plan;
use super::de::At;
use super::file::{Kind, Model, Provider};
use crate::provider::Provider as Vendor;
use crate::reply::ApiError;
use crate::request::LlmRequest;
use crate::respond::{Match, Rule};

/// The models of a file that go live while others are mocked.
#[derive(Clone, Debug)]
pub(crate) struct LiveModels(Arc<Vec<String>>);

impl LiveModels {
    /// The rule that stands for them where nothing can be passed on.
    pub(super) fn guard(&self) -> Rule {
        let answer = |request: &LlmRequest| {
            ApiError::invalid_request(format!(
                "tower-mock-llm: by the config file the model `{}` goes live while others are mocked, and \
                 this stack cannot pass on what it has read. Use `MockLlmLayer::recording()`, or a server \
                 (`mock-llm serve`); or disable the mock.",
                request.model
            ))
        };
        Rule::when(self.clone()).respond_fn(answer).named("models: what goes live")
    }
}

impl Match for LiveModels {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.0.contains(&request.model)
    }

    fn describe(&self) -> String {
        format!("the model goes live by the config file: {}", self.0.join(", "))
    }
}

impl Plan {
    /// The models that go live although the mock is on, if there are any.
    pub(super) fn live_models(&self) -> Option<LiveModels> {
        if !self.mocks_anything() {
            return None;
        }
        let models = self.file.models.0.iter().filter(|(_, model)| self.is_live(model));
        let models: Vec<_> = models.map(|(name, _)| name.value.clone()).collect();
        (!models.is_empty()).then(|| LiveModels(Arc::new(models)))
    }

    fn is_live(&self, model: &Model) -> bool {
        let provider = &self.provider_of(model).value;
        self.enabled().any(|(on, it)| on.value == *provider && it.kind() != Kind::Mock)
    }

    /// The providers of a model that are enabled, the first to be asked first.
    pub(super) fn providers_of<'a>(
        &'a self,
        model: &'a Model,
    ) -> impl Iterator<Item = (&'a At<String>, &'a Provider)> {
        [Some(&model.provider), model.fallback_provider.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|name| self.enabled().find(|(on, _)| on.value == name.value))
    }
}

/// Whose API a provider speaks: what is none of the others imitates OpenAI's.
pub(super) fn vendor(kind: Kind) -> Vendor {
    match kind {
        Kind::Anthropic => Vendor::ANTHROPIC,
        Kind::Gemini | Kind::Vertex => Vendor::GEMINI,
        _ => Vendor::OPENAI,
    }
}

#[cfg(feature = "server")]
mod routes {
    use std::borrow::Cow;

    use super::*;
    use crate::error::Error;
    use crate::provider::home::Home;
    use crate::upstream::{Routes, Step, Target};

    impl Plan {
        /// Where requests go that go live.
        ///
        /// # Errors
        ///
        /// If a provider that is enabled has no `base_url`, and there is none that all know.
        pub(in crate::config) fn routes_live(&self) -> Result<Routes, Error> {
            if self.file.providers.0.is_empty() && !self.live().is_empty() {
                return Ok(Routes::vendors());
            }
            let mut routes = Routes::default();
            let mut steps = Vec::new();
            for (name, provider) in self.enabled() {
                let step = match target(&name.value, provider)? {
                    None => Step::Mock,
                    Some(target) => Step::Live(routes.add(target)),
                };
                steps.push((name.value.as_str(), step));
            }
            for (model, providers) in &self.file.models.0 {
                let of = |(name, _): (&At<String>, &Provider)| {
                    steps.iter().find(|(known, _)| *known == name.value).map(|(_, step)| *step)
                };
                let tried: Vec<Step> = self.providers_of(providers).filter_map(of).collect();
                if tried.iter().any(|step| *step != Step::Mock) {
                    routes.model(model.value.clone(), tried);
                }
            }
            Ok(routes)
        }
    }

    fn target(name: &str, provider: &Provider) -> Result<Option<Target>, Error> {
        let kind = provider.kind();
        if kind == Kind::Mock {
            return Ok(None);
        }
        let given = provider.base_url.as_ref().map(|url| url.value.as_str());
        let given = given.filter(|url| !url.is_empty()).map(Cow::Borrowed);
        let url = given.or_else(|| base_url(kind));
        let Some(url) = url else {
            return Err(Error::config(format!(
                "providers.{name}: a server needs its `base_url`, to call it"
            )));
        };
        let mut target = Target::new(name, vendor(kind), &url)?;
        if let Some(key) = provider.api_key.as_ref().and_then(|key| key.value.text.as_deref()) {
            target = target.key(key);
        }
        Ok(Some(target))
    }

    /// Where a vendor is reached, by its own documentation (read 2026-11-21); the endpoint that imitates
    /// OpenAI's, where it has one.
    fn base_url(kind: Kind) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match kind {
            Kind::Anthropic | Kind::Gemini | Kind::Openai => {
                return Some(Home::of(&vendor(kind))?.base_url().into());
            }
            Kind::Cohere => "https://api.cohere.ai/compatibility/v1",
            Kind::Deepseek => "https://api.deepseek.com/v1",
            Kind::Groq => "https://api.groq.com/openai/v1",
            Kind::Mistral => "https://api.mistral.ai/v1",
            Kind::Ollama => "http://localhost:11434/v1",
            Kind::Openrouter => "https://openrouter.ai/api/v1",
            Kind::Together => "https://api.together.xyz/v1",
            Kind::Xai => "https://api.x.ai/v1",
            Kind::Azure | Kind::Bedrock | Kind::Custom | Kind::Mock | Kind::Vertex => return None,
        }))
    }
}
