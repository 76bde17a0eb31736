//! Answers, made of what was written.

use super::error::error;
use super::fault::fault;
use super::raw::raw;
use super::reply::reply;
use super::{here, only};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::TextOr;
use crate::config::words::answer::{
    Answer, AnswerMap, EmbeddingsMap, NearMissName, NoAnswerName, Said, ScriptMap, StructuredMap,
    TemplateMap,
};
use crate::reply::{Embeddings, NoAnswer, Reply, TokenCount};
use crate::respond::{
    CallToolsOnce, Dressed, IntoRespond, NearMiss, Respond, Script, StructuredOutput,
};

/// An answer by itself, which is given as often as it is asked.
pub(in crate::config) fn answer(written: &Answer) -> Result<Dressed, Fault> {
    let At { place, value } = written;
    if let TextOr::Map(map) = value
        && map.times.is_some()
    {
        let fault = Fault::new("it belongs to the answers of a rule: `first`, `then`");
        return Err(fault.at(*place).under("times"));
    }
    any(value).map_err(|fault| fault.at(*place))
}

/// The same of one that may be given several times.
pub(super) fn any(written: &TextOr<AnswerMap>) -> Result<Dressed, Fault> {
    match written {
        TextOr::Text(text) => Ok(Dressed::plain(Reply::text(text))),
        TextOr::Map(map) => said(&map.said()),
    }
}

/// What one of the kinds says, with pace and fault.
pub(super) fn said(said: &Said<'_>) -> Result<Dressed, Fault> {
    let (key, made) = only(kinds(said))?;
    let respond = made.map_err(|fault| fault.under(key))?;
    let pace = match said.pace {
        None => None,
        Some(pace) => Some(here(pace.value.parse(), pace).map_err(|f| f.under("pace"))?),
    };
    let fault = match said.fault {
        None => None,
        Some(written) => Some(fault(written).map_err(|fault| fault.under("fault"))?),
    };
    Ok(Dressed { respond, pace, fault, unchecked: said.unchecked })
}

/// Whether any of the kinds is said.
pub(super) fn is_said(said: &Said<'_>) -> bool {
    kinds(said).iter().any(|(_, kind)| kind.is_some())
}

type Made = Result<Box<dyn Respond>, Fault>;

