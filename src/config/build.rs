//! What is true: a layer, made of what was written.

use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::de::{At, Named};
use super::fault::Fault;
use super::file::{File, KeyMode, Kind, Model, Provider, Responses, Validation as Level};
use super::live::vendor;
use super::make::{answer, cassette, rule, settings, trouble};
use super::says::{Scope, failures, rules};
use crate::claim::{Mode, Validation};
use crate::error::Error;
use crate::keys::KeyModes;
use crate::layer::MockLlmLayer;
use crate::pace::Pace;
use crate::provider::Provider as Vendor;
use crate::respond::Rule;

/// A file that makes sense.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) file: File,
    /// That of the file which names a cassette.
    #[cfg_attr(not(feature = "cassette"), expect(dead_code, reason = "only cassettes are files"))]
    folder: PathBuf,
    keys: Option<KeyModes>,
    /// Hosts that are a vendor's, by `base_url`.
    hosts: Vec<(String, Vendor)>,
}

impl Provider {
    pub(super) fn kind(&self) -> Kind {
        self.r#type.as_ref().map_or(Kind::Custom, |kind| kind.value)
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }
}

impl Plan {
    /// `names` are the files that it was read from.
    pub(super) fn new(file: File, names: &[String]) -> Result<Self, Fault> {
        let mut hosts = Vec::new();
        for (name, provider) in &file.providers.0 {
            let under = |fault: Fault| fault.under(&name.value).under("providers");
            check(provider).map_err(|fault| under(fault.at(name.place)))?;
            hosts.extend(host(provider).map_err(under)?);
        }
        let keys = keys(&file)?;
        let mut folder = PathBuf::new();
        if let Some(cassette) = &file.cassette {
            cassette::check(cassette).map_err(|fault| fault.under("cassette"))?;
            let name = names.get(usize::from(cassette.place.file));
            folder.extend(name.and_then(|name| Path::new(name).parent()));
        }
        let plan = Self { file, folder, keys, hosts };
        plan.check_enabled()?;
        // What makes no sense shows when it is made.
        plan.said(MockLlmLayer::new())?;
        plan.rules()?;
        for (name, model) in &plan.file.models.0 {
            let under = |fault: Fault| fault.under(&name.value).under("models");
            plan.check_model(model).map_err(under)?;
        }
        Ok(plan)
    }

    pub(super) fn enabled(&self) -> impl Iterator<Item = (&At<String>, &Provider)> {
        let all = self.file.providers.0.iter().map(|(name, provider)| (name, provider));
        all.filter(|(_, provider)| provider.is_enabled())
    }

    /// The mocks that answer, in the order of the file.
    fn mocks(&self) -> Vec<(&str, &Provider)> {
        let mocks = self.enabled().filter(|(_, provider)| provider.kind() == Kind::Mock);
        mocks.map(|(name, provider)| (name.value.as_str(), provider)).collect()
    }

    pub(super) fn mocks_anything(&self) -> bool {
        self.is_on() && (self.file.providers.0.is_empty() || !self.mocks().is_empty())
    }

    /// Whether the file as a whole is switched on.
    pub(super) fn is_on(&self) -> bool {
        self.file.enabled.unwrap_or(true)
    }

    /// Whether `keys` sends every key to the mock: `*`, perhaps of a variable that is empty.
    pub(super) fn mocks_every_key(&self) -> bool {
        let mut keys = self.file.keys.0.iter();
        keys.any(|(key, mode)| key.value == "*" && mode.value == KeyMode::Mock)
    }

    fn check_enabled(&self) -> Result<(), Fault> {
        let Some((first, _)) = self.file.providers.0.first() else { return Ok(()) };
        match self.enabled().next() {
            Some(_) => Ok(()),
            None => Err(Fault::new(
                "no provider is enabled, so nothing could be answered; set `enabled: true` on one",
            )
            .at(first.place)
            .under("providers")),
        }
    }

    fn check_model(&self, model: &Model) -> Result<(), Fault> {
        let names: Vec<_> = self.file.providers.0.iter().map(|(name, _)| &*name.value).collect();
        let both = [
            ("provider", Some(&model.provider)),
            ("fallback_provider", model.fallback_provider.as_ref()),
        ];
        for (key, name) in both {
            let Some(At { place, value }) = name else { continue };
            if !names.contains(&value.as_str()) {
                return Err(Fault::unknown("provider", value, &names).at(*place).under(key));
            }
        }
        Ok(())
    }

