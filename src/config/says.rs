//! What a mock of the file says, as rules.

use std::sync::Arc;

use super::de::At;
use super::fault::Fault;
use super::file::{Provider, Responses};
use super::make::answer::answer;
use super::make::texts;
use crate::fault::Trouble;
use crate::reply::ApiError;
use crate::request::LlmRequest;
use crate::respond::{Condition, Dressed, Match, Rule, Rules, last_user, model};

/// The requests that a mock answers: those of its models, and the first mock those of nobody's.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Models, and whose they are.
    pub(super) routes: Arc<Vec<(String, String)>>,
    pub(super) name: String,
    pub(super) is_first: bool,
}

impl Match for Scope {
    fn matches(&self, request: &LlmRequest) -> bool {
        let route = self.routes.iter().find(|(model, _)| *model == request.model);
        route.map_or(self.is_first, |(_, provider)| *provider == self.name)
    }

    fn describe(&self) -> String {
        format!("the model belongs to the provider {:?} of the config file", self.name)
    }
}

/// `failure_rate`: the vendor's 500 or 503, as often as not. The second is drawn only where the first
/// did not happen.
pub(super) fn failures(provider: &Provider, scope: &Scope) -> Vec<Trouble> {
    let rate = provider.failure_rate.as_ref().map_or(0.0, |rate| rate.value);
    if rate <= 0.0 {
        return Vec::new();
    }
    let half = rate / 2.0;
    let failing = |error: ApiError, rate: f64| {
        Trouble::answer(error).when(scope.clone()).probability(rate.clamp(0.0, 1.0))
    };
    vec![failing(ApiError::server(), half), failing(ApiError::overloaded(), half / (1.0 - half))]
}

/// The rules of a mock, named by their paths in the file. `is_one_of_many`: there are other mocks, to
/// which some models belong.
pub(super) fn rules(
    provider: &Provider,
    scope: &Scope,
    is_one_of_many: bool,
) -> Result<Vec<Rule>, Fault> {
    let mut rules = Vec::new();
    let path = format!("providers.{}", scope.name);
    let mut responses: Vec<_> = provider.responses.0.iter().collect();
    // A model's own name goes before a pattern of names, and those with more letters before others.
    responses.sort_by_key(|(name, _)| {
        let is_glob = name.value.contains('*');
        (is_glob, if is_glob { usize::MAX - name.value.len() } else { 0 })
    });
    for (name, Responses { default, patterns }) in responses {
        let path = format!("{path}.responses.{}", name.value);
        for pattern in patterns {
            let key = format!("patterns.{}", pattern.pattern.value);
            let under = |fault: Fault| {
                fault
                    .under(&pattern.pattern.value)
                    .under("patterns")
                    .under(&name.value)
                    .under("responses")
                    .under(&scope.name)
                    .under("providers")
            };
            let text = keyword(&pattern.pattern).map_err(under)?;
            let condition = model(name.value.as_str()).and(text);
            let says = answer(&pattern.response).map_err(under)?;
            let made = rule(condition, scope, is_one_of_many, says, format!("{path}.{key}"));
            rules.push(made.map_err(|fault| under(fault.at(pattern.response.place)))?);
        }
        if let Some(default) = default {
            let under = |fault: Fault| {
                fault
                    .under("default")
                    .under(&name.value)
                    .under("responses")
                    .under(&scope.name)
                    .under("providers")
            };
            let condition = model(name.value.as_str());
            let says = answer(default).map_err(under)?;
            let made = rule(condition, scope, is_one_of_many, says, format!("{path}.default"));
            rules.push(made.map_err(|fault| under(fault.at(default.place)))?);
        }
    }
    Ok(rules)
}

/// A keyword in upper or lower case, or a regular expression between slashes.
fn keyword(pattern: &At<String>) -> Result<Condition, Fault> {
    match texts::pattern(&pattern.value) {
        None => Ok(last_user().contains_ignoring_case(&pattern.value)),
        Some(expression) => {
            let value = format!("(?i){expression}");
            texts::regex(last_user(), &At { place: pattern.place, value })
        }
    }
}

fn rule(
    condition: impl Match,
    scope: &Scope,
    is_scoped: bool,
    says: Dressed,
    name: String,
) -> Result<Rule, Fault> {
    // Without the scope, rules are looked up rather than tried.
    let builder =
        if is_scoped { Rule::when(condition.and(scope.clone())) } else { Rule::when(condition) };
    Rules::sayable(builder.respond_with(says).named(name), 0).map_err(Fault::new)
}
