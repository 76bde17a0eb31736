//! The room against recordings of the real API, byte by byte.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::provider::Entropy;
use crate::reply::{Cursor, ErrorKind, Finish, Part, Reasoning, ToolCall, Usage};
use crate::request::{Content, Message, ResponseFormat, Role, ToolChoice};
use crate::util::tokens::Chunking;
use crate::wire::FrameBuf;

mod features;
mod limits;
mod listing;

/// An exchange with the real API; see `golden/README.md`.
struct Recording {
    path: String,
    query: String,
    request: Bytes,
    status: u64,
    headers: Value,
    body: String,
}

macro_rules! recording {
    ($name:literal) => {
        recording(include_str!(concat!("golden/", $name, ".json")))
    };
}

fn recording(text: &str) -> Recording {
    let value: Value = serde_json::from_str(text).unwrap();
    let uri: http::Uri = value["url"].as_str().unwrap().parse().unwrap();
    Recording {
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        request: value["request"].to_string().into(),
        status: value["status"].as_u64().unwrap(),
        headers: value["headers"].clone(),
        body: value["body"].as_str().unwrap().to_owned(),
    }
}

fn keyed() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-goog-api-key", "k".parse().unwrap());
    headers
}

fn ask(path: &str, query: &str, body: &[u8]) -> Result<LlmRequest, ApiError> {
    let headers = keyed();
    let head = Head::new(&Method::POST, None, path, Some(query), &headers);
    let call = Gemini.recognize(&head).expect("a call");
    Gemini.parse(call, &head, &Bytes::copy_from_slice(body))
}

const PATH: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM_PATH: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

fn context<'a>(request: &'a LlmRequest, reply: &'a Reply) -> Context<'a> {
    Context {
        request,
        model: reply.answering_model(),
        usage: reply.usage_for(request.prompt_tokens()),
        created: 0,
        entropy: Entropy::new(7),
        levels: None,
        reply,
    }
}

fn streamed(request: &LlmRequest, reply: &Reply, chunking: Chunking) -> Response<String> {
    let cx = context(request, reply);
    let mut cursor = Cursor::new(Arc::new(reply.clone()), cx.usage, chunking);
    Gemini.stream(&cx).map(|mut encoder| {
        let mut frames = FrameBuf::new();
        while let Some(event) = cursor.next() {
            encoder.encode(event, &mut frames);
        }
        String::from_utf8(frames.take_all().unwrap().to_vec()).unwrap()
    })
}

fn answered(recording: &Recording, reply: &Reply) -> Response<String> {
    let request = ask(&recording.path, &recording.query, &recording.request).unwrap();
    if request.stream {
        return streamed(&request, reply, Chunking::Chars(usize::MAX));
    }
    let text = |body: Bytes| String::from_utf8(body.to_vec()).unwrap();
    Gemini.unary(&context(&request, reply), reply).map(text)
}

/// The recording's body with what the mock makes up put in place of what Google made up.
fn like(ours: &str, theirs: &str, keys: &[&str]) -> String {
    let mut theirs = theirs.to_owned();
    for key in keys {
        let recorded = theirs.clone();
        let new: Vec<_> = values(ours, key);
        let old: Vec<_> = values(&recorded, key);
        assert_eq!(new.len(), old.len(), "{key}");
        for ((_, new), (at, old)) in new.into_iter().zip(old).rev() {
            assert_eq!(new.starts_with('"'), old.starts_with('"'), "{key}");
            theirs.replace_range(at..at + old.len(), new);
        }
    }
    theirs
}

/// The scalar values of `key`, and where they begin.
fn values<'a>(text: &'a str, key: &str) -> Vec<(usize, &'a str)> {
    let key = format!("\"{key}\": ");
    let starts = text.match_indices(&key).map(|(at, key)| at + key.len());
    starts
        .map(|start| {
            let rest = &text[start..];
            let end = rest.find([',', '}', '\n']).unwrap_or(rest.len());
            (start, &rest[..end])
        })
        .collect()
}

/// Recordings from before the summer of 2026 do not name the tier that newer ones do.
fn with_tier(body: &str) -> String {
    if body.contains("serviceTier") {
        return body.to_owned();
    }
    body.replace(
        "\n  },\n  \"modelVersion\"",
        ",\n    \"serviceTier\": \"standard\"\n  },\n  \"modelVersion\"",
    )
    .replace("},\"modelVersion\"", ",\"serviceTier\": \"standard\"},\"modelVersion\"")
}

