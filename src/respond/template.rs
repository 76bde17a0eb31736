//! Replies from templates.

use std::fmt;
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};
use serde_json::value::RawValue;

use super::cue::Cue;
use super::{Respond, scope};
use crate::error::Error;
use crate::provider::Operation;
use crate::reply::{Answer, ApiError, Part, Reply, ToolCall};
use crate::request::LlmRequest;

/// A reply that is made from the request by a template, in the language of
/// [Jinja](https://docs.rs/minijinja/latest/minijinja/syntax/index.html).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_mock_llm::BoxError> {
/// use http_body_util::{BodyExt, Full};
/// use tower::ServiceExt;
/// use tower_mock_llm::respond::Template;
/// use tower_mock_llm::{MockLlmLayer, Rule, last_user};
///
/// let layer = MockLlmLayer::new().rule(
///     Rule::when(last_user().matches(r"order (?<number>\d+)"))
///         .respond_with(Template::new("Order {{ captures.number }} is on its way, says {{ model }}.")),
/// );
/// let request = http::Request::post("https://api.openai.com/v1/chat/completions")
///     .header("authorization", "Bearer any")
///     .body(Full::<bytes::Bytes>::from(
///         r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Where is order 17?"}]}"#,
///     ))?;
/// let body = layer.into_service().oneshot(request).await?.into_body().collect().await?.to_bytes();
/// assert!(String::from_utf8_lossy(&body).contains("Order 17 is on its way, says gpt-4o."));
/// # Ok(())
/// # }
/// ```
///
/// | variable | what it is |
/// |---|---|
/// | `model`, `provider`, `stream`, `turn` | as in the request, whatever the provider |
/// | `last_user`, `system` | texts |
/// | `messages` | each with `role` (`assistant`, `system`, `tool`, `user`) and `text` |
/// | `tools` | each with `name`, `description` and `parameters` |
/// | `tool_results` | those that the last turn brought, each with `id`, `tool` and `text` |
/// | `headers` | by name in lower case, without those that are secret |
/// | `body` | the request's JSON |
/// | `captures` | of the first expression in the rule's condition that has a match: `captures[0]` is all of it, `captures[1]` its first group, `captures.name` a named one; a group that took no part is `None` |
/// | `answer` | which answer of the rule it is, from 1 |
///
/// Beside Jinja's own functions and filters there are `random(least, most)` (both may come),
/// `pick(list)` and `uuid()`. They follow from the layer's seed and the conversation: the same
/// request gets the same text.
///
/// A variable that does not exist is refused when the template is made. What goes wrong when it is
/// filled in (`captures[7]`) becomes a `400` in the provider's envelope, which names the template,
/// the line and the cause.
pub struct Template {
    name: Arc<str>,
    env: Environment<'static>,
    /// The variables that it speaks of.
    used: Vec<&'static str>,
    pieces: Vec<Piece>,
}

/// A part of the reply, by the name of its template.
#[derive(Debug)]
enum Piece {
    Text(String),
    ToolCall { tool: String, arguments: String },
}

/// Steps that a template may take: a loop in it ends.
const FUEL: u64 = 1_000_000;

impl Template {
    /// A text.
    ///
    /// # Panics
    ///
    /// If it is no template, or speaks of a variable that there is not.
    #[must_use]
    #[track_caller]
    pub fn new(source: &str) -> Self {
        let opening: String = source.chars().take(24).collect();
        Self::named(if opening.len() < source.len() { opening + "…" } else { opening }, source)
    }

    /// A text. Messages call the template by this name, in place of its first words.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    #[track_caller]
    pub fn named(name: impl Into<String>, source: &str) -> Self {
        Self::parse(name, source).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A text whose template comes from outside.
    ///
    /// # Errors
    ///
    /// If it is no template, or speaks of a variable that there is not: the message has its name,
    /// the line and the reason. It [`is_config`](Error::is_config).
    ///
    /// ```
    /// use tower_mock_llm::respond::Template;
    ///
    /// let error = Template::parse("greeting", "Hello,\n{{ nmae }}").unwrap_err();
    /// let why = "template `greeting`: there is no variable or function `nmae`; there are: answer,";
    /// assert!(error.to_string().starts_with(why), "{error}");
    /// let error = Template::parse("greeting", "Hello,\n{{ model").unwrap_err();
    /// assert!(error.to_string().starts_with("template `greeting`, line 2: syntax error: "), "{error}");
    /// ```
    pub fn parse(name: impl Into<String>, source: &str) -> Result<Self, Error> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        env.add_filter("tojson", json);
        let name = name.into().into();
        Self { name, env, used: Vec::new(), pieces: Vec::new() }.text(source)
    }

