//! Usage that adds up: streamed as whole, counted as reported, by estimate and by a tokenizer; and
//! prompt caches, under a clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_mock_llm::reply::{Audio, Media};
use tower_mock_llm::{
    Delta, MockLlmLayer, Part, PromptCaching, Reply, ReplyStream, Rule, Tokenizer,
};

/// Where a conversation goes, and how its usage reads: input, output, reasoning, cached, total.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Room {
    Anthropic,
    Gemini,
    OpenAi,
}

const ROOMS: [Room; 3] = [Room::Anthropic, Room::Gemini, Room::OpenAi];

#[derive(Debug, Default, PartialEq)]
struct Told {
    input: u64,
    output: u64,
    reasoning: u64,
    cached: u64,
    written: u64,
    total: u64,
}

impl Room {
    fn url(self, wanted: &str) -> String {
        let gemini = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash";
        match (self, wanted) {
            (Self::Anthropic, "count") => {
                "https://api.anthropic.com/v1/messages/count_tokens".to_owned()
            }
            (Self::Anthropic, _) => "https://api.anthropic.com/v1/messages".to_owned(),
            (Self::Gemini, "count") => format!("{gemini}:countTokens"),
            (Self::Gemini, "stream") => format!("{gemini}:streamGenerateContent?alt=sse"),
            (Self::Gemini, _) => format!("{gemini}:generateContent"),
            (Self::OpenAi, _) => "https://api.openai.com/v1/chat/completions".to_owned(),
        }
    }

    /// A conversation with these texts, the user's first, then by turns.
    fn body(self, system: &str, texts: &[String], tools: bool, wanted: &str) -> Value {
        let role = |at: usize| match (at % 2, self) {
            (0, _) => "user",
            (_, Self::Gemini) => "model",
            _ => "assistant",
        };
        let texts = || texts.iter().enumerate();
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let mut body = match self {
            Self::Anthropic => json!({
                "model": "claude-haiku-4-5",
                "system": system,
                "messages": texts()
                    .map(|(at, text)| json!({"role": role(at), "content": text}))
                    .collect::<Vec<_>>(),
            }),
            Self::Gemini => json!({
                "systemInstruction": {"parts": [{"text": system}]},
                "contents": texts()
                    .map(|(at, text)| json!({"role": role(at), "parts": [{"text": text}]}))
                    .collect::<Vec<_>>(),
            }),
            Self::OpenAi => {
                let system = json!({"role": "system", "content": system});
                let rest = texts().map(|(at, text)| json!({"role": role(at), "content": text}));
                let messages: Vec<_> = std::iter::once(system).chain(rest).collect();
                json!({"model": "gpt-4o", "messages": messages})
            }
        };
        if tools {
            body["tools"] = match self {
                Self::Anthropic => json!([{"name": "look", "input_schema": schema}]),
                Self::Gemini => {
                    json!([{"functionDeclarations": [{"name": "look", "parameters": schema}]}])
                }
                Self::OpenAi => {
                    json!([{"type": "function", "function": {"name": "look", "parameters": schema}}])
                }
            };
        }
        match (self, wanted) {
            (Self::Anthropic, "count") => {}
            (Self::Anthropic, _) => {
                body["max_tokens"] = json!(20_000);
                body["stream"] = json!(wanted == "stream");
            }
            (Self::Gemini, "count") => {
                body["model"] = json!("models/gemini-2.5-flash");
                body = json!({"generateContentRequest": body});
            }
            (Self::Gemini, _) => {}
            (Self::OpenAi, _) => {
                body["stream"] = json!(wanted == "stream");
                if wanted == "stream" {
                    body["stream_options"] = json!({"include_usage": true});
                }
            }
        }
        body
    }