    /// The provider of a model: its own, or the other one where only that is enabled.
    pub(super) fn provider_of<'a>(&self, model: &'a Model) -> &'a At<String> {
        let is_enabled = |name: &At<String>| self.enabled().any(|(on, _)| on.value == name.value);
        match &model.fallback_provider {
            Some(other) if !is_enabled(&model.provider) && is_enabled(other) => other,
            _ => &model.provider,
        }
    }

    /// `passes_on`: it stands where what was read can go live all the same.
    pub(super) fn layer(&self, passes_on: bool) -> Result<MockLlmLayer, Error> {
        let file = &self.file;
        let mocks = self.mocks();
        let is_random = |(_, provider): &(&str, &Provider)| provider.deterministic == Some(false);
        let seed =
            file.seed.unwrap_or_else(|| if mocks.iter().any(is_random) { dice() } else { 0 });
        let is_strict = file.validation == Some(Level::Strict);
        let validation = if is_strict { Validation::Strict } else { Validation::Lenient };
        let mode =
            if self.mocks_anything() || self.keys.is_some() { Mode::Mock } else { Mode::Off };
        let mut layer = MockLlmLayer::new()
            .enabled(mode == Mode::Mock)
            .seed(seed)
            .validation(validation)
            .check_replies(file.check_replies.unwrap_or(is_strict))
            .response_header(file.response_header.unwrap_or(true));
        layer = self.said(layer)?.models(self.names());
        for (host, vendor) in &self.hosts {
            layer = layer.vendor_host(host.clone(), vendor.clone());
        }
        if let Some(keys) = &self.keys {
            layer = layer.key_modes(keys.copy());
        }
        if let Some(fallbacks) = self.fallbacks()? {
            layer = layer.fallbacks(fallbacks);
        }
        let routes = Arc::new(self.routes());
        if let Some(live) = self.live_models() {
            if !passes_on {
                layer = layer.rule(live.guard());
            }
            layer = layer.live_models(live);
        }
        for (index, (name, provider)) in mocks.iter().enumerate() {
            let scope =
                Scope { routes: Arc::clone(&routes), name: (*name).into(), is_first: index == 0 };
            if let Some(latency) = &provider.latency_ms {
                let pace = Pace::new(Duration::from_secs_f64(latency.value / 1e3), Duration::ZERO);
                layer = layer.pace_when(scope.clone(), pace);
            }
            for trouble in failures(provider, &scope) {
                layer = layer.trouble(trouble);
            }
        }
        for rule in self.rules()? {
            layer = layer.rule(rule);
        }
        if let Some(status) = settings::strict(file)? {
            // Before it panics.
            let hidden = layer.handle().hidden();
            if let Some(hidden) = hidden.first() {
                return Err(Error::config(hidden.to_string()));
            }
            layer = layer.strict_with(status);
        }
        #[cfg(feature = "cassette")]
        if let Some(cassette) = &file.cassette {
            layer = layer.cassette(cassette::open(&cassette.value, &self.folder)?);
        }
        Ok(layer)
    }

    /// What the file says beside providers and rules.
    fn said(&self, layer: MockLlmLayer) -> Result<MockLlmLayer, Fault> {
        let file = &self.file;
        settings::strict(file)?;
        let mut layer = settings::settings(file, layer)?;
        for trouble in trouble::troubles(&file.trouble)? {
            layer = layer.trouble(trouble);
        }
        if let Some(reply) = &file.default_reply {
            let reply = answer::answer(reply).map_err(|fault| fault.under("default_reply"))?;
            layer = layer.default_reply(reply);
        }
        Ok(layer)
    }

    /// All rules: those that are written as such, then those of the mocks.
    pub(super) fn rules(&self) -> Result<Vec<Rule>, Fault> {
        let mut all = rule::rules("rules", &self.file.rules)?;
        let mocks = self.mocks();
        let routes = Arc::new(self.routes());
        for (index, (name, provider)) in mocks.iter().enumerate() {
            let scope =
                Scope { routes: Arc::clone(&routes), name: (*name).into(), is_first: index == 0 };
            all.extend(rules(provider, &scope, mocks.len() > 1)?);
        }
        Ok(all)
    }

    /// The models that the file speaks of.
    fn names(&self) -> impl Iterator<Item = &str> {
        let routed = self.file.models.0.iter().map(|(name, _)| name.value.as_str());
        let said = self.enabled().flat_map(|(_, provider)| &provider.responses.0);
        let all = routed.chain(said.map(|(name, _)| name.value.as_str()));
        all.filter(|name| !name.contains('*'))
    }

    fn routes(&self) -> Vec<(String, String)> {
        // A model of a provider that is disabled is nobody's; one that goes live may fall back on a mock.
        let route = |(name, model): &(At<String>, Model)| {
            let mut mocks = self.providers_of(model).filter(|(_, it)| it.kind() == Kind::Mock);
            mocks.next().map(|(mock, _)| (name.value.clone(), mock.value.clone()))
        };
        self.file.models.0.iter().filter_map(route).collect()
    }
}

