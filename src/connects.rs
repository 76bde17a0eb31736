//! Connections that fail, by host: set by the handle, asked by the connector.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::reply::NoAnswer;
use crate::request::is_same_host;

/// Which hosts cannot be reached, and how that shows.
#[derive(Debug, Default)]
pub(crate) struct Connects {
    /// Whether there are any: most mocks never have one.
    any: AtomicBool,
    hosts: RwLock<Vec<(String, NoAnswer)>>,
}

impl Connects {
    pub(crate) fn fail(&self, host: String, how: NoAnswer) {
        self.mend(&host);
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        hosts.push((host, how));
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn mend(&self, host: &str) {
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|(name, _)| !is_same_host(name, host));
    }

    pub(crate) fn clear(&self) {
        self.hosts.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How a connection to this host fails, if it does.
    #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
    pub(crate) fn failure(&self, host: &str) -> Option<NoAnswer> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let hosts = self.hosts.read().unwrap_or_else(PoisonError::into_inner);
        hosts.iter().find(|(name, _)| is_same_host(name, host)).map(|(_, how)| *how)
    }
}