    /// The usage in a whole answer, or the last in a stream.
    fn told(self, answer: &str) -> Told {
        let payloads: Vec<Value> = match serde_json::from_str(answer) {
            Ok(whole) => vec![whole],
            Err(_) => answer
                .lines()
                .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
                .collect(),
        };
        let field = if self == Self::Gemini { "usageMetadata" } else { "usage" };
        let usages: Vec<&Value> = payloads
            .iter()
            .flat_map(|payload| [&payload[field], &payload["message"][field]])
            .filter(|usage| usage.is_object())
            .collect();
        let usage = *usages.last().expect(answer);
        let at = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        if self == Self::Anthropic && usages.len() == 2 {
            // The beginning of a stream tells of the prompt what its end does.
            for field in ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
            {
                assert_eq!(usages[0][field], usages[1][field], "{answer}");
            }
        }
        match self {
            Self::Anthropic => {
                let (cached, written) =
                    (at("/cache_read_input_tokens"), at("/cache_creation_input_tokens"));
                let input = at("/input_tokens") + cached + written;
                let output = at("/output_tokens");
                let reasoning = at("/output_tokens_details/thinking_tokens");
                Told { input, output, reasoning, cached, written, total: input + output }
            }
            Self::Gemini => Told {
                input: at("/promptTokenCount"),
                output: at("/candidatesTokenCount") + at("/thoughtsTokenCount"),
                reasoning: at("/thoughtsTokenCount"),
                cached: at("/cachedContentTokenCount"),
                written: 0,
                total: at("/totalTokenCount"),
            },
            Self::OpenAi => Told {
                input: at("/prompt_tokens"),
                output: at("/completion_tokens"),
                reasoning: at("/completion_tokens_details/reasoning_tokens"),
                cached: at("/prompt_tokens_details/cached_tokens"),
                written: 0,
                total: at("/total_tokens"),
            },
        }
    }

    async fn ask(self, layer: &MockLlmLayer, wanted: &str, body: &Value) -> String {
        let request = Request::post(self.url(wanted))
            .header("authorization", "Bearer sk-test")
            .header("x-api-key", "test")
            .header("x-goog-api-key", "test")
            .header("anthropic-version", "2023-06-01")
            .body(Full::<Bytes>::from(body.to_string()))
            .expect("a request");
        let response = layer.clone().into_service().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), 200, "{body}");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        String::from_utf8(body.to_vec()).expect("text")
    }
}

/// Chance without a crate.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self, words: usize) -> String {
        const WORDS: [&str; 12] = [
            "a",
            "tower",
            "of",
            "words",
            "12345",
            "don't",
            "naïve",
            "東京",
            "\"quoted\"",
            "x/y",
            "new\nline",
            "👋",
        ];
        let count = 1 + self.below(words);
        let words: Vec<_> = (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(" ")
    }

    fn texts(&mut self) -> Vec<String> {
        let turns = 1 + 2 * self.below(3);
        (0..turns).map(|_| self.text(40)).collect()
    }
}

#[tokio::test]
async fn a_count_is_the_usage_that_the_conversation_would_have() {
    let mut chance = Chance(1);
    for tokenizer in [false, true] {
        let mut layer = MockLlmLayer::new();
        if tokenizer {
            layer = layer.tokenizer(Letters::default());
        }
        for _ in 0..60 {
            let (system, texts, tools) = (chance.text(9), chance.texts(), chance.below(2) == 0);
            for (room, pointer) in
                [(Room::Anthropic, "/input_tokens"), (Room::Gemini, "/totalTokens")]
            {
                let body = |wanted| room.body(&system, &texts, tools, wanted);
                let count = room.ask(&layer, "count", &body("count")).await;
                let count: Value = serde_json::from_str(&count).unwrap();
                let whole = room.told(&room.ask(&layer, "whole", &body("whole")).await);
                assert_eq!(count.pointer(pointer).unwrap(), &json!(whole.input), "{room:?}");
            }
        }
    }
}

/// Gemini counts contents alone, too.
#[tokio::test]
async fn contents_are_counted_without_a_request_around_them() {
    let layer = MockLlmLayer::new();
    let contents = json!({"contents": [{"parts": [{"text": "What is 1 + 1?"}], "role": "user"}]});
    let count = Room::Gemini.ask(&layer, "count", &contents).await;
    let whole = Room::Gemini.told(&Room::Gemini.ask(&layer, "whole", &contents).await);
    let count: Value = serde_json::from_str(&count).unwrap();
    assert_eq!(count["totalTokens"], json!(whole.input));
    assert_eq!(count["promptTokensDetails"][0]["tokenCount"], json!(whole.input));
}

