//! The suite that every provider's room must pass: the built-in ones, and yours.
//!
//! [`check`] holds a [`ResponseSynth`] against what the rest of the crate relies on: it claims its
//! own requests and nobody else's, understands them, never panics on bytes from outside, says the
//! same thing twice, streams what it says whole, and has a word for every kind of error. What it
//! cannot know is whether the bytes are your vendor's: compare them with recordings of your own.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use tower_mock_llm::{ApiError, LlmRequest, Reply, ResponseSynth};
//! use tower_mock_llm::conformance::{Samples, check};
//!
//! # fn acme(synth: &dyn ResponseSynth) {
//! let request = |body: &'static str| {
//!     Request::post("https://api.acme.example/v1/chat").body(Bytes::from(body)).unwrap()
//! };
//! let samples = Samples::new(
//!     request(r#"{"model":"acme-1","prompt":"Hello"}"#),
//!     request(r#"{"model":"acme-1","prompt":"Hello","stream":true}"#),
//! );
//! check(synth, &samples).unwrap();
//! # }
//! ```

mod operations;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::provider::{Call, Context, Entropy, ErrorContext, ResponseSynth, registry};
use crate::reply::{ApiError, Cursor, ErrorKind, Finish, Part, Reply, ReplyEvent};
use crate::request::{Head, LlmRequest, RequestHead};
use crate::util::rng::Rng;
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

/// Requests that the provider would accept.
#[derive(Clone, Debug)]
pub struct Samples {
    whole: Request<Bytes>,
    stream: Request<Bytes>,
    others: Vec<Request<Bytes>>,
}

impl Samples {
    /// `whole` asks for an answer in one piece, `stream` for a stream; both with the provider's own
    /// host in their URL, and with a key where it wants one.
    pub fn new(whole: Request<Bytes>, stream: Request<Bytes>) -> Self {
        Self { whole, stream, others: Vec::new() }
    }

    /// Adds a request for what is no conversation: embeddings (not as base64), a count of tokens, the
    /// list of models.
    /// Without one a room is not asked for them.
    #[must_use]
    pub fn operation(mut self, request: Request<Bytes>) -> Self {
        self.others.push(request);
        self
    }
}

/// What a room does not do as it should: a line each.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(Vec<String>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rules are not kept:", self.0.len())?;
        self.0.iter().try_for_each(|line| writeln!(f, "- {line}"))
    }
}

/// As [`Display`](fmt::Display): it is what `unwrap` prints.
impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failures {}

/// Checks a room.
///
/// # Errors
///
/// If it does not keep all rules: the message has a line for each that it breaks. Panics of the
/// room are caught and reported.
pub fn check(synth: &dyn ResponseSynth, samples: &Samples) -> Result<(), Failures> {
    let mut suite = Suite { synth, failures: Vec::new() };
    suite.claims(samples);
    for (sample, wants_stream) in [(&samples.whole, false), (&samples.stream, true)] {
        let Some((call, request)) = suite.understands(sample, wants_stream) else { continue };
        suite.survives(sample, &call);
        suite.answers(&request);
        suite.refuses(&request);
    }
    samples.others.iter().for_each(|sample| suite.operates(sample));
    suite.failures.dedup();
    if suite.failures.is_empty() { Ok(()) } else { Err(Failures(suite.failures)) }
}

struct Suite<'a> {
    synth: &'a dyn ResponseSynth,
    failures: Vec<String>,
}

