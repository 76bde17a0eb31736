//! Choosing what to say: rules first, in the order they were mounted, then the default reply.

mod condition;
mod cue;
mod default;
#[cfg(feature = "config")]
mod dressed;
mod fit;
mod hidden;
mod index;
mod mounted;
mod near_miss;
mod rule;
mod rules;
mod sayable;
#[cfg(feature = "templates")]
mod scope;
mod script;
mod states;
mod structured;
#[cfg(feature = "templates")]
mod template;
mod times;
mod tools_once;

use std::sync::Arc;

#[cfg(feature = "config")]
pub(crate) use self::condition::Boxed;
#[cfg(feature = "server")]
pub(crate) use self::condition::glob;
#[cfg(feature = "jsonpath")]
pub use self::condition::json_path;
pub use self::condition::{
    And, Condition, Explanation, Field, Json, JsonCondition, Match, Not, Number, NumberCondition,
    Or, any_message, any_message_of, api_key, audio, file, first_user, header, image, json,
    last_assistant, last_user, max_tokens, message, messages, metadata, model, model_name, n,
    operation, provider, query, response_schema, seed, streaming, system, temperature, tool_choice,
    tool_offered, tool_result, tool_result_for, tool_result_of, tool_schema, top_p, turn,
    turn_number, wants_json,
};
pub(crate) use self::cue::Cue;
pub use self::default::DefaultReply;
#[cfg(feature = "config")]
pub(crate) use self::dressed::Dressed;
pub(crate) use self::fit::{Misfits, is_free, misfit};
pub use self::hidden::HiddenRule;
pub use self::near_miss::NearMiss;
pub use self::rule::{Rule, RuleBuilder};
pub use self::rules::RuleId;
#[cfg(feature = "server")]
pub(crate) use self::rules::{Overview, Saved};
pub(crate) use self::rules::{RuleName, Rules};
pub(crate) use self::sayable::why;
pub use self::script::Script;
pub use self::states::STARTED;
pub use self::structured::StructuredOutput;
#[cfg(feature = "templates")]
pub use self::template::Template;
pub use self::times::Times;
pub use self::tools_once::CallToolsOnce;
use crate::provider::Operation;
use crate::reply::{
    Answer, ApiError, Embeddings, IntoAnswer, Models, NoAnswer, Output, RawResponse, Reply,
    TokenCount,
};
use crate::request::LlmRequest;

/// Something that answers requests, or leaves them to the next: a text, a [`Reply`], an
/// [`ApiError`], a closure over the request.
///
/// ```
/// use tower_mock_llm::{Answer, LlmRequest, Respond, Rule};
///
/// struct Parrot;
///
/// impl Respond for Parrot {
///     fn respond(&self, request: &LlmRequest) -> Option<Answer> {
///         Some(request.last_user().into_owned().into())
///     }
/// }
///
/// let rule = Rule::always().respond_with(Parrot);
/// # let _ = rule;
/// ```
pub trait Respond: Send + Sync + 'static {
    /// The answer, or `None` to leave the request to the next rule.
    fn respond(&self, request: &LlmRequest) -> Option<Answer>;

    /// The answer, told more than the request: for what the crate itself brings along.
    #[doc(hidden)]
    fn respond_to(&self, request: &LlmRequest, _: &Cue<'_>) -> Option<Answer> {
        self.respond(request)
    }

    /// Whether it answers every request, so that nothing after it is ever asked. Say `true` only
    /// of what never passes: rules that cannot be reached are reported by it.
    fn always_answers(&self) -> bool {
        false
    }

    /// Whether what it says can answer such a call. A [`Reply`] cannot answer a request for
    /// embeddings: that goes to the next rule. The default is yes: an answer of the wrong kind is
    /// passed over when it was given.
    fn answers(&self, operation: Operation) -> bool {
        let _ = operation;
        true
    }

    /// What it has to say and has not said yet, in words, for
    /// [`Rule::expect_all`]: `turn 2` of a [`Script`].
    fn unsaid(&self) -> Vec<String> {
        Vec::new()
    }

    /// The replies that it is known to say whatever it is asked, so that a rule which no provider
    /// has words for is refused when it is mounted. The default is none: those are looked at when
    /// they are said.
    fn says(&self) -> Vec<&Reply> {
        Vec::new()
    }
}

/// A responder of which the reply is known.
struct Known(Arc<Reply>, Box<dyn Respond>);

impl Respond for Known {
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self.1.respond(request)
    }

    fn says(&self) -> Vec<&Reply> {
        vec![&self.0]
    }
}

impl<F, R> Respond for F
where
    F: Fn(&LlmRequest) -> R + Send + Sync + 'static,
    R: IntoAnswer,
{
    fn respond(&self, request: &LlmRequest) -> Option<Answer> {
        self(request).into_answer()
    }
}