fn kinds<'a>(said: &Said<'_>) -> [(&'a str, Option<Made>); 10] {
    fn boxed(respond: impl IntoRespond) -> Box<dyn Respond> {
        respond.into_respond()
    }
    [
        (
            "reply",
            said.reply.map(|At { place, value }| {
                reply(value).map(boxed).map_err(|fault| fault.at(*place))
            }),
        ),
        ("template", said.template.map(template)),
        ("error", said.error.map(|written| error(written).map(boxed))),
        (
            "raw",
            said.raw
                .map(|At { place, value }| raw(value).map(boxed).map_err(|fault| fault.at(*place))),
        ),
        ("no_answer", said.no_answer.map(|how| Ok(boxed(no_answer(how))))),
        (
            "script",
            said.script.map(|At { place, value }| {
                script(value).map(boxed).map_err(|fault| fault.at(*place))
            }),
        ),
        (
            "structured_output",
            said.structured_output.map(|At { place, value }| {
                structured_output(value).map(boxed).map_err(|fault| fault.at(*place))
            }),
        ),
        (
            "call_tools_once",
            said.call_tools_once.map(|written| {
                let made = CallToolsOnce::new();
                let made = if written.one_by_one { made.one_by_one() } else { made };
                Ok(boxed(match &written.then {
                    None => made,
                    Some(last) => made.then(answer(last).map_err(|fault| fault.under("then"))?),
                }))
            }),
        ),
        ("embeddings", said.embeddings.map(|written| embeddings(written).map(boxed))),
        ("token_count", said.token_count.map(|tokens| Ok(boxed(TokenCount::of(tokens))))),
    ]
}

#[cfg(feature = "templates")]
fn template(written: &At<TextOr<TemplateMap>>) -> Made {
    use crate::respond::Template;
    let At { place, value } = written;
    // Its own messages name it by its first words.
    let parse = |source: &str| {
        let opening: String = source.chars().take(24).collect();
        let name = if opening.len() < source.len() { opening + "…" } else { opening };
        Template::parse(name, source).map_err(|error| Fault::new(error.to_string()).at(*place))
    };
    let map = match value {
        TextOr::Text(text) => return parse(text).map(IntoRespond::into_respond),
        TextOr::Map(map) => map,
    };
    let mut template = parse(&map.text).map_err(|fault| fault.under("text"))?;
    for (index, At { place, value }) in map.tool_calls.iter().enumerate() {
        template = template.try_tool_call(&value.name, &value.arguments).map_err(|error| {
            let fault = Fault::new(error.to_string()).at(*place).under("arguments");
            fault.under(format!("[{index}]")).under("tool_calls")
        })?;
    }
    Ok(template.into_respond())
}

#[cfg(not(feature = "templates"))]
fn template(written: &At<TextOr<TemplateMap>>) -> Made {
    let fault = Fault::new("a template takes the feature `templates` of tower-mock-llm");
    Err(fault.at(written.place))
}

fn no_answer(how: NoAnswerName) -> NoAnswer {
    match how {
        NoAnswerName::Closed => NoAnswer::Closed,
        NoAnswerName::Dns => NoAnswer::Dns,
        NoAnswerName::Hang => NoAnswer::Hang,
        NoAnswerName::Refused => NoAnswer::Refused,
        NoAnswerName::Reset => NoAnswer::Reset,
        NoAnswerName::Tls => NoAnswer::Tls,
    }
}

fn script(written: &ScriptMap) -> Result<Script, Fault> {
    let mut script = Script::new();
    for (index, At { place, value }) in written.turns.iter().enumerate() {
        let branches = &value.0;
        for (number, branch) in branches.iter().enumerate() {
            let under = |fault: Fault| {
                let fault =
                    if branches.len() > 1 { fault.under(format!("[{number}]")) } else { fault };
                fault.at(*place).under(format!("[{index}]")).under("turns")
            };
            let (condition, respond) = match branch {
                TextOr::Text(text) => (None, Dressed::plain(Reply::text(text))),
                TextOr::Map(branch) => (
                    super::when::when(&branch.when).map_err(|f| under(f.under("when")))?,
                    said(&branch.said()).map_err(under)?,
                ),
            };
            script = match condition {
                Some(condition) => script.turn_if(crate::respond::Boxed(condition), respond),
                None if number + 1 < branches.len() => {
                    let why = "it has no `when`, so that the branches behind it are never said";
                    return Err(under(Fault::new(why)));
                }
                None => script.turn(respond),
            };
        }
        script = script.end_turn();
    }
    if written.turns.is_empty() {
        return Err(Fault::new("a script needs `turns`"));
    }
    if let Some(last) = &written.then_repeat {
        script = script.then_repeat(answer(last).map_err(|fault| fault.under("then_repeat"))?);
    }
    Ok(if written.by_call_order { script.by_call_order() } else { script })
}

fn structured_output(written: &StructuredMap) -> Result<StructuredOutput, Fault> {
    let StructuredMap { near_miss, at, seed, tool } = written;
    let mut made = StructuredOutput::new();
    if let Some(name) = near_miss {
        made = made.near_miss(match name {
            NearMissName::Empty => NearMiss::Empty,
            NearMissName::ExtraField => NearMiss::ExtraField,
            NearMissName::InvalidEnum => NearMiss::InvalidEnum,
            NearMissName::MarkdownFence => NearMiss::MarkdownFence,
            NearMissName::MissingField => NearMiss::MissingField,
            NearMissName::NotJson => NearMiss::NotJson,
            NearMissName::NullField => NearMiss::NullField,
            NearMissName::OutOfRange => NearMiss::OutOfRange,
            NearMissName::ProseAround => NearMiss::ProseAround,
            NearMissName::TrailingComma => NearMiss::TrailingComma,
            NearMissName::TruncatedJson => NearMiss::TruncatedJson,
            NearMissName::WrongType => NearMiss::WrongType,
        });
    }
    if let Some(At { place, value }) = at {
        let fault = |why: &str| Err(Fault::new(why).at(*place).under("at"));
        if near_miss.is_none() {
            return fault("it says where a `near_miss` is, and there is none");
        }
        if !value.is_empty() && !value.starts_with('/') {
            return fault("a JSON pointer begins with `/`");
        }
        made = made.at(value);
    }
    if let Some(seed) = seed {
        made = made.seed(*seed);
    }
    Ok(match tool {
        Some(tool) => made.tool(tool),
        None => made,
    })
}

fn embeddings(written: &EmbeddingsMap) -> Result<Embeddings, Fault> {
    let EmbeddingsMap { vectors, tokens, model } = written;
    let vectors = vectors.iter().map(|vector| vector.iter().map(|n| *n as f32).collect());
    let vectors: Vec<Vec<f32>> = vectors.collect();
    if vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err(Fault::new("a number is too large for a vector").under("vectors"));
    }
    let mut made = Embeddings::of(vectors);
    if let Some(tokens) = tokens {
        made = made.tokens(*tokens);
    }
    Ok(match model {
        Some(model) => made.model(model),
        None => made,
    })
}