impl Suite<'_> {
    fn expect(&mut self, holds: bool, rule: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(rule());
        }
    }

    /// Runs what must not panic.
    fn calmly<T>(&mut self, doing: &str, run: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(run));
        self.expect(result.is_ok(), || format!("panics while {doing}"));
        result.ok()
    }

    fn claims(&mut self, samples: &Samples) {
        let provider = self.synth.provider();
        self.expect(!provider.as_str().is_empty(), || "the provider has no name".to_owned());
        for sample in [&samples.whole, &samples.stream] {
            let host = sample.uri().host().unwrap_or_default().to_owned();
            self.expect(self.synth.owns(&host), || format!("does not own its host {host:?}"));
            let upper = host.to_ascii_uppercase();
            self.expect(self.synth.owns(&upper), || format!("tells {upper:?} from {host:?}"));
            let elsewhere = [format!("{host}.example.com"), format!("x{host}")];
            for host in elsewhere.iter().map(String::as_str).chain(["", "localhost", "example.com"])
            {
                self.expect(!self.synth.owns(host), || format!("owns {host:?}"));
            }
            let others: Vec<_> =
                registry::builtin().into_iter().filter(|o| o.provider() != provider).collect();
            for other in others {
                self.expect(!other.owns(&host), || {
                    format!("{} owns the host {host:?} too", other.provider())
                });
            }
        }
        let (parts, ()) = Request::get("/").body(()).unwrap_or_default().into_parts();
        let head = RequestHead::from(parts);
        let root = self.synth.recognize(&head.as_head());
        self.expect(root.is_none(), || "recognizes `GET /` as a call".to_owned());
    }

    fn understands(
        &mut self,
        sample: &Request<Bytes>,
        wants_stream: bool,
    ) -> Option<(Call, LlmRequest)> {
        let what = if wants_stream { "the sample stream" } else { "the sample" };
        let head = Head::of(sample);
        let call = self.calmly("it looks at a head", || self.synth.recognize(&head))?;
        self.expect(call.is_some(), || format!("does not recognize {what}"));
        let call = call?;
        let parse = || self.synth.parse(call.clone(), &head, sample.body());
        let parsed = self.calmly("it parses", parse)?;
        if let Err(error) = &parsed {
            self.expect(false, || format!("refuses {what}: {error:?}"));
        }
        let request = parsed.ok()?;
        self.expect(request.provider == self.synth.provider(), || {
            format!("gives {what} to the provider {}", request.provider)
        });
        self.expect(!request.model.is_empty(), || format!("finds no model in {what}"));
        self.expect(!request.messages.is_empty(), || format!("finds no message in {what}"));
        self.expect(request.stream == wants_stream, || {
            format!("takes {what} for {}", if request.stream { "a stream" } else { "no stream" })
        });
        self.expect(request.body == *sample.body(), || format!("does not keep the body of {what}"));
        Some((call, request))
    }

    /// Bytes from outside: cut, mangled, deep, huge, not UTF-8.
    fn survives(&mut self, sample: &Request<Bytes>, call: &Call) {
        const LETTERS: &[u8] = b"{}[]\",:0-nt\\u\xff \x00";
        let head = Head::of(sample);
        let body = sample.body();
        let mut soups: Vec<Vec<u8>> = (0..body.len()).map(|end| body[..end].to_vec()).collect();
        let mut rng = Rng::new(0x736f_7570);
        for _ in 0..2000 {
            let mut soup = body.to_vec();
            for _ in 0..=rng.below(3) {
                let at = rng.below(soup.len().max(1) as u64) as usize;
                let letter = LETTERS[rng.below(LETTERS.len() as u64) as usize];
                match (soup.get_mut(at), rng.below(3)) {
                    (Some(byte), 0) => *byte = letter,
                    (Some(_), 1) => soup.insert(at, letter),
                    (Some(_), _) => drop(soup.remove(at)),
                    (None, _) => {}
                }
            }
            soups.push(soup);
        }
        for deep in ["[", "{\"messages\":", "{\"contents\":[{\"parts\":[", "[{\"a\":"] {
            soups.push(deep.repeat(100_000).into_bytes());
        }
        for soup in soups {
            let soup = Bytes::from(soup);
            let parse = || self.synth.parse(call.clone(), &head, &soup).map(drop);
            let Ok(result) = catch_unwind(AssertUnwindSafe(parse)) else {
                let start = String::from_utf8_lossy(&soup[..soup.len().min(200)]).into_owned();
                self.expect(false, || format!("panics while it parses {start:?}"));
                return;
            };
            if let Err(error) = result {
                self.renders(&error, &head, Some(call));
            }
        }
    }

    fn answers(&mut self, request: &LlmRequest) {
        for (name, reply) in replies() {
            let reply = Arc::new(reply);
            let said = Said::of(&reply);
            if request.stream {
                let doing = format!("it streams {name}");
                let run = |seed| {
                    let cx = context_of(request, &reply, seed);
                    stream(self.synth, &cx, Arc::clone(&reply))
                };
                let Some((head, frames)) = self.calmly(&doing, || run(1)) else { continue };
                let again = self.calmly(&doing, || run(1));
                self.expect(
                    again.is_some_and(|again| again == (head.clone(), frames.clone())),
                    || format!("streams {name} differently the second time"),
                );
                let other = self.calmly(&doing, || run(2));
                self.expect(
                    other.is_some_and(|other| other != (head.clone(), frames.clone())),
                    || format!("streams {name} alike whatever the entropy is"),
                );
                self.expect(head.contains("200"), || format!("streams {name} without status 200"));
                self.expect(!frames.is_empty(), || format!("streams {name} without a frame"));
                let whole: Vec<u8> = frames.iter().flatten().copied().collect();
                self.expect(frames.iter().all(|frame| !frame.is_empty()), || {
                    format!("streams {name} with an empty frame")
                });
                if let Some(heard) = hear(&whole) {
                    self.expect(said.is_in(&heard), || {
                        format!("streams {name}, and what it says is not all there")
                    });
                }
            } else {
                let doing = format!("it answers {name}");
                let run = |seed| {
                    let cx = context_of(request, &reply, seed);
                    let response = self.synth.unary(&cx, &reply);
                    let (parts, body) = response.into_parts();
                    (format!("{} {:?}", parts.status, parts.headers), body)
                };
                let Some((head, body)) = self.calmly(&doing, || run(1)) else { continue };
                let again = self.calmly(&doing, || run(1));
                self.expect(
                    again.is_some_and(|again| again == (head.clone(), body.clone())),
                    || format!("answers {name} differently the second time"),
                );
                let other = self.calmly(&doing, || run(2));
                self.expect(
                    other.is_some_and(|other| other != (head.clone(), body.clone())),
                    || format!("answers {name} alike whatever the entropy is"),
                );
                self.expect(head.contains("200"), || format!("answers {name} without status 200"));
                self.expect(head.contains(header::CONTENT_TYPE.as_str()), || {
                    format!("answers {name} without a content type")
                });
                if let Some(heard) = hear(&body) {
                    self.expect(said.is_in(&heard), || {
                        format!("answers {name}, and what it says is not all there")
                    });
                }
            }
        }
    }

    fn refuses(&mut self, request: &LlmRequest) {
        let head = request.head.as_head();
        for kind in ErrorKind::ALL {
            self.renders(&ApiError::new(kind), &head, Some(&request.call));
        }
        let by_hand = ApiError::server().message("by hand").status(StatusCode::IM_A_TEAPOT);
        let cx = ErrorContext::of(request, CREATED, Entropy::new(1));
        if let Some(response) = self.calmly("it refuses", || self.synth.error(&cx, &by_hand)) {
            self.expect(response.status() == StatusCode::IM_A_TEAPOT, || {
                "does not keep a status given by hand".to_owned()
            });
            let body = String::from_utf8_lossy(response.body()).into_owned();
            self.expect(body.contains("by hand"), || {
                "does not keep a message given by hand".to_owned()
            });
        }
    }

    fn renders(&mut self, error: &ApiError, head: &Head<'_>, call: Option<&Call>) {
        let entropy = Entropy::new(1);
        let cx = ErrorContext {
            call,
            request: None,
            head: *head,
            entropy,
            created: CREATED,
            levels: None,
        };
        let kind = error.kind;
        let Some(response) = self.calmly("it refuses", || self.synth.error(&cx, error)) else {
            return;
        };
        let status = response.status();
        self.expect(status.is_client_error() || status.is_server_error(), || {
            format!("says {status} for {kind:?}")
        });
        self.expect(response.headers().contains_key(header::CONTENT_TYPE), || {
            format!("has no content type for {kind:?}")
        });
        self.expect(!response.body().is_empty(), || format!("says nothing for {kind:?}"));
    }
}

