//! Conditions on a place in the body, or in a schema that came with it.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::at::{at, steps};
use super::field::Field;
use super::number::{Counted, Number};
use super::subject::{Subject, shortened};
use super::{Explanation, Match, Needs, Want};
use crate::request::{LlmRequest, ResponseFormat};

/// A place in a JSON text of the request that a condition is to be made of:
/// `json("/metadata/user").equals("u1")`.
#[derive(Clone, Debug)]
pub struct Json(pub(super) Place);

/// A condition on a place in a JSON text. See [`Json`].
#[derive(Clone)]
pub struct JsonCondition {
    place: Place,
    test: JsonTest,
}

/// Where to look: which text, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) struct Place {
    pub(super) source: Source,
    pub(super) steps: Vec<String>,
    /// From there on.
    #[cfg(feature = "jsonpath")]
    pub(super) path: Option<super::path::Path>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::respond) enum Source {
    Body,
    ResponseSchema,
    ToolSchema(String),
}

#[derive(Clone)]
enum JsonTest {
    Equals(Value),
    Present,
    Satisfies(Arc<dyn Fn(&Value) -> bool + Send + Sync>),
}

impl Json {
    pub(super) fn of(source: Source) -> Self {
        Self(Place {
            source,
            steps: Vec::new(),
            #[cfg(feature = "jsonpath")]
            path: None,
        })
    }

    /// A place within, by JSON pointer (RFC 6901): `tool_schema("search").at("/properties/query")`.
    ///
    /// # Panics
    ///
    /// If it is neither empty nor begins with a slash, or comes behind a `path`.
    #[must_use]
    pub fn at(mut self, pointer: &str) -> Self {
        #[cfg(feature = "jsonpath")]
        assert!(self.0.path.is_none(), "say `at` before `path`, or all of it in the path");
        let Some(more) = steps(pointer) else {
            panic!("a JSON pointer begins with a slash: write \"/{pointer}\" for {pointer:?}");
        };
        self.0.steps.extend(more);
        self
    }

    /// The places within that a JSONPath (RFC 9535) finds: `tool_schema("search").path("$..type")`.
    /// A condition holds if it does for one of them. See
    /// [`json_path`](super::json_path).
    ///
    /// # Panics
    ///
    /// If it is no such path, with the place and the reason.
    #[cfg(feature = "jsonpath")]
    #[must_use]
    #[track_caller]
    pub fn path(mut self, path: &str) -> Self {
        match super::path::Path::parse(path) {
            Ok(path) => self.0.path = Some(path),
            Err(error) => panic!("{path:?} is not a JSONPath (RFC 9535): {error}"),
        }
        self
    }

    /// A place within that comes from outside: by JSONPath if it begins with `$`, else by JSON pointer.
    #[cfg(feature = "config")]
    pub(crate) fn try_within(mut self, place: &str) -> Result<Self, String> {
        if place.starts_with('$') {
            #[cfg(feature = "jsonpath")]
            {
                let path = super::path::Path::parse(place)
                    .map_err(|error| format!("{place:?} is not a JSONPath (RFC 9535): {error}"))?;
                self.0.path = Some(path);
                return Ok(self);
            }
            #[cfg(not(feature = "jsonpath"))]
            return Err("a JSONPath takes the feature `jsonpath` of tower-mock-llm".to_owned());
        }
        let Some(more) = steps(place) else {
            return Err(format!(
                "a JSON pointer begins with `/`, and a JSONPath with `$`: write \"/{place}\" for \
                 {place:?}"
            ));
        };
        self.0.steps.extend(more);
        Ok(self)
    }

    /// It is this value. A number is equal only to one of its kind: 1 is not 1.0; see
    /// [`number`](Self::number).
    pub fn equals(self, value: impl Into<Value>) -> JsonCondition {
        JsonCondition { place: self.0, test: JsonTest::Equals(value.into()) }
    }

