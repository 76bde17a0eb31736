//! A condition of which only a config file knows the kind.

use super::{Explanation, Match, Needs};
use crate::request::LlmRequest;

/// Any condition, so that those of a file combine as others do.
pub(crate) struct Boxed(pub(crate) Box<dyn Match>);

impl Match for Boxed {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.0.matches(request)
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        self.0.explain(request, explanation);
    }

    fn needs(&self) -> Needs {
        self.0.needs()
    }

    #[cfg(feature = "templates")]
    fn captures(&self, request: &LlmRequest) -> Option<super::Captures> {
        self.0.captures(request)
    }
}
