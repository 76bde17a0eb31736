//! A chat completion as one body.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Response;

use super::completion::{Choice, Function, Message, ToolCall, completion, finish_reason};
use super::extra::{Fields, annotations, spoken};
use super::identity::{Fingerprint, Identity, call_id, of_choice};
use super::logprobs::{Logprobs, TokenLogprob, tokens};
use super::{TIERS, headers};
use crate::provider::{Context, Entropy};
use crate::reply::{Finish, Part, Reply, Usage};
use crate::wire::{Hole, JsonStyle, Template, digits, hole, put_number, put_ordinary, put_text};

pub(super) fn unary(cx: &Context<'_>, reply: &Reply) -> Response<Bytes> {
    let identity = Identity::of(cx);
    let body = match reply.parts() {
        [Part::Text(text)]
            if identity.is_common()
                && text.citations().is_empty()
                && cx.usage == Usage::new(cx.usage.input, cx.usage.output)
                && reply.choices().nth(1).is_none() =>
        {
            plain(&identity, text.as_str(), &reply.finish_reason(), cx.usage)
        }
        _ => full(&identity, reply, cx),
    };
    let mut response = Response::new(body);
    *response.headers_mut() =
        headers::answer(cx.entropy, cx.usage.input, cx.levels, "application/json");
    response
}

/// Any reply.
fn full(identity: &Identity<'_>, reply: &Reply, cx: &Context<'_>) -> Bytes {
    let said: Vec<_> = reply
        .choices()
        .enumerate()
        .map(|(index, choice)| Said::of(identity, index, choice))
        .collect();
    let choices: Vec<_> = said.iter().map(|said| said.choice(identity)).collect();
    STYLE.to_vec(&completion(identity, &choices, cx.usage)).into()
}

/// A choice, its texts put together.
struct Said<'a> {
    index: usize,
    reply: &'a Reply,
    content: String,
    refusal: String,
    ids: Vec<String>,
}

impl<'a> Said<'a> {
    fn of(identity: &Identity<'_>, index: usize, reply: &'a Reply) -> Self {
        let entropy = of_choice(identity.entropy, index);
        let (mut content, mut refusal, mut ids) = (String::new(), String::new(), Vec::new());
        for part in reply.parts() {
            match part {
                // Not shown by this API; its tokens are counted.
                Part::Reasoning(_) => {}
                Part::Refusal(text) => refusal.push_str(text),
                Part::Text(text) => content.push_str(text.as_str()),
                Part::ToolCall(call) => ids.push(call_id(entropy, ids.len(), call.id())),
                // Said below, or named by `can_say`.
                _ => {}
            }
        }
        Self { index, reply, content, refusal, ids }
    }

    fn choice(&self, identity: &Identity<'_>) -> Choice<'_> {
        let entropy = of_choice(identity.entropy, self.index);
        let calls = self.reply.parts().iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        });
        let tool_calls: Vec<_> = calls
            .zip(&self.ids)
            .map(|(call, id)| ToolCall {
                index: None,
                id: Some(id),
                r#type: Some("function"),
                function: Function { name: Some(call.name()), arguments: call.arguments() },
            })
            .collect();
        let audio = spoken(self.reply, entropy, identity.created);
        let says_else = !tool_calls.is_empty() || !self.refusal.is_empty() || audio.is_some();
        let content = (!says_else || !self.content.is_empty()).then_some(self.content.as_str());
        let refusal = (!self.refusal.is_empty()).then_some(self.refusal.as_str());
        let logprobs = identity.has_logprobs.then(|| {
            let top = identity.top_logprobs?;
            (content.is_some() || refusal.is_some()).then(|| Logprobs {
                content: content.map(|_| self.tokens(top, entropy, text_of)),
                refusal: refusal.map(|_| self.tokens(top, entropy, refusal_of)),
            })
        });
        Choice {
            index: self.index,
            message: Message {
                role: "assistant",
                content,
                tool_calls,
                refusal,
                audio,
                annotations: annotations(self.reply),
                raw: Fields::of(self.reply),
            },
            logprobs,
            finish_reason: finish_reason(&self.reply.finish_reason()),
        }
    }

    /// The tokens of some of the parts: none reaches over the end of its part, as in a stream.
    fn tokens(
        &self,
        top: usize,
        entropy: Entropy,
        text: fn(&Part) -> Option<&str>,
    ) -> Vec<TokenLogprob<'_>> {
        let mut found = Vec::new();
        let mut start = 0;
        for text in self.reply.parts().iter().filter_map(text) {
            found.extend(tokens(text, start, top, entropy));
            start += text.len();
        }
        found
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    }
}