    /// There is something, be it `null`.
    pub fn exists(self) -> JsonCondition {
        JsonCondition { place: self.0, test: JsonTest::Present }
    }

    /// A closure says yes to the value there.
    pub fn satisfies(self, test: impl Fn(&Value) -> bool + Send + Sync + 'static) -> JsonCondition {
        JsonCondition { place: self.0, test: JsonTest::Satisfies(Arc::new(test)) }
    }

    /// As a number: `json("/top_k").number().at_least(10)`.
    pub fn number(self) -> Number {
        Number(Counted::Json(self.0))
    }

    /// As a text: `json("/user").text().starts_with("u-")`.
    pub fn text(self) -> Field {
        Field(Subject::Json(self.0))
    }
}

impl Place {
    /// Whether `test` says yes to one of the values there.
    pub(super) fn any(&self, request: &LlmRequest, mut test: impl FnMut(&Value) -> bool) -> bool {
        let Some(value) = self.root(request) else {
            return false;
        };
        #[cfg(feature = "jsonpath")]
        if let Some(path) = &self.path {
            return path.any(&value, test);
        }
        test(&value)
    }

    /// What is there, in words.
    pub(super) fn found(&self, request: &LlmRequest) -> String {
        let mut found = Vec::new();
        self.any(request, |value| {
            found.push(value.to_string());
            false
        });
        match &found[..] {
            [] => "there is none".to_owned(),
            [one] => format!("it is {}", shortened(one)),
            all => format!("they are {}", shortened(&all.join(", "))),
        }
    }

    fn root(&self, request: &LlmRequest) -> Option<Value> {
        let text = match &self.source {
            Source::Body => &request.body[..],
            Source::ResponseSchema => match &request.response_format {
                ResponseFormat::Schema(schema) => schema.get().as_bytes(),
                _ => return None,
            },
            Source::ToolSchema(name) => {
                let tool = request.tools.iter().find(|tool| tool.name == *name)?;
                tool.schema.as_ref()?.get().as_bytes()
            }
        };
        at(text, &self.steps)
    }
}

impl Match for JsonCondition {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.place.any(request, |value| self.test.holds(value))
    }

    fn needs(&self) -> Needs {
        let Self { place, test } = self;
        match (&place.source, test) {
            // Another tool's schema need not be read.
            (Source::ToolSchema(tool), _) => {
                Needs::text(&Subject::Tools, Want::Equals(tool.clone()))
            }
            (_, JsonTest::Equals(Value::String(text))) => {
                Needs::text(&Subject::Json(place.clone()), Want::Equals(text.clone()))
            }
            _ => Needs::default(),
        }
    }

    fn describe(&self) -> String {
        let Self { place, test } = self;
        match test {
            JsonTest::Equals(value) => format!("{place} is {value}"),
            JsonTest::Present => format!("{place} is there"),
            JsonTest::Satisfies(_) => format!("{place} satisfies a closure"),
        }
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        explanation.condition(self.matches(request), || {
            format!("{}, but {}", self.describe(), self.place.found(request))
        });
    }
}

impl JsonTest {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Equals(wanted) => value == wanted,
            Self::Present => true,
            Self::Satisfies(test) => test(value),
        }
    }
}

impl fmt::Debug for JsonCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonCondition").field(&self.describe()).finish()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "jsonpath")]
        if self.path.is_some() {
            f.write_str("any of ")?;
        }
        match &self.source {
            Source::Body => f.write_str("the body")?,
            Source::ResponseSchema => f.write_str("the answer's schema")?,
            Source::ToolSchema(name) => write!(f, "the schema of tool {name:?}")?,
        }
        if !self.steps.is_empty() {
            f.write_str(" at ")?;
        }
        for step in &self.steps {
            write!(f, "/{}", step.replace('~', "~0").replace('/', "~1"))?;
        }
        #[cfg(feature = "jsonpath")]
        if let Some(path) = &self.path {
            write!(f, " at {path}")?;
        }
        Ok(())
    }
}