#[tokio::test]
async fn a_streams_usage_is_the_whole_answers() {
    let mut chance = Chance(2);
    for round in 0..120 {
        let mut reply = Reply::empty();
        for _ in 0..1 + chance.below(3) {
            reply = match chance.below(3) {
                0 => reply.reasoning(chance.text(20)),
                1 => reply.then_text(chance.text(60)),
                _ => reply.tool_call("look", json!({"city": chance.text(3)})),
            };
        }
        let mut layer = MockLlmLayer::new().rule(Rule::always().respond_with(reply.clone()));
        if round % 2 == 0 {
            layer = layer.tokenizer(Letters::default());
        }
        let (system, texts, tools) = (chance.text(9), chance.texts(), true);
        for room in ROOMS {
            let body = |wanted| room.body(&system, &texts, tools, wanted);
            let whole = room.told(&room.ask(&layer, "whole", &body("whole")).await);
            let stream = room.told(&room.ask(&layer, "stream", &body("stream")).await);
            assert_eq!(whole, stream, "{room:?}: {reply:?}");
            assert_eq!(whole.total, whole.input + whole.output);
            assert!(whole.reasoning <= whole.output && whole.input > 0);
        }
    }
}

#[tokio::test]
async fn sound_is_a_part_of_the_output() {
    let mut chance = Chance(3);
    for round in 0..60 {
        let (text, spoken) = (chance.text(20), chance.text(30));
        let sound = Audio::new(Media::new("audio/pcm", vec![7; 64]), spoken.clone());
        let reply = Reply::text(text.clone()).part(Part::Audio(sound));
        let mut layer = MockLlmLayer::new().rule(Rule::always().respond_with(reply));
        if round % 2 == 0 {
            layer = layer.tokenizer(Letters::default());
        }
        let texts = chance.texts();
        for (room, pointer) in [
            (Room::Gemini, "/usageMetadata/candidatesTokensDetails"),
            (Room::OpenAi, "/usage/completion_tokens_details/audio_tokens"),
        ] {
            let body = |wanted| room.body("Speak.", &texts, false, wanted);
            let answer = room.ask(&layer, "whole", &body("whole")).await;
            let whole = room.told(&answer);
            let stream = room.ask(&layer, "stream", &body("stream")).await;
            assert_eq!(whole, room.told(&stream), "{room:?}");
            assert_eq!(whole.total, whole.input + whole.output);
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let heard = match answer.pointer(pointer) {
                Some(Value::Array(details)) => {
                    let sound = details.iter().find(|detail| detail["modality"] == "AUDIO");
                    sound.map(|detail| detail["tokenCount"].as_u64().unwrap())
                }
                told => told.and_then(Value::as_u64),
            };
            if let Some(heard) = heard {
                let of = |text: &str| Letters::default().count("m", text);
                assert!((1..=whole.output).contains(&heard), "{heard} of {whole:?}");
                if round % 2 == 0 {
                    assert_eq!((Some(heard), Some(whole.output - heard)), (of(&spoken), of(&text)));
                }
            }
            // OpenAI tells it always.
            assert!(heard.is_some() || room == Room::Gemini, "{answer}");
        }
    }
}

/// Pieces were counted one by one in a stream, and together in a whole answer.
#[tokio::test]
async fn a_users_stream_has_the_same_usage_whole_and_streamed() {
    let pieces = || ["Hel", "lo, wor", "ld! 12", "34", "5"].map(Delta::from);
    for exact in [false, true] {
        let mut layer = MockLlmLayer::new().rule(
            Rule::always().respond_fn(move |_| ReplyStream::new(futures::stream::iter(pieces()))),
        );
        if exact {
            layer = layer.tokenizer(Letters::default());
        }
        let texts = ["Hello?".to_owned()];
        for room in ROOMS {
            let body = |wanted| room.body("Be kind.", &texts, false, wanted);
            let whole = room.told(&room.ask(&layer, "whole", &body("whole")).await);
            let stream = room.told(&room.ask(&layer, "stream", &body("stream")).await);
            assert_eq!(whole, stream, "{room:?}");
        }
    }
}

/// A token a letter, and a count of the calls.
#[derive(Clone, Default)]
struct Letters {
    texts: Arc<AtomicUsize>,
}