    /// Appends a call of `tool`; the template of its arguments makes a JSON object, which is sent as
    /// it is written, with the filter `tojson` for what is to be quoted.
    ///
    /// ```
    /// use tower_mock_llm::respond::Template;
    ///
    /// let look = Template::new("I will look.")
    ///     .tool_call("search", r#"{"query": {{ last_user | tojson }}, "limit": {{ random(1, 9) }}}"#);
    /// # let _ = look;
    /// ```
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    #[track_caller]
    pub fn tool_call(mut self, tool: impl Into<String>, arguments: &str) -> Self {
        let tool = tool.into();
        match self.add(arguments) {
            Ok(arguments) => self.pieces.push(Piece::ToolCall { tool, arguments }),
            Err(error) => panic!("in the arguments of {tool:?}: {error}"),
        }
        self
    }

    /// The same of a template that comes from outside.
    #[cfg(feature = "config")]
    pub(crate) fn try_tool_call(mut self, tool: &str, arguments: &str) -> Result<Self, Error> {
        let arguments = self.add(arguments)?;
        self.pieces.push(Piece::ToolCall { tool: tool.to_owned(), arguments });
        Ok(self)
    }

    fn text(mut self, source: &str) -> Result<Self, Error> {
        if !source.is_empty() {
            let text = self.add(source)?;
            self.pieces.push(Piece::Text(text));
        }
        Ok(self)
    }

    /// Takes one template in: under which name.
    fn add(&mut self, source: &str) -> Result<String, Error> {
        let key = self.pieces.len().to_string();
        let added = self.env.add_template_owned(key.clone(), source.to_owned());
        let template = added.and_then(|()| self.env.get_template(&key));
        let template = template.map_err(|error| Error::config(why(&self.name, &error)))?;
        for wanted in template.undeclared_variables(false) {
            if let Some(known) = scope::NAMES.iter().find(|name| **name == wanted) {
                if !self.used.contains(known) {
                    self.used.push(known);
                }
            } else if self.env.globals().all(|(global, _)| global != wanted) {
                return Err(Error::config(format!(
                    "template `{}`: there is no variable or function `{wanted}`; there are: {}",
                    self.name,
                    scope::NAMES.join(", "),
                )));
            }
        }
        Ok(key)
    }

    fn reply(&self, request: &LlmRequest, cue: &Cue<'_>) -> Result<Reply, String> {
        let scope = scope::of(request, cue, &self.used);
        let fill = |key: &str| {
            let template = self.env.get_template(key);
            let filled = template.and_then(|template| template.render(scope.clone()));
            filled.map_err(|error| why(&self.name, &error))
        };
        let mut reply = Reply::empty();
        for piece in &self.pieces {
            reply = reply.part(match piece {
                Piece::Text(key) => Part::Text(fill(key)?.into()),
                Piece::ToolCall { tool, arguments } => {
                    let text = fill(arguments)?;
                    let object = serde_json::from_str::<Box<RawValue>>(&text)
                        .ok()
                        .filter(|json| json.get().starts_with('{'));
                    let Some(object) = object else {
                        return Err(format!(
                            "template `{}`: the arguments of tool {tool:?} are no JSON object: {text}",
                            self.name
                        ));
                    };
                    Part::ToolCall(ToolCall::new(tool.as_str(), object))
                }
            });
        }
        Ok(reply)
    }
}

/// What is wrong, where, and why.
fn why(name: &str, error: &minijinja::Error) -> String {
    let mut text = format!("template `{name}`");
    if let Some(line) = error.line() {
        text.push_str(&format!(", line {line}"));
    }
    text.push_str(&format!(": {}", error.kind()));
    if let Some(detail) = error.detail() {
        text.push_str(&format!(": {detail}"));
    }
    text
}

/// Jinja's own makes a text safe for HTML too.
fn json(value: &Value) -> Result<String, minijinja::Error> {
    serde_json::to_string(value).map_err(|error| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
    })
}

impl Respond for Template {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.respond_to(request, &Cue::default())
    }

    fn respond_to(&self, request: &LlmRequest, cue: &Cue<'_>) -> Option<Answer> {
        Some(match self.reply(request, cue) {
            Ok(reply) => reply.into(),
            Err(why) => ApiError::invalid_request(format!("tower-mock-llm: {why}")).into(),
        })
    }

    fn answers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn always_answers(&self) -> bool {
        true
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("name", &self.name)
            .field("pieces", &self.pieces)
            .finish_non_exhaustive()
    }
}
