//! One mock in the place of another that fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::build::Plan;
use super::fault::Fault;
use super::file::{Kind, Provider};
use super::says::{Scope, rules};
use crate::pace::Pace;
use crate::respond::Rules;

/// The mocks that stand in, and for which models.
#[derive(Debug)]
pub(crate) struct Fallbacks {
    models: HashMap<String, Arc<StandIn>>,
}

/// What such a mock says, and how fast.
#[derive(Debug)]
pub(crate) struct StandIn {
    pub(crate) rules: Rules,
    pub(crate) pace: Option<Pace>,
}

impl Fallbacks {
    /// Who stands in where the mock of this model fails.
    pub(crate) fn of(&self, model: &str) -> Option<&StandIn> {
        self.models.get(model).map(Arc::as_ref)
    }
}

impl Plan {
    /// The models of which both providers are mocks.
    pub(super) fn fallbacks(&self) -> Result<Option<Fallbacks>, Fault> {
        let mut made: HashMap<&str, Arc<StandIn>> = HashMap::new();
        let mut models = HashMap::new();
        for (model, of) in &self.file.models.0 {
            let mut mocks = self.providers_of(of);
            let (Some((first, mock)), Some((second, next))) = (mocks.next(), mocks.next()) else {
                continue;
            };
            let is_mock = |provider: &Provider| provider.kind() == Kind::Mock;
            if first.value == second.value || !is_mock(mock) || !is_mock(next) {
                continue;
            }
            let stands_in = match made.get(second.value.as_str()) {
                Some(made) => Arc::clone(made),
                None => Arc::new(stand_in(&second.value, next)?),
            };
            made.insert(&second.value, Arc::clone(&stands_in));
            models.insert(model.value.clone(), stands_in);
        }
        Ok((!models.is_empty()).then_some(Fallbacks { models }))
    }
}

fn stand_in(name: &str, provider: &Provider) -> Result<StandIn, Fault> {
    let scope = Scope { routes: Arc::default(), name: name.to_owned(), is_first: true };
    let mounted = Rules::default();
    for rule in rules(provider, &scope, false)? {
        mounted.try_mount(rule, false).map_err(Fault::new)?;
    }
    let latency = provider.latency_ms.as_ref();
    let pace = latency.map(|ms| Pace::new(Duration::from_secs_f64(ms.value / 1e3), Duration::ZERO));
    Ok(StandIn { rules: mounted, pace })
}