impl Tokenizer for Letters {
    fn count(&self, _: &str, text: &str) -> Option<u64> {
        if !text.is_empty() {
            self.texts.fetch_add(1, Ordering::Relaxed);
        }
        Some(text.chars().count() as u64)
    }
}

#[tokio::test]
async fn a_tokenizer_counts_prompt_and_answer_each_text_once() {
    let tokenizer = Letters::default();
    let layer =
        MockLlmLayer::new().rule(Rule::always().respond_with("12345")).tokenizer(tokenizer.clone());
    let body = Room::OpenAi.body("ab", &["cde".to_owned()], false, "whole");
    for round in 1..=3 {
        let told = Room::OpenAi.told(&Room::OpenAi.ask(&layer, "whole", &body).await);
        let expected = Told { input: 3 + 4 + 2 + 4 + 3, output: 5, total: 21, ..Told::default() };
        assert_eq!(told, expected);
        // Two messages each time, and the reply once for all.
        assert_eq!(tokenizer.texts.load(Ordering::Relaxed), 2 * round + 1);
    }
}

#[tokio::test]
async fn max_tokens_is_kept_by_the_tokenizers_count() {
    let layer = MockLlmLayer::new()
        .rule(Rule::always().respond_with("one two three four five"))
        .tokenizer(Letters::default());
    for most in 1..25 {
        let mut body = Room::OpenAi.body("x", &["y".to_owned()], false, "whole");
        body["max_tokens"] = json!(most);
        let told = Room::OpenAi.told(&Room::OpenAi.ask(&layer, "whole", &body).await);
        assert!(told.output <= most, "{most}: {told:?}");
        assert!(told.output + 6 > most.min(23), "{most}: {told:?}");
    }
}

/// Prompts and answers of recorded calls, and the tokens that OpenAI reported for them.
#[tokio::test]
async fn openais_own_tokenizer_counts_what_was_recorded() {
    for (model, prompt, reply, input, output) in [
        (
            "gpt-4o-mini",
            "What is the meaning of life?",
            "The meaning of life is a profound and philosophical question that has been \
             contemplated by",
            14,
            15,
        ),
        (
            "gpt-3.5-turbo",
            "Tell me a joke about OpenTelemetry",
            "Why did OpenTelemetry go to therapy? Because it had trouble tracing its own issues!",
            15,
            18,
        ),
    ] {
        let layer = MockLlmLayer::new()
            .rule(Rule::always().respond_with(reply))
            .tokenizer(tower_mock_llm::Tiktoken);
        let body = json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
        let told = told(Room::OpenAi, &layer, &body).await;
        assert_eq!((told.input, told.output), (input, output), "{model}");
    }
}

fn caching() -> MockLlmLayer {
    MockLlmLayer::new().prompt_caching(PromptCaching::new())
}

/// About so many tokens of text, no two pieces of which are alike.
fn long(tokens: usize) -> String {
    (0..tokens).map(|n| format!("{n:04}")).collect()
}

async fn told(room: Room, layer: &MockLlmLayer, body: &Value) -> Told {
    room.told(&room.ask(layer, "whole", body).await)
}