/// What can be seen in a provider alone.
fn check(provider: &Provider) -> Result<(), Fault> {
    let Some(kind) = &provider.r#type else {
        return Err(Fault::new(
            "the key `type` is missing: `mock`, or whose API it is (`openai`, `anthropic`, `gemini`)",
        ));
    };
    if let Some(At { place, value }) = &provider.failure_rate
        && !(0.0..=1.0).contains(value)
    {
        let fault = Fault::new(format!("expected a number from 0 to 1, but it is {value}"));
        return Err(fault.at(*place).under("failure_rate"));
    }
    if let Some(At { place, value }) = &provider.latency_ms
        && !(0.0..=86_400_000.0).contains(value)
    {
        let fault = Fault::new(format!(
            "expected milliseconds, from 0 to a day of them, but it is {value}"
        ));
        return Err(fault.at(*place).under("latency_ms"));
    }
    let only_mock = [
        ("failure_rate", provider.failure_rate.as_ref().map(|at| at.place)),
        ("latency_ms", provider.latency_ms.as_ref().map(|at| at.place)),
        ("responses", provider.responses.0.first().map(|(model, _)| model.place)),
    ];
    for (key, place) in only_mock {
        if let Some(place) = place
            && kind.value != Kind::Mock
        {
            let fault = Fault::new("only a provider of `type: mock` has it");
            return Err(fault.at(place).under(key));
        }
    }
    for (model, Responses { patterns, .. }) in &provider.responses.0 {
        for pattern in patterns {
            if pattern.pattern.value.trim().is_empty() {
                let fault = Fault::new("an empty pattern is in every text; say it as `default`");
                let fault = fault.at(pattern.pattern.place).under("patterns");
                return Err(fault.under(&model.value).under("responses"));
            }
        }
    }
    Ok(())
}

/// The host that a real provider is reached at, which is then its vendor's as much as the vendor's
/// own. This machine is left out: other things are on it, and it is claimed by path anyway.
fn host(provider: &Provider) -> Result<Option<(String, Vendor)>, Fault> {
    let Some(At { place, value }) = &provider.base_url else { return Ok(None) };
    if value.is_empty() && !provider.is_enabled() {
        return Ok(None);
    }
    let wrong = || {
        let fault =
            Fault::new(format!("expected a URL such as `https://host/v1`, but it is {value:?}"));
        fault.at(*place).under("base_url")
    };
    let uri: http::Uri = value.parse().map_err(|_| wrong())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong());
    }
    let host = uri.host().ok_or_else(wrong)?;
    if provider.kind() == Kind::Mock {
        return Ok(None);
    }
    let vendor = vendor(provider.kind());
    let method = http::Method::GET;
    let headers = http::HeaderMap::new();
    let is_local = crate::request::Head::new(&method, Some(host), "/", None, &headers).is_local();
    Ok((!is_local).then(|| (host.to_owned(), vendor)))
}

fn keys(file: &File) -> Result<Option<KeyModes>, Fault> {
    let Named(keys) = &file.keys;
    if keys.is_empty() {
        return Ok(None);
    }
    let is_mock = |provider: &Provider| provider.is_enabled() && provider.kind() == Kind::Mock;
    let providers = &file.providers.0;
    let mocks = file.enabled.unwrap_or(true)
        && (providers.is_empty() || providers.iter().any(|(_, provider)| is_mock(provider)));
    let modes = KeyModes::new(if mocks { Mode::Mock } else { Mode::Off });
    for (At { place, value: key }, mode) in keys {
        let mode = if mode.value == KeyMode::Mock { Mode::Mock } else { Mode::Off };
        modes
            .set(key, mode)
            .map_err(|error| Fault::new(error.to_string()).at(*place).under(key).under("keys"))?;
    }
    Ok(Some(modes))
}

/// A number that nobody knows before: the standard library's own source of chance.
fn dice() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
