//! What a file mocks and what it lets go: for the guards.

use super::build::Plan;
use super::de::At;
use super::file::{KeyMode, Kind};
use super::words::TextOr;
use super::words::settings::UnmatchedName;

impl Plan {
    pub(super) fn mocked(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.file.providers.0.is_empty() && self.is_on() {
            all.push("no provider is named, so the mock answers for all".to_owned());
        }
        for (name, provider) in self.enabled() {
            if provider.kind() == Kind::Mock && self.is_on() {
                all.push(format!("providers.{}: the mock is enabled", name.value));
            }
        }
        all.extend(self.keys(KeyMode::Mock, "is mocked"));
        all
    }

    pub(super) fn live(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, provider) in self.enabled() {
            if provider.kind() != Kind::Mock {
                all.push(format!("providers.{}: a real provider is enabled", name.value));
            }
        }
        all.extend(self.keys(KeyMode::Live, "goes live"));
        let file = &self.file;
        if !self.is_on() {
            all.push("enabled: the file is switched off, so everything goes live".to_owned());
            return all;
        }
        if file.unmatched == Some(UnmatchedName::Forward) {
            all.push("unmatched: what is not mocked is forwarded".to_owned());
        }
        if let Some(only) = &file.only
            && self.mocks_anything()
        {
            for (key, is_there) in [
                ("providers", only.providers.is_some()),
                ("hosts", !only.hosts.0.is_empty()),
                ("key_prefix", !only.key_prefix.0.is_empty()),
            ] {
                if is_there {
                    all.push(format!("only.{key}: all others go live"));
                }
            }
        }
        let (mut cassette, mut path) = (file.cassette.as_ref(), "cassette".to_owned());
        while let Some(At { value: TextOr::Map(map), .. }) = cassette {
            if let Some(mode) = &map.mode
                && !matches!(mode.value.as_str(), "off" | "replay")
            {
                all.push(format!("{path}.mode: {} calls the providers", mode.value));
            }
            cassette = map.fork.as_ref().map(|fork| &*fork.cassette);
            path.push_str(".fork.cassette");
        }
        all
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, provider) in &self.file.providers.0 {
            let name = &name.value;
            if let Some(unset) = provider.api_key.as_ref().and_then(|key| key.value.unset.as_ref())
            {
                all.push(format!("providers.{name}.api_key: {unset} is not set"));
            }
            if provider.kind() == Kind::Mock && provider.api_key.is_some() {
                all.push(format!("providers.{name}.api_key: the mock needs no key"));
            }
        }
        all
    }

    fn keys(&self, mode: KeyMode, verb: &str) -> impl Iterator<Item = String> {
        let keys = self.file.keys.0.iter().filter(move |(_, of_key)| of_key.value == mode);
        keys.map(move |(key, _)| format!("keys.{}: {verb}", shown(&key.value)))
    }
}

/// A key as far as it may be shown.
pub(super) fn shown(key: &str) -> String {
    if key.ends_with('*') || key.starts_with("sha256:") {
        return key.to_owned();
    }
    let few: String = key.chars().take(6).collect();
    if few.len() < key.len() { format!("{few}...") } else { "...".to_owned() }
}