fn refusal_of(part: &Part) -> Option<&str> {
    match part {
        Part::Refusal(text) => Some(text),
        _ => None,
    }
}

/// A reply that is one text and ends naturally: nearly all are. From a template, since to
/// serialize and indent the whole costs three times as much as the rest of the answer.
fn plain(identity: &Identity<'_>, text: &str, finish: &Finish, usage: Usage) -> Bytes {
    let template =
        &PLAIN[usize::from(identity.has_logprobs)][usize::from(identity.fingerprint.is_some())];
    let (finish, tokens) = (finish_reason(finish), [usage.input, usage.output, usage.total()]);
    let (id, fingerprint) = (
        identity.id.as_bytes(),
        identity.fingerprint.as_ref().map_or(&[][..], Fingerprint::as_bytes),
    );
    // To the byte, unless something is escaped: what has room to spare is not shared as it is.
    let texts = [id, identity.model.as_bytes(), text.as_bytes(), fingerprint, finish.as_bytes()];
    let length = template.len()
        + texts.iter().map(|text| 2 + text.len()).sum::<usize>()
        + digits(identity.created)
        + tokens.iter().map(|count| digits(*count)).sum::<usize>()
        - if identity.fingerprint.is_none() { 2 } else { 0 };
    let mut out = Vec::with_capacity(length);
    let mut tokens = tokens.into_iter();
    template.render(&mut out, |hole, out| match hole {
        Hole::Text(ID) => put_ordinary(out, id),
        Hole::Text(MODEL) => put_text(out, identity.model),
        Hole::Text(TEXT) => put_text(out, text),
        Hole::Text(FINGERPRINT) => put_ordinary(out, fingerprint),
        Hole::Text(_) => put_ordinary(out, finish.as_bytes()),
        Hole::Number(CREATED) => put_number(out, identity.created),
        Hole::Number(_) => put_number(out, tokens.next().unwrap_or_default()),
    });
    out.into()
}

const ID: u8 = 0;
const MODEL: u8 = 1;
const TEXT: u8 = 2;
const FINGERPRINT: u8 = 3;
const FINISH: u8 = 4;
const CREATED: u8 = 0;
const COUNT: u8 = 1;

/// By whether there are logprobs, then by whether there is a fingerprint.
static PLAIN: LazyLock<[[Template; 2]; 2]> = LazyLock::new(|| {
    [false, true].map(|has_logprobs| {
        [false, true].map(|has_fingerprint| {
            let identity = Identity {
                id: hole::text(ID).into(),
                created: hole::number(CREATED),
                model: hole::text(MODEL),
                has_logprobs,
                top_logprobs: None,
                fingerprint: has_fingerprint.then(|| hole::text(FINGERPRINT).into()),
                tier: Some(TIERS[0]),
                speaks: false,
                entropy: Entropy::new(0),
            };
            let choices = [Choice {
                index: 0,
                message: said(hole::text(TEXT)),
                logprobs: has_logprobs.then_some(None),
                finish_reason: hole::text(FINISH),
            }];
            let mut completion = completion(&identity, &choices, Usage::new(0, 0));
            completion.usage.prompt_tokens = hole::number(COUNT);
            completion.usage.completion_tokens = hole::number(COUNT);
            completion.usage.total_tokens = hole::number(COUNT);
            Template::compile(&STYLE.to_vec(&completion))
        })
    })
});

fn said(text: &str) -> Message<'_> {
    Message { role: "assistant", content: Some(text), ..Message::default() }
}

pub(super) const STYLE: JsonStyle = JsonStyle::INDENT2.with_newline();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden;

    #[test]
    fn the_template_says_what_the_struct_says() {
        for model in ["gpt-4o", "gpt-5-mini", "o3"] {
            for text in ["", "plain", "\"quotes\" \\ and\nlines \u{1} é 👋"] {
                let request = super::super::tests::asked(model);
                let reply = Reply::text(text).finish(Finish::Length).usage(Usage::new(11, 22));
                let cx = golden::context(&request, &reply);
                let identity = Identity::of(&cx);
                let usage = Usage::new(11, 22);
                let template = plain(&identity, text, &Finish::Length, usage);
                assert_eq!(template, full(&identity, &reply, &cx));
            }
        }
    }
}