/// The same reply each time, shared.
impl Respond for Arc<Reply> {
    fn respond(&self, _: &LlmRequest) -> Option<Answer> {
        Some(Self::clone(self).into())
    }

    fn always_answers(&self) -> bool {
        true
    }

    fn answers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn says(&self) -> Vec<&Reply> {
        vec![self]
    }
}

/// The same each time, shared.
impl Respond for Arc<Output> {
    fn respond(&self, _: &LlmRequest) -> Option<Answer> {
        Some(Self::clone(self).into())
    }

    fn always_answers(&self) -> bool {
        true
    }

    fn answers(&self, operation: Operation) -> bool {
        operation == self.operation()
    }
}

impl Respond for ApiError {
    fn respond(&self, _: &LlmRequest) -> Option<Answer> {
        Some(self.clone().into())
    }

    fn always_answers(&self) -> bool {
        true
    }
}

impl Respond for RawResponse {
    fn respond(&self, _: &LlmRequest) -> Option<Answer> {
        Some(self.clone().into())
    }

    fn always_answers(&self) -> bool {
        true
    }
}

impl Respond for NoAnswer {
    fn respond(&self, _: &LlmRequest) -> Option<Answer> {
        Some((*self).into())
    }

    fn always_answers(&self) -> bool {
        true
    }
}

/// What [`respond_with`](RuleBuilder::respond_with) takes: everything that is a [`Respond`], and
/// what becomes one.
pub trait IntoRespond {
    /// The responder.
    fn into_respond(self) -> Box<dyn Respond>;
}

impl<T: Respond> IntoRespond for T {
    fn into_respond(self) -> Box<dyn Respond> {
        Box::new(self)
    }
}

impl IntoRespond for Reply {
    fn into_respond(self) -> Box<dyn Respond> {
        Box::new(Arc::new(self))
    }
}

impl IntoRespond for Output {
    fn into_respond(self) -> Box<dyn Respond> {
        Box::new(Arc::new(self))
    }
}

impl IntoRespond for Embeddings {
    fn into_respond(self) -> Box<dyn Respond> {
        Output::from(self).into_respond()
    }
}

impl IntoRespond for Models {
    fn into_respond(self) -> Box<dyn Respond> {
        Output::from(self).into_respond()
    }
}

impl IntoRespond for TokenCount {
    fn into_respond(self) -> Box<dyn Respond> {
        Output::from(self).into_respond()
    }
}

impl IntoRespond for &str {
    fn into_respond(self) -> Box<dyn Respond> {
        Reply::text(self).into_respond()
    }
}

impl IntoRespond for String {
    fn into_respond(self) -> Box<dyn Respond> {
        Reply::text(self).into_respond()
    }
}

/// A reply, error or text with its pace and fault: each time the same. One given as a
/// [`ReplyStream`](crate::ReplyStream) can be said only once; later requests go to the next rule.
/// Make a stream anew for each request with [`respond_fn`](RuleBuilder::respond_fn).
impl IntoRespond for Answer {
    fn into_respond(self) -> Box<dyn Respond> {
        use crate::reply::Say;
        let Self { say, pace, fault, unchecked } = self;
        let dressed =
            move |say| Answer { say, pace: pace.clone(), fault: fault.clone(), unchecked };
        match say {
            Say::Error(error) => Box::new(move |_: &LlmRequest| dressed(Say::Error(error.clone()))),
            #[cfg(feature = "cassette")]
            Say::Live(_) | Say::Recorded(_) => unreachable!("only the line itself asks a cassette"),
            Say::Output(output) => {
                Box::new(move |_: &LlmRequest| dressed(Say::Output(Arc::clone(&output))))
            }
            Say::NoAnswer(how) => Box::new(move |_: &LlmRequest| dressed(Say::NoAnswer(how))),
            Say::Raw(response) => {
                Box::new(move |_: &LlmRequest| dressed(Say::Raw(response.clone())))
            }
            Say::Reply(reply) => {
                let known = Arc::clone(&reply);
                let respond = move |_: &LlmRequest| dressed(Say::Reply(Arc::clone(&reply)));
                Box::new(Known(known, Box::new(respond)))
            }
            Say::Stream(stream) => {
                let stream = std::sync::Mutex::new(Some(stream));
                Box::new(move |request: &LlmRequest| {
                    if request.operation() != Operation::Chat {
                        return None;
                    }
                    let taken = stream.lock().unwrap_or_else(|poison| poison.into_inner()).take();
                    taken.map(|stream| dressed(Say::Stream(stream)))
                })
            }
        }
    }
}
