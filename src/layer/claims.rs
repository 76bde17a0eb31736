//! Which requests are claimed, and how strictly they are judged.

#[cfg(feature = "config")]
use std::sync::Arc;

use super::MockLlmLayer;
use crate::claim::{ApiKeys, Unmatched, Validation};
use crate::provider::Provider;

/// Which requests are claimed, and how strictly they are judged.
impl MockLlmLayer {
    /// How strictly requests are judged. The default is [`Validation::Strict`].
    #[must_use]
    pub fn validation(self, validation: Validation) -> Self {
        self.with(|settings| settings.lenient = validation == Validation::Lenient)
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

    /// Claims requests by their API key, as this table says at the time. In [`Mode::Off`](crate::Mode::Off) none is
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

    /// The largest request body in bytes; a larger one gets the vendor's `413`. The default is
    /// 16 MiB.
    #[must_use]
    pub fn max_request_body(self, bytes: usize) -> Self {
        self.with(|settings| settings.max_body = bytes)
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
}