/// One of everything that a model can say.
fn replies() -> Vec<(&'static str, Reply)> {
    let call =
        json!({"city": "Zürich \"ZH\"", "days": 3, "list": [1.5, {"deep": null}], "empty": {}});
    vec![
        ("nothing", Reply::empty()),
        ("an empty text", Reply::text("")),
        ("a text", Reply::text("Hello, world! It is 12345.")),
        ("signs", Reply::text("\"quotes\" \\ tabs\t lines\r\n\n nulls \u{0} \u{2028} é 東京 👩‍👩‍👧")),
        ("a tool call", Reply::empty().tool_call("search", &call)),
        ("a call without arguments", Reply::empty().tool_call("now", json!({}))),
        (
            "text and calls in any order",
            Reply::empty()
                .tool_call("first", &call)
                .then_text("between")
                .tool_call("second", &call)
                .tool_call("third", json!({}))
                .then_text("after"),
        ),
        ("reasoning", Reply::empty().reasoning("Let me think.").then_text("Here it is.")),
        ("nothing but reasoning", Reply::empty().reasoning("Hm.")),
        ("a refusal", Reply::refusal("I can't help with that.")),
        ("a cut", Reply::text("and then").finish(Finish::Length)),
        ("a stop", Reply::text("one").finish(Finish::StopSequence("two".to_owned()))),
        ("a filter", Reply::text("x").finish(Finish::ContentFilter)),
        ("another model", Reply::text("x").model("the-other-model")),
    ]
}