#[tokio::test(start_paused = true)]
async fn an_automatic_cache_hits_until_it_expires() {
    for (room, step) in [(Room::OpenAi, 128), (Room::Gemini, 1)] {
        let layer = caching();
        let body = |last: &str| room.body(&long(2000), &[last.to_owned()], true, "whole");
        let first = told(room, &layer, &body("one")).await;
        assert_eq!(first.cached, 0);

        // The very same.
        let again = told(room, &layer, &body("one")).await;
        assert!(again.cached > again.input - 140 && again.cached < again.input, "{again:?}");
        assert_eq!(again.cached % step, 0);

        // Another end: what is before it is common.
        let other = told(room, &layer, &body("two")).await;
        assert!((1900..=2040).contains(&other.cached), "{other:?}");

        // Used now and then, it lives on.
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(290)).await;
            assert_eq!(told(room, &layer, &body("one")).await.cached, again.cached);
        }
        tokio::time::advance(Duration::from_secs(301)).await;
        assert_eq!(told(room, &layer, &body("one")).await.cached, 0);

        layer.handle().reset();
        assert_eq!(told(room, &layer, &body("one")).await.cached, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_a_change_comes_from_the_cache() {
    for room in [Room::OpenAi, Room::Gemini] {
        let layer = caching();
        let texts = [long(1500), "Yes?".to_owned(), long(3000)];
        let body = |texts: &[String]| room.body("Be brief.", texts, false, "whole");
        told(room, &layer, &body(&texts)).await;

        // 1,000 tokens into the first message: less is common than is kept at the least.
        let mut changed = texts.clone();
        changed[0].replace_range(4000..4004, "xxxx");
        assert_eq!(told(room, &layer, &body(&changed)).await.cached, 0);

        // 2,000 tokens into the last.
        let mut changed = texts.clone();
        changed[2].replace_range(8000..8004, "xxxx");
        let partly = told(room, &layer, &body(&changed)).await;
        assert!((3300..=3520).contains(&partly.cached), "{partly:?}");

        // The system prompt comes first.
        let changed = room.body("Be long.", &texts, false, "whole");
        assert_eq!(told(room, &layer, &changed).await.cached, 0);
        // And tools before it.
        let changed = room.body("Be brief.", &texts, true, "whole");
        assert_eq!(told(room, &layer, &changed).await.cached, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn short_prompts_and_other_peoples_are_not_cached() {
    let layer = caching();
    let short = Room::OpenAi.body(&long(1000), &["x".to_owned()], false, "whole");
    told(Room::OpenAi, &layer, &short).await;
    assert_eq!(told(Room::OpenAi, &layer, &short).await.cached, 0);

    let mut long = Room::OpenAi.body(&long(2000), &["x".to_owned()], false, "whole");
    told(Room::OpenAi, &layer, &long).await;
    long["model"] = json!("gpt-4o-mini");
    assert_eq!(told(Room::OpenAi, &layer, &long).await.cached, 0);
    let mut without = MockLlmLayer::new();
    for _ in 0..2 {
        assert_eq!(told(Room::OpenAi, &without, &long).await.cached, 0);
    }
    // A usage by hand stays as it is.
    without = caching().rule(
        Rule::always().respond_with(Reply::text("x").usage(tower_mock_llm::Usage::new(9000, 1))),
    );
    for _ in 0..2 {
        let told = told(Room::OpenAi, &without, &long).await;
        assert_eq!((told.input, told.cached), (9000, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_ttl_of_the_users_own() {
    let layer =
        MockLlmLayer::new().prompt_caching(PromptCaching::new().ttl(Duration::from_secs(3600)));
    let body = Room::OpenAi.body(&long(2000), &["x".to_owned()], false, "whole");
    told(Room::OpenAi, &layer, &body).await;
    tokio::time::advance(Duration::from_secs(3500)).await;
    assert!(told(Room::OpenAi, &layer, &body).await.cached > 0);
}

/// A clock's end was run into, and a panic with it.
#[tokio::test(start_paused = true)]
async fn a_ttl_may_be_for_ever() {
    let layer = MockLlmLayer::new().prompt_caching(PromptCaching::new().ttl(Duration::MAX));
    let body = Room::OpenAi.body(&long(2000), &["x".to_owned()], false, "whole");
    told(Room::OpenAi, &layer, &body).await;
    tokio::time::advance(Duration::from_secs(10 * 365 * 86_400)).await;
    assert!(told(Room::OpenAi, &layer, &body).await.cached > 0);
}

/// What Anthropic is asked, with a mark behind the system prompt and one at the end.
fn marked(system: &str, ttl: Option<&str>, texts: &[&str]) -> Value {
    let control = |ttl: Option<&str>| match ttl {
        Some(ttl) => json!({"type": "ephemeral", "ttl": ttl}),
        None => json!({"type": "ephemeral"}),
    };
    let last = texts.len() - 1;
    let messages: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let mut block = json!({"type": "text", "text": text});
            if at == last {
                block["cache_control"] = control(None);
            }
            let role = if at % 2 == 0 { "user" } else { "assistant" };
            json!({"role": role, "content": [block]})
        })
        .collect();
    json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "system": [{"type": "text", "text": system, "cache_control": control(ttl)}],
        "messages": messages,
    })
}

#[tokio::test(start_paused = true)]
async fn anthropic_keeps_what_is_marked() {
    let layer = caching();
    let room = Room::Anthropic;
    let system = long(2000);
    let first = told(room, &layer, &marked(&system, None, &["one"])).await;
    // All but the tokens that no block has.
    assert_eq!((first.cached, first.written), (0, first.input - 3), "{first:?}");

    // The next turn: what was written is read, to the token, and the rest is written.
    let next = told(room, &layer, &marked(&system, None, &["one", "Yes.", "two"])).await;
    assert_eq!(next.cached, first.written);
    assert_eq!(next.cached + next.written, next.input - 3);

    // Another conversation under the same system prompt.
    let other = told(room, &layer, &marked(&system, None, &["other"])).await;
    assert_eq!((other.cached, other.input - 3 - other.cached), (2004, other.written));

    // Without any mark nothing is kept, nor read.
    let plain = room.body(&system, &["one".to_owned()], false, "whole");
    let plain = told(room, &layer, &plain).await;
    assert_eq!((plain.cached, plain.written), (0, 0));

    // The shorter model names keep from 4,096 on.
    let mut haiku = marked(&system, None, &["one"]);
    haiku["model"] = json!("claude-haiku-4-5");
    for _ in 0..2 {
        let told = told(room, &layer, &haiku).await;
        assert_eq!((told.cached, told.written), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_keeps_for_five_minutes_or_an_hour_from_the_last_use() {
    let layer = caching();
    let room = Room::Anthropic;
    let system = long(2000);
    let ask = |text: &'static str| marked(&system, Some("1h"), &[text]);
    let whole = room.ask(&layer, "whole", &ask("one")).await;
    let usage: Value = serde_json::from_str(&whole).unwrap();
    let creation = &usage["usage"]["cache_creation"];
    assert_eq!(creation["ephemeral_1h_input_tokens"], 2004);
    assert_eq!(creation["ephemeral_5m_input_tokens"], 5);

    let wait = |seconds| tokio::time::advance(Duration::from_secs(seconds));
    wait(299).await;
    assert_eq!(told(room, &layer, &ask("one")).await.cached, 2009);
    wait(299).await;
    assert_eq!(told(room, &layer, &ask("one")).await.cached, 2009);
    // The message's five minutes are over, the system prompt's hour is not.
    wait(301).await;
    let told_now = told(room, &layer, &ask("one")).await;
    assert_eq!((told_now.cached, told_now.written), (2004, 5));
    wait(3500).await;
    assert_eq!(told(room, &layer, &ask("two")).await.cached, 2004);
    wait(3601).await;
    assert_eq!(told(room, &layer, &ask("two")).await.cached, 0);
}

#[tokio::test(start_paused = true)]
async fn anthropic_reads_nothing_behind_a_change() {
    let layer = caching();
    let room = Room::Anthropic;
    told(room, &layer, &marked(&long(2000), None, &["one", "Yes.", "two"])).await;
    let mut other = long(2000);
    other.replace_range(7000..7001, "x");
    let changed = told(room, &layer, &marked(&other, None, &["one", "Yes.", "two"])).await;
    assert_eq!(changed.cached, 0);
    let changed = told(room, &layer, &marked(&long(2000), None, &["one", "No.", "two"])).await;
    assert_eq!(changed.cached, 2004);
}

/// Streams tell the same, at their beginning too.
#[tokio::test(start_paused = true)]
async fn streams_tell_of_the_cache_too() {
    for room in ROOMS {
        let mut tell = Vec::new();
        for wanted in ["whole", "stream"] {
            let layer = caching();
            let mut body = match room {
                Room::Anthropic => marked(&long(2000), Some("1h"), &["one"]),
                _ => room.body(&long(2000), &["one".to_owned()], false, wanted),
            };
            if room == Room::Anthropic {
                body["stream"] = json!(wanted == "stream");
            }
            let first = room.told(&room.ask(&layer, wanted, &body).await);
            let second = room.told(&room.ask(&layer, wanted, &body).await);
            assert!(second.cached > 1000, "{room:?} {wanted}: {second:?}");
            tell.push((first, second));
        }
        assert_eq!(tell[0], tell[1]);
    }
}