/// Names, a name for each line, but for those that belong to the connection or lead away.
fn names(headers: &Value) -> Vec<String> {
    const LEFT_OUT: [&str; 5] =
        ["alt-svc", "content-encoding", "content-length", "date", "transfer-encoding"];
    let mut names = Vec::new();
    for (name, value) in headers.as_object().unwrap() {
        if !LEFT_OUT.contains(&name.as_str()) {
            let lines = value.as_array().map_or(1, Vec::len);
            names.extend(std::iter::repeat_n(name.clone(), lines));
        }
    }
    names.sort();
    names
}

#[track_caller]
fn assert_headers(ours: &HeaderMap, theirs: &Value) {
    let mut ours_names: Vec<_> = ours.iter().map(|(name, _)| name.to_string()).collect();
    ours_names.sort();
    assert_eq!(ours_names, names(theirs));
    for (name, value) in theirs.as_object().unwrap() {
        let name: HeaderName = name.parse().unwrap();
        let both = ours.get(&name).zip(value.as_str());
        if let Some((ours, theirs)) = both.filter(|_| name != "server-timing") {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    let vary: Vec<_> = ours.get_all("vary").iter().collect();
    assert_eq!(vary, ["Origin", "X-Origin", "Referer"]);
    let timing = ours["server-timing"].to_str().unwrap();
    let number = timing.strip_prefix("gfet4t7; dur=").unwrap();
    assert!(number.parse::<u32>().is_ok(), "{timing}");
}

fn usage(input: u64, output: u64, reasoning: u64) -> Usage {
    Usage { reasoning, ..Usage::new(input, output) }
}

fn signature(body: &str) -> &str {
    let (_, quoted) = values(body, "thoughtSignature")[0];
    quoted.trim_matches('"')
}

fn raw(json: &str) -> Box<RawValue> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_text_is_the_recorded_text() {
    let recording = recording!("text");
    let ours = answered(&recording, &Reply::text("foo").usage(usage(5, 24, 23)));
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn a_cached_prompt_is_the_recorded_one() {
    let recording = recording!("cached");
    let mut usage = usage(341, 509, 499);
    usage.cached = 92;
    let ours = answered(&recording, &Reply::text("2014-05-21").usage(usage));
    let theirs = like(ours.body(), &recording.body, &["responseId", "thoughtSignature"]);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn thoughts_are_the_recorded_thoughts() {
    let recording = recording!("thinking");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let thought = value["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let reply = Reply::empty()
        .part(Part::Reasoning(Reasoning::new(thought).with_signature(signature(&recording.body))))
        .then_text("1 + 1 = 2.")
        .usage(usage(9, 84, 76));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &recording.body, &["responseId"]);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn function_calls_are_the_recorded_ones() {
    let recording = recording!("tool");
    let reply = Reply::empty()
        .tool_call("get_weather", json!({"location": "Tokyo"}))
        .usage(usage(65, 15, 0));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);

    let recording = recording!("tool-signed");
    let reply = Reply::empty().tool_call("compute_fib", json!({"n": 100})).usage(usage(55, 65, 48));
    let ours = answered(&recording, &reply);
    let made_up = ["responseId", "thoughtSignature"];
    let theirs = like(ours.body(), &with_tier(&recording.body), &made_up);
    assert_eq!(*ours.body(), theirs);

    let recording = recording!("tools-parallel");
    let place = raw(r#"{"latitude":"52.5200","longitude":"13.4050"}"#);
    let reply = Reply::empty()
        .tool_call("weather", place)
        .tool_call("best_language_to_learn", json!({}))
        .usage(usage(143, 153, 109));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &recording.body, &made_up);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn the_limit_is_the_recorded_limit() {
    let recording = recording!("max-tokens");
    let reply = Reply::text("Okay").finish(Finish::Length).usage(usage(1, 96, 95));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn older_models_are_as_recorded() {
    let recording = recording!("logprobs");
    let reply = Reply::text("Hi there! How can I help you today?\n").usage(usage(2, 11, 0));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId", "avgLogprobs"]);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn a_stream_of_events_is_the_recorded_one() {
    let recording = recording!("stream");
    let ours = answered(&recording, &Reply::text("foo").usage(usage(5, 18, 17)));
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);

    let recording = recording!("stream-tool");
    let reply = Reply::empty()
        .tool_call("get_weather", json!({"location": "Tokyo"}))
        .usage(usage(65, 15, 0));
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn a_stream_of_thoughts_is_the_recorded_one() {
    let recording = recording!("stream-thinking");
    let thoughts = recording.body.split("\"text\": ").skip(1).take(4);
    let mut reply = Reply::empty();
    for thought in thoughts {
        let mut values = serde_json::Deserializer::from_str(thought).into_iter::<String>();
        reply = reply.reasoning(values.next().unwrap().unwrap());
    }
    let reply = reply.then_text("3").usage(usage(30, 1947, 1947));
    let ours = answered(&recording, &reply);
    // What each chunk counts is Google's to know.
    let counts = ["responseId", "thoughtsTokenCount", "totalTokenCount"];
    let theirs = like(ours.body(), &with_tier(&recording.body), &counts);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn a_stream_that_is_an_array_is_the_recorded_one() {
    let recording = recording!("stream-array");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let thought = value[0]["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    let reply = Reply::empty()
        .part(Part::Reasoning(Reasoning::new(thought).with_signature(signature(&recording.body))))
        .tool_call("pelican_name_generator", json!({}))
        .usage(usage(32, 54, 42));
    let ours = answered(&recording, &reply);
    let counts = ["responseId", "thoughtsTokenCount", "totalTokenCount"];
    let theirs = like(ours.body(), &recording.body, &counts);
    assert_eq!(*ours.body(), theirs);
    assert_headers(ours.headers(), &recording.headers);
}

#[test]
fn errors_are_the_recorded_errors() {
    let refuse = |recording: &Recording, error: &ApiError| {
        let headers = keyed();
        let path = recording.path.as_str();
        let head = Head::new(&Method::POST, None, path, Some(&recording.query), &headers);
        let call = Gemini.recognize(&head);
        let cx = ErrorContext {
            call: call.as_ref(),
            request: None,
            head,
            entropy: Entropy::new(7),
            created: 1_767_225_600,
            levels: None,
        };
        let ours = Gemini.error(&cx, error);
        assert_eq!(u64::from(ours.status().as_u16()), recording.status);
        assert_headers(ours.headers(), &recording.headers);
        String::from_utf8(ours.into_body().to_vec()).unwrap()
    };
    let recording = recording!("err400-key");
    assert_eq!(refuse(&recording, &ApiError::authentication()), recording.body);
    let recording = recording!("err404");
    // As newer recordings have it.
    let theirs = recording.body.replace("ListModels", "ModelService.ListModels");
    assert_eq!(refuse(&recording, &ApiError::model_not_found()), theirs);
    let recording = recording!("err429");
    let wait = Duration::new(48, 939_935_699);
    let theirs = recording.body.replace("<GOOGLE_CLOUD_LOCATION>", "global");
    assert_eq!(refuse(&recording, &ApiError::rate_limit().retry_after(wait)), theirs);
}

#[test]
fn errors_come_as_the_stream_would() {
    let refuse = |query: &str, error: ApiError| {
        let headers = keyed();
        let head = Head::new(&Method::POST, None, STREAM_PATH, Some(query), &headers);
        let call = Gemini.recognize(&head);
        let cx = ErrorContext {
            call: call.as_ref(),
            request: None,
            head,
            entropy: Entropy::new(7),
            created: 1_767_225_600,
            levels: None,
        };
        let ours = Gemini.error(&cx, &error);
        let body = String::from_utf8(ours.body().to_vec()).unwrap();
        (ours.status(), ours.headers()["content-type"].clone(), body)
    };
    let object = "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is \
                  overloaded. Please try again later.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}";
    let (status, kind, body) = refuse("alt=sse", ApiError::overloaded());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((kind.to_str().unwrap(), body), ("text/event-stream", format!("{object}\n")));
    let (_, kind, body) = refuse("", ApiError::overloaded());
    assert_eq!(kind, "application/json; charset=UTF-8");
    assert_eq!(body, format!("[{object}\n]"));

    let (status, _, body) =
        refuse("alt=sse", ApiError::quota().retry_after(Duration::from_millis(500)));
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("\"retryDelay\": \"0.5s\"") && body.contains("retry in 0.5s."));
    let (status, _, body) = refuse("alt=sse", ApiError::new(ErrorKind::TooLarge).param("10"));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("exceeds the limit: 10 bytes.\"") && !body.contains("details"));
}

#[test]
fn a_stream_says_what_the_whole_says() {
    let replies = [
        Reply::empty(),
        Reply::text("Hello <b>you</b>, it's & \u{2028} \u{200d} é 👋\n\"quoted\""),
        Reply::empty().reasoning("hm, well").then_text("so it is"),
        Reply::empty().reasoning("hm").reasoning("well"),
        Reply::empty()
            .reasoning("hm")
            .then_text("let me see")
            .tool_call("a", raw(r#"{"z": [1.0, {"y": "<}"}], "b": {}}"#))
            .then_text("")
            .part(Part::ToolCall(ToolCall::new("b", json!({})).with_id("id-1"))),
        Reply::refusal("I will not."),
        Reply::text("cut off he").finish(Finish::ContentFilter),
        Reply::empty().reasoning("so long").finish(Finish::Length),
    ];
    let body = br#"{"contents": {"parts": {"text": "x"}}, "tools": {"functionDeclarations": {"name": "a"}}}"#;
    for model in ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"] {
        for reply in &replies {
            let path = |method: &str| format!("/v1beta/models/{model}:{method}");
            let request = ask(&path("generateContent"), "", body).unwrap();
            let whole = Gemini.unary(&context(&request, reply), reply);
            let mut whole: Value = serde_json::from_slice(whole.body()).unwrap();
            // There is no such thing in streams.
            whole["candidates"][0].as_object_mut().unwrap().remove("avgLogprobs");
            for query in ["", "alt=sse"] {
                let request = ask(&path("streamGenerateContent"), query, body).unwrap();
                let stream = streamed(&request, reply, Chunking::Tokens).into_body();
                assert_eq!(assembled(&chunks(&stream)), whole, "{model} {query:?} {stream}");
            }
        }
    }
}

fn chunks(stream: &str) -> Vec<Value> {
    if stream.starts_with('[') {
        return serde_json::from_str(stream).unwrap();
    }
    assert!(stream.ends_with("\r\n\r\n"));
    let events = stream.split_terminator("\r\n\r\n");
    events
        .map(|event| {
            let (field, json) = event.split_once(' ').unwrap();
            assert_eq!(field.trim_end_matches(':'), "data");
            assert_eq!(super::LINE.respace(json), json);
            serde_json::from_str(json).unwrap()
        })
        .collect()
}

/// What a client puts together: texts of a kind are joined, counts only grow.
fn assembled(chunks: &[Value]) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    let mut total = 0;
    for (at, chunk) in chunks.iter().enumerate() {
        let candidate = &chunk["candidates"][0];
        assert_eq!(candidate.get("finishReason").is_some(), at + 1 == chunks.len());
        assert_eq!(chunk["responseId"], chunks[0]["responseId"]);
        assert_eq!(chunk["modelVersion"], chunks[0]["modelVersion"]);
        let so_far = chunk["usageMetadata"]["totalTokenCount"].as_u64().unwrap();
        assert!(so_far >= total, "{chunk}");
        total = so_far;
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let joins = parts.last().is_some_and(|last| {
                last["text"].is_string()
                    && part["text"].is_string()
                    && part["text"] != ""
                    && last["thought"] == part["thought"]
                    && last.get("thoughtSignature").is_none()
                    // Two thoughts stay two.
                    && !(last["text"] == "hm" && part["text"] == "well")
            });
            match parts.last_mut().filter(|_| joins) {
                Some(last) => {
                    let text = format!(
                        "{}{}",
                        last["text"].as_str().unwrap(),
                        part["text"].as_str().unwrap()
                    );
                    *last = part.clone();
                    last["text"] = text.into();
                }
                None => parts.push(part.clone()),
            }
        }
    }
    let mut whole = chunks.last().unwrap().clone();
    if !parts.is_empty() {
        whole["candidates"][0]["content"]["parts"] = parts.into();
    }
    whole
}

#[test]
fn google_escapes_angle_brackets() {
    assert!(ESCAPED.is_sorted() && ESCAPED.iter().all(|(first, last)| first <= last));
    let request = ask(PATH, "", br#"{"contents": [{"parts": [{"text": "x"}]}]}"#).unwrap();
    let reply = Reply::text("<a href='x?y=1&z'>").tool_call("f", json!({"<": ">"}));
    let body = Gemini.unary(&context(&request, &reply), &reply).into_body();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains(r#""\u003ca href='x?y=1&z'\u003e""#), "{body}");
    assert!(body.contains(r#""\u003c": "\u003e""#), "{body}");
}

#[test]
fn a_refusal_is_blocked_for_safety() {
    let request = ask(PATH, "", br#"{"contents": [{"parts": [{"text": "x"}]}]}"#).unwrap();
    let reply = Reply::refusal("No.");
    let body = Gemini.unary(&context(&request, &reply), &reply).into_body();
    let value: Value = serde_json::from_slice(&body).unwrap();
    let candidate = &value["candidates"][0];
    assert_eq!(candidate["content"], json!({}));
    assert_eq!(candidate["finishReason"], "SAFETY");
    assert_eq!(candidate["finishMessage"], "No.");
    assert_eq!(candidate["safetyRatings"][0]["blocked"], true);
}

#[test]
fn arguments_that_are_no_json_are_a_malformed_call() {
    let request = ask(PATH, "", br#"{"contents": [{"parts": [{"text": "x"}]}]}"#).unwrap();
    let mut reply = Reply::empty();
    reply.extend([
        crate::reply::Delta::ToolCall { id: None, name: "f".into() },
        crate::reply::Delta::Arguments("{\"x\": ".into()),
    ]);
    let body = Gemini.unary(&context(&request, &reply), &reply).into_body();
    let value: Value = serde_json::from_slice(&body).unwrap();
    let candidate = &value["candidates"][0];
    assert_eq!(candidate["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert_eq!(candidate["finishMessage"], "Malformed function call: f({\"x\": )");
}

#[test]
fn paths_are_recognized() {
    let target = |path| Target::of(path).map(|t| (t.version, t.model.into_owned(), t.method));
    let is = |version, model: &str, method| Some((version, model.to_owned(), method));
    assert_eq!(target(PATH), is("v1beta", "gemini-2.5-flash", "generateContent"));
    assert_eq!(
        target("/v1/models/m%3AstreamGenerateContent"),
        is("v1", "m", "streamGenerateContent")
    );
    assert_eq!(target("/v1alpha/tunedModels/a%2Db:x"), is("v1alpha", "tunedModels/a-b", "x"));
    assert_eq!(target("/v1beta/models/a%3Ab:x"), is("v1beta", "a:b", "x"));
    for path in [
        "/v1beta/models/m",
        "/v1beta/models/:x",
        "/v2/models/m:x",
        "/v1/models/a/b:x",
        "/:",
        "",
        "/v1/x:y",
    ] {
        assert_eq!(target(path), None, "{path}");
    }
    let headers = HeaderMap::new();
    let call =
        |path, query| Gemini.recognize(&Head::new(&Method::GET, None, path, query, &headers));
    assert_eq!(call(PATH, None).unwrap().flags, 0);
    assert_eq!(call(STREAM_PATH, None).unwrap().flags, STREAM);
    assert_eq!(call(STREAM_PATH, Some("key=k&alt=sse")).unwrap().flags, STREAM | SSE);
    assert_eq!(call("/v1beta/models/m:predict", None), None);
}

/// Both spellings, nulls, and one value in place of a list.
#[test]
fn what_was_asked_is_understood() {
    let camel = json!({
        "systemInstruction": {"parts": {"text": "be brief"}},
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "AA"}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://x"}},
            ]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true},
                {"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "AA"},
            ]},
            {"role": "user", "parts": {"functionResponse": {"id": "c1", "name": "f", "response": {"y": 2}}}},
        ],
        "tools": {"functionDeclarations": [{"name": "f", "description": null, "parameters": {"type": "OBJECT"}}]},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "responseMimeType": "application/json", "responseSchema": {"type": "STRING"},
            "maxOutputTokens": "5", "candidateCount": 1.0, "stopSequences": ["a", "b"], "seed": -3,
            "temperature": 1, "topP": null, "thinkingConfig": {"includeThoughts": true, "thinkingBudget": -1},
        },
        "safetySettings": null,
        "cachedContent": null,
    });
    let snake = camel
        .to_string()
        .replace("systemInstruction", "system_instruction")
        .replace("inlineData", "inline_data")
        .replace("mimeType", "mime_type")
        .replace("fileData", "file_data")
        .replace("fileUri", "file_uri")
        .replace("functionCall\"", "function_call\"")
        .replace("functionResponse", "function_response")
        .replace("functionDeclarations", "function_declarations")
        .replace("toolConfig", "tool_config")
        .replace("functionCallingConfig", "function_calling_config")
        .replace("allowedFunctionNames", "allowed_function_names")
        .replace("generationConfig", "generation_config")
        .replace("responseMimeType", "response_mime_type")
        .replace("responseSchema", "response_schema")
        .replace("maxOutputTokens", "max_output_tokens")
        .replace("candidateCount", "candidate_count")
        .replace("stopSequences", "stop_sequences")
        .replace("thinkingConfig", "thinking_config")
        .replace("includeThoughts", "include_thoughts")
        .replace("thinkingBudget", "thinking_budget");
    for body in [camel.to_string(), snake] {
        let request = ask(STREAM_PATH, "alt=sse", body.as_bytes()).unwrap();
        assert_eq!((request.model.as_str(), request.stream), ("gemini-2.5-flash", true));
        let expected = [
            Message::new(Role::System, vec![Content::Text("be brief".into())]),
            Message::new(
                Role::User,
                vec![
                    Content::Text("look".into()),
                    Content::Image("image/png".into()),
                    Content::File("application/pdf".into()),
                ],
            ),
            Message::new(
                Role::Assistant,
                vec![
                    Content::Reasoning("hm".into()),
                    Content::ToolCall {
                        id: "c1".into(),
                        name: "f".into(),
                        arguments: r#"{"x":1}"#.into(),
                    },
                ],
            ),
            Message::new(
                Role::Tool,
                vec![Content::ToolResult { id: "c1".into(), text: r#"{"y":2}"#.into() }],
            ),
        ];
        assert_eq!(request.messages, expected);
        assert_eq!((request.system().as_ref(), request.last_user().as_ref()), ("be brief", "look"));
        assert_eq!(request.tools[0].schema.as_ref().unwrap().get(), r#"{"type":"OBJECT"}"#);
        assert_eq!(request.tool_choice, ToolChoice::Tool("f".into()));
        assert!(
            matches!(&request.response_format, ResponseFormat::Schema(s) if s.get() == r#"{"type":"STRING"}"#)
        );
        let sampling = &request.sampling;
        assert_eq!((sampling.max_tokens, sampling.n, sampling.seed), (Some(5), Some(1), Some(-3)));
        assert_eq!((sampling.temperature, sampling.top_p), (Some(1.0), None));
        assert_eq!(sampling.stop, ["a", "b"]);
    }
}

#[test]
fn what_is_wrong_is_said_in_the_vendors_words() {
    let hi = r#""contents":[{"parts":[{"text":"hi"}]}]"#;
    let cases = [
        ("", "* GenerateContentRequest.contents: contents is not specified\n", None),
        (
            r#"{"contents":[]}"#,
            "* GenerateContentRequest.contents: contents is not specified\n",
            None,
        ),
        (
            r#"{"contents":[{"parts":[]},{"parts":[{}]}]}"#,
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n\
             * GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must \
             have one initialized field\n",
            None,
        ),
        (
            r#"{"contents":[{"parts":[{"input_text":"x"}]}]}"#,
            "Invalid JSON payload received. Unknown name \"input_text\" at \
             'contents[0].parts[0]': Cannot find field.",
            Some("contents[0].parts[0]"),
        ),
        (
            r#"{"contents":"hi"}"#,
            "Invalid value at 'contents' \
             (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"hi\"",
            Some("contents"),
        ),
        (
            r#"{"contents":{"parts":[{"text":{}}]}}"#,
            "Invalid value at 'contents.parts[0]' (text), Starting an object on a scalar field",
            Some("contents.parts[0]"),
        ),
        (
            r#"{"contents":[{"role":["user"],"parts":[{"text":7}]}]}"#,
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 7\nInvalid JSON payload \
             received. Unknown name \"role\" at 'contents[0]': Proto field is not repeating, \
             cannot start list.",
            Some("contents[0].parts[0].text\ncontents[0]"),
        ),
        (
            r#"[]"#,
            "Invalid JSON payload received. Unknown name \"\": Root element must be a message.",
            Some(""),
        ),
        (
            r#"{"contents":[{"role":"system","parts":[{"text":"x"}]}]}"#,
            "Please use a valid role: user, model.",
            None,
        ),
        (
            &format!(r#"{{{hi},"generationConfig":{{"maxOutputTokens":"abc"}}}}"#),
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), \"abc\"",
            Some("generation_config.max_output_tokens"),
        ),
        (
            &format!(r#"{{{hi},"generationConfig":{{"temperature":5,"maxOutputTokens":-1}}}}"#),
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the \
             range [0.0, 2.0].\n* GenerateContentRequest.generation_config.max_output_tokens: \
             max_output_tokens must be positive.\n",
            None,
        ),
        (
            &format!(r#"{{{hi},"toolConfig":{{"functionCallingConfig":{{"mode":"ANY"}}}}}}"#),
            "Function calling config is set without function_declarations.",
            None,
        ),
        (
            &format!(r#"{{{hi},"toolConfig":{{"functionCallingConfig":{{"mode":"MUST"}}}}}}"#),
            "Invalid value at 'tool_config.function_calling_config.mode' \
             (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), \
             \"MUST\"",
            Some("tool_config.function_calling_config.mode"),
        ),
        (
            r#"{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#,
            "Please ensure that function response turn comes immediately after a function call \
             turn.",
            None,
        ),
        (
            "{\"contents\":[\n{\"parts\":[{\"text\":\"hi\"]}]}",
            "Invalid JSON payload received. Expected , or } after key:value pair.\n\
             parts\":[{\"text\":\"hi\"]}]}\n                    ^",
            None,
        ),
        (
            r#"{"contents":"#,
            "Invalid JSON payload received. Unexpected end of string. Expected a value.\n\
             {\"contents\":\n            ^",
            None,
        ),
    ];
    for (body, message, param) in cases {
        let error = ask(PATH, "", body.as_bytes()).expect_err(body);
        assert_eq!(error.message.as_deref(), Some(message), "{body}");
        assert_eq!(error.param.as_deref(), param, "{body}");
    }
    let headers = HeaderMap::new();
    let kind = |method: Method| {
        let head = Head::new(&method, None, PATH, None, &headers);
        let call = Gemini.recognize(&head).unwrap();
        Gemini.parse(call, &head, &Bytes::new()).unwrap_err().kind
    };
    assert_eq!(kind(Method::GET), ErrorKind::MethodNotAllowed);
    assert_eq!(kind(Method::POST), ErrorKind::MissingKey);
}

#[test]
fn faults_have_their_details() {
    let body = br#"{"contents":[{"role":["user"],"parts":[{"text":7}]}]}"#;
    let error = ask(PATH, "", body).unwrap_err();
    let headers = keyed();
    let head = Head::new(&Method::POST, None, PATH, None, &headers);
    let cx = ErrorContext {
        call: None,
        request: None,
        head,
        entropy: Entropy::new(7),
        created: 1_767_225_600,
        levels: None,
    };
    let body = Gemini.error(&cx, &error).into_body();
    let value: Value = serde_json::from_slice(&body).unwrap();
    let first = "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 7";
    let detail = &value["error"]["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let violations = &detail["fieldViolations"];
    assert_eq!(violations[0], json!({"field": "contents[0].parts[0].text", "description": first}));
    assert_eq!(violations[1]["field"], "contents[0]");
    let error = ask(PATH, "", b"[]").unwrap_err();
    let body = Gemini.error(&cx, &error).into_body();
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(value["error"]["details"][0]["fieldViolations"][0].get("field"), None);
}

#[test]
fn no_body_makes_parse_panic() {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for text in [
        include_str!("golden/tools-parallel.json"),
        include_str!("golden/cached.json"),
        include_str!("golden/stream-array.json"),
    ] {
        bodies.push(recording(text).request.to_vec());
    }
    bodies.push(br#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":[1e999,"\ud800"]}}}]}]}"#.to_vec());
    for body in &bodies {
        for at in 0..body.len() {
            let _ = ask(PATH, "", &body[..at]);
            for byte in [b'"', b'{', b']', b'0', 0, 0xff] {
                let mut mutated = body.clone();
                mutated[at] = byte;
                let _ = ask(PATH, "", &mutated);
            }
        }
    }
    for deep in
        ["[", "{\"contents\":", "{\"contents\":[{\"parts\":[{\"functionCall\":{\"args\":{\"x\":"]
    {
        let _ = ask(PATH, "", deep.repeat(20_000).as_bytes());
    }
    let deep = format!(
        r#"{{"contents":[{{"parts":[{{"text":7}}]}}],"x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(ask(PATH, "", deep.as_bytes()).is_err());
}