/// What must be heard of a reply: the texts in order, the tools in order.
struct Said {
    texts: Vec<String>,
    /// Names, and arguments as a value and as text.
    calls: Vec<(String, Value, String)>,
}

impl Said {
    fn of(reply: &Reply) -> Self {
        let mut said = Self { texts: Vec::new(), calls: Vec::new() };
        for part in reply.parts() {
            match part {
                Part::Text(text) => said.texts.push(text.as_str().to_owned()),
                Part::ToolCall(call) => {
                    let arguments = serde_json::from_str(call.arguments()).unwrap_or_default();
                    let text = call.arguments().to_owned();
                    said.calls.push((call.name().to_owned(), arguments, text));
                }
                // Some vendors do not show these.
                _ => {}
            }
        }
        said
    }

    /// Whether all of it is among the strings and objects that were heard, in order.
    fn is_in(&self, heard: &Heard) -> bool {
        let is_heard = |text: &String| heard.strings.iter().any(|string| string.contains(text));
        let texts =
            is_within(&self.texts.concat(), &heard.strings) || self.texts.iter().all(is_heard);
        let calls = self.calls.iter().all(|(name, arguments, text)| {
            let says = |text: &String| heard.strings.iter().any(|string| string.contains(text));
            let all = heard.objects.contains(arguments)
                || says(text)
                || is_within(text, &heard.strings)
                || heard.spelled(arguments);
            says(name) && all
        });
        texts && calls
    }
}

/// Every string and object in a JSON body or in the data of an event stream.
#[derive(Debug, Default)]
struct Heard {
    strings: Vec<String>,
    objects: Vec<Value>,
}

impl Heard {
    fn listen(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.listen(item)),
            Value::Object(fields) => {
                self.objects.push(value.clone());
                fields.values().for_each(|field| self.listen(field));
            }
            Value::String(text) => self.strings.push(text.clone()),
            _ => {}
        }
    }

    /// Whether some run of strings spells JSON of this value.
    fn spelled(&self, wanted: &Value) -> bool {
        (0..self.strings.len()).any(|start| {
            let mut text = String::new();
            self.strings[start..].iter().take(400).any(|piece| {
                // Ids and words of the envelope stand between fragments of arguments.
                let is_word =
                    piece.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
                if !text.is_empty() && is_word && piece.len() > 12 {
                    return false;
                }
                text.push_str(piece);
                serde_json::from_str::<Value>(&text).is_ok_and(|value| value == *wanted)
            })
        })
    }
}

/// `None` for what is neither JSON nor an event stream of JSON.
fn hear(bytes: &[u8]) -> Option<Heard> {
    let mut heard = Heard::default();
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        heard.listen(&value);
        return Some(heard);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let data = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:").or(line.strip_prefix('{').map(|_| line)));
    for value in data.filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok()) {
        heard.listen(&value);
    }
    Some(heard)
}

/// Whether `text` can be put together from the beginnings of some of `pieces`, in order.
fn is_within(text: &str, pieces: &[String]) -> bool {
    let mut rest = text;
    for piece in pieces {
        if rest.is_empty() {
            break;
        }
        if !piece.is_empty() {
            rest = rest.strip_prefix(piece.as_str()).unwrap_or(rest);
        }
    }
    rest.is_empty()
}

/// 2026-01-01.
const CREATED: u64 = 1_767_225_600;

fn context_of<'a>(request: &'a LlmRequest, reply: &'a Reply, seed: u64) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: CREATED,
        entropy: Entropy::new(seed),
        levels: None,
        reply,
    }
}

/// The head, and the frames one by one.
fn stream(
    synth: &dyn ResponseSynth,
    cx: &Context<'_>,
    reply: Arc<Reply>,
) -> (String, Vec<Vec<u8>>) {
    let (parts, mut encoder) = synth.stream(cx).into_parts();
    let mut cursor = Cursor::new(reply, cx.usage, Chunking::Tokens);
    let mut frames = FrameBuf::new();
    let mut taken = Vec::new();
    while let Some(event) = cursor.next() {
        let is_end = matches!(event, ReplyEvent::End { .. });
        encoder.encode(event, &mut frames);
        while let Some(frame) = frames.take_frame() {
            taken.push(frame.to_vec());
        }
        if is_end {
            break;
        }
    }
    (format!("{} {:?}", parts.status, parts.headers), taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::StreamEncoder;

    fn samples(provider: &str) -> Samples {
        let request = |url: &str, key: &str, body: Value| {
            Request::post(url)
                .header(key, if key == "authorization" { "Bearer sk-test" } else { "test" })
                .header("anthropic-version", "2023-06-01")
                .body(Bytes::from(body.to_string()))
                .unwrap()
        };
        let get = |url: &str, key: &str| {
            let mut get = request(url, key, json!(null)).map(|_| Bytes::new());
            *get.method_mut() = http::Method::GET;
            get
        };
        let messages = json!([
            {"role": "user", "content": "Hello \"there\""},
            {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "user", "content": [{"type": "text", "text": "Again"}]},
        ]);
        match provider {
            "openai" => {
                let url = "https://api.openai.com/v1/chat/completions";
                let body = |stream| json!({"model": "gpt-4o", "messages": messages, "stream": stream, "temperature": 0.5});
                Samples::new(
                    request(url, "authorization", body(false)),
                    request(url, "authorization", body(true)),
                )
                .operation(request(
                    "https://api.openai.com/v1/embeddings",
                    "authorization",
                    json!({"model": "m", "input": ["one", "two"], "dimensions": 3}),
                ))
                .operation(get("https://api.openai.com/v1/models", "authorization"))
                .operation(get("https://api.openai.com/v1/models/m", "authorization"))
            }
            "anthropic" => {
                let url = "https://api.anthropic.com/v1/messages";
                let body = |stream| json!({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": messages, "stream": stream});
                Samples::new(
                    request(url, "x-api-key", body(false)),
                    request(url, "x-api-key", body(true)),
                )
                .operation(request(
                    "https://api.anthropic.com/v1/messages/count_tokens",
                    "x-api-key",
                    json!({"model": "claude-haiku-4-5", "messages": messages}),
                ))
                .operation(get("https://api.anthropic.com/v1/models", "x-api-key"))
                .operation(get("https://api.anthropic.com/v1/models/m", "x-api-key"))
            }
            "gemini" => {
                let url =
                    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:";
                let body = json!({
                    "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
                    "generationConfig": {"temperature": 0.5},
                });
                let content = json!({"content": {"parts": [{"text": "Hello"}]}});
                Samples::new(
                    request(&format!("{url}generateContent"), "x-goog-api-key", body.clone()),
                    request(
                        &format!("{url}streamGenerateContent?alt=sse"),
                        "x-goog-api-key",
                        body.clone(),
                    ),
                )
                .operation(request(&format!("{url}countTokens"), "x-goog-api-key", body))
                .operation(request(
                    &format!("{url}embedContent"),
                    "x-goog-api-key",
                    content.clone(),
                ))
                .operation(request(
                    &format!("{url}batchEmbedContents"),
                    "x-goog-api-key",
                    json!({"requests": [content]}),
                ))
                .operation(get(url.trim_end_matches("/gemini-2.5-flash:"), "x-goog-api-key"))
                .operation(get(url.trim_end_matches(':'), "x-goog-api-key"))
            }
            other => panic!("the room {other} needs samples here"),
        }
    }

    #[test]
    fn every_built_in_room_keeps_the_rules() {
        for room in registry::builtin() {
            let provider = room.provider();
            if let Err(failures) = check(room.as_ref(), &samples(provider.as_str())) {
                panic!("{provider}: {failures}");
            }
        }
    }

    #[test]
    fn a_room_that_breaks_rules_is_found_out() {
        let openai = registry::builtin().remove(0);
        let failures = check(openai.as_ref(), &samples("anthropic")).unwrap_err().to_string();
        assert!(failures.contains("does not own its host \"api.anthropic.com\""), "{failures}");
        assert!(failures.contains("does not recognize the sample"), "{failures}");
    }

    /// OpenAI's room with one thing broken.
    #[derive(Debug)]
    struct Broken {
        room: crate::provider::Room,
        how: How,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum How {
        DropsTheLastPart,
        ForgetsErrorsByHand,
        HasNoOutput,
        IgnoresEntropy,
        PanicsOnBadJson,
    }

    impl ResponseSynth for Broken {
        fn provider(&self) -> crate::provider::Provider {
            self.room.provider()
        }

        fn owns(&self, host: &str) -> bool {
            self.room.owns(host)
        }

        fn recognize(&self, head: &Head<'_>) -> Option<Call> {
            self.room.recognize(head)
        }

        fn parse(&self, call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
            if self.how == How::PanicsOnBadJson {
                let _: Value = serde_json::from_slice(body).unwrap();
            }
            self.room.parse(call, head, body)
        }

        fn unary(&self, cx: &Context<'_>, reply: &Reply) -> http::Response<Bytes> {
            match self.how {
                How::DropsTheLastPart => {
                    let parts = reply.parts().split_last().map_or(&[][..], |(_, rest)| rest);
                    let less = parts.iter().cloned().fold(Reply::empty(), Reply::part);
                    self.room.unary(cx, &less)
                }
                How::IgnoresEntropy => {
                    self.room.unary(&Context { entropy: Entropy::new(0), ..*cx }, reply)
                }
                _ => self.room.unary(cx, reply),
            }
        }

        fn stream(&self, cx: &Context<'_>) -> http::Response<Box<dyn StreamEncoder>> {
            self.room.stream(cx)
        }

        fn output(&self, cx: &Context<'_>, output: &crate::reply::Output) -> http::Response<Bytes> {
            match self.how {
                How::HasNoOutput => crate::provider::no_words(self, cx, output),
                _ => self.room.output(cx, output),
            }
        }

        fn error(&self, cx: &ErrorContext<'_>, error: &ApiError) -> http::Response<Bytes> {
            match self.how {
                How::ForgetsErrorsByHand => self.room.error(cx, &ApiError::new(error.kind)),
                _ => self.room.error(cx, error),
            }
        }
    }

    #[test]
    fn what_is_broken_is_named() {
        for (how, words) in [
            (How::DropsTheLastPart, "answers a text, and what it says is not all there"),
            (How::ForgetsErrorsByHand, "does not keep a message given by hand"),
            (How::IgnoresEntropy, "answers a text alike whatever the entropy is"),
            (How::HasNoOutput, "answers /v1/embeddings with 500"),
            (How::PanicsOnBadJson, "panics while it parses"),
        ] {
            let room = Broken { room: registry::builtin().remove(0), how };
            let failures = check(&room, &samples("openai")).unwrap_err().to_string();
            assert!(failures.contains(words), "{how:?}: {failures}");
        }
    }
}
