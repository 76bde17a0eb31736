//! Faults inside answers, when trouble happens, and the sweep.

#![expect(clippy::disallowed_methods, reason = "tests look at the clock")]

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;
use tower_mock_llm::fault::{self, Outcome, Recut, Sweep, Trouble};
use tower_mock_llm::{
    Answer, ApiError, BoxError, Delta, Fault, Finish, MockLlmLayer, Pace, Reply, ReplyStream, Rule,
    last_user,
};

const CHAT: &str = "https://api.openai.com/v1/chat/completions";
const MESSAGES: &str = "https://api.anthropic.com/v1/messages";
const GENERATE: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent";

fn post(url: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(url)
        .header("authorization", "Bearer sk-any")
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(body.into()))
        .unwrap()
}

fn asking(text: &str, stream: bool) -> String {
    let messages = [json!({"role": "user", "content": text})];
    json!({"model": "gpt-4o", "stream": stream, "messages": messages}).to_string()
}

fn unary() -> String {
    asking("hi", false)
}

fn streamed() -> String {
    asking("hi", true)
}

/// The texts of a stream's chunks.
fn deltas(stream: &str) -> Vec<String> {
    let chunks = stream.split("\n\n").filter_map(|frame| frame.strip_prefix("data: "));
    let texts = chunks.filter_map(|data| {
        let chunk: Value = serde_json::from_str(data).ok()?;
        Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned())
    });
    texts.filter(|text| !text.is_empty()).collect()
}

fn messages() -> String {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": true,
        "messages": [{"role": "user", "content": "hi"}]})
    .to_string()
}

fn contents() -> String {
    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).to_string()
}

fn failing(text: &str, fault: Fault) -> MockLlmLayer {
    MockLlmLayer::new().rule(Rule::always().respond_with(Answer::from(text).fault(fault)))
}

/// Status, and the body as far as it came.
async fn send(layer: &MockLlmLayer, request: Request<Full<Bytes>>) -> (StatusCode, String, bool) {
    let response = layer.clone().into_service().oneshot(request).await.unwrap();
    let status = response.status();
    let mut frames = response.into_body().into_data_stream();
    let mut body = Vec::new();
    let mut broke = false;
    while let Some(frame) = frames.next().await {
        match frame {
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(_) => broke = true,
        }
    }
    (status, String::from_utf8(body).unwrap(), broke)
}

async fn status(layer: &MockLlmLayer, body: String) -> u16 {
    send(layer, post(CHAT, body)).await.0.as_u16()
}

#[tokio::test]
async fn openai_says_an_error_in_a_chunk_of_its_own_and_ends() {
    let layer = failing("one two", Fault::error_after(2, ApiError::server()));
    let (status, body, broke) = send(&layer, post(CHAT, streamed())).await;
    assert_eq!((status, broke), (StatusCode::OK, false));
    // As quoted in sashabaranov/go-openai#396.
    let end = "\n\ndata: {\"error\":{\"message\":\"The server had an error processing your request. Sorry \
               about that! You can retry your request, or contact us through our help center at \
               help.openai.com if you keep seeing this error.\",\"type\":\"server_error\",\"param\":null,\
               \"code\":null}}\n\ndata: [DONE]\n\n";
    assert!(body.ends_with(end), "{body}");
    assert_eq!(deltas(&body), ["one"]);
}

#[tokio::test]
async fn anthropic_says_an_error_in_an_event_of_its_own() {
    let layer = failing("one two", Fault::error_after(0, ApiError::overloaded()));
    let (status, body, _) = send(&layer, post(MESSAGES, messages())).await;
    assert_eq!(status, StatusCode::OK);
    // As quoted in stippi/code-assistant#29, where there are thirteen spaces.
    let start = "event: error\ndata: {\"type\":\"error\",\"error\":{\"details\":null,\
                 \"type\":\"overloaded_error\",\"message\":\"Overloaded\"}";
    let rest = body.strip_prefix(start).expect("the event");
    assert_eq!(rest.trim_start_matches(' '), "}\n\n");
    assert!(rest.len() < "}\n\n".len() + 16);
}

#[tokio::test]
async fn gemini_says_an_error_in_an_event_or_an_item() {
    let layer = failing("one two three", Fault::error_after(2, ApiError::overloaded()));
    let request = post(&format!("{GENERATE}?alt=sse&key=any"), contents());
    let (status, body, _) = send(&layer, request).await;
    assert_eq!(status, StatusCode::OK);
    let end = "data: {\"error\": {\"code\": 503,\"message\": \"The model is overloaded. Please try again \
               later.\",\"status\": \"UNAVAILABLE\"}}\r\n\r\n";
    assert!(body.ends_with(end), "{body}");

    let (_, body, _) = send(&layer, post(&format!("{GENERATE}?key=any"), contents())).await;
    let items: Vec<Value> = serde_json::from_str(&body).expect(&body);
    assert_eq!(items.len(), 3);
    assert_eq!(items[2]["error"]["status"], "UNAVAILABLE");
    assert!(body.contains("}\n,\r\n{\n  \"error\""), "{body}");
}

#[tokio::test]
async fn an_error_inside_an_answer_that_is_no_stream_is_the_answer() {
    let layer = failing("one", Fault::error_after(2, ApiError::overloaded()));
    assert_eq!(status(&layer, unary()).await, 503);
}

#[tokio::test]
async fn geminis_array_stays_one_when_items_are_missing_twice_or_swapped() {
    for (fault, texts) in [
        (Fault::drop_frame(0), vec![" two", " three"]),
        (Fault::duplicate_frame(0), vec!["one", "one", " two", " three"]),
        (Fault::swap_frames(0), vec![" two", "one", " three"]),
        (Fault::without_finish(), vec!["one", " two"]),
        (Fault::repeat_finish(), vec!["one", " two", " three", " three"]),
    ] {
        let layer = failing("one two three", fault.clone());
        let (_, body, _) = send(&layer, post(&format!("{GENERATE}?key=any"), contents())).await;
        let items: Vec<Value> = serde_json::from_str(&body).expect(&body);
        let text = |item: &Value| item["candidates"][0]["content"]["parts"][0]["text"].to_string();
        let seen: Vec<_> = items.iter().map(text).collect();
        let texts: Vec<_> = texts.iter().map(|text| json!(text).to_string()).collect();
        assert_eq!(seen, texts, "{fault:?}");
    }
    let layer = failing("one two three", Fault::without_terminator());
    let (_, body, _) = send(&layer, post(&format!("{GENERATE}?key=any"), contents())).await;
    assert!(serde_json::from_str::<Value>(&body).is_err());
    assert!(serde_json::from_str::<Value>(&format!("{body}\n]")).is_ok(), "{body}");
}

#[tokio::test]
async fn the_last_frames_of_each_vendor_are_known() {
    let body = async |url: &str, body: String, fault: Fault| {
        send(&failing("one two", fault), post(url, body)).await.1
    };
    let openai = body(CHAT, streamed(), Fault::without_terminator()).await;
    assert!(!openai.contains("[DONE]") && openai.contains("\"finish_reason\":\"stop\""));
    let openai = body(CHAT, streamed(), Fault::without_finish()).await;
    assert!(openai.contains("[DONE]") && !openai.contains("\"finish_reason\":\"stop\""));
    let anthropic = body(MESSAGES, messages(), Fault::without_terminator()).await;
    assert!(!anthropic.contains("message_stop") && anthropic.contains("end_turn"));
    let anthropic = body(MESSAGES, messages(), Fault::repeat_finish()).await;
    assert_eq!(anthropic.matches("event: message_delta").count(), 2);
    let sse = format!("{GENERATE}?alt=sse&key=any");
    let gemini = body(&sse, contents(), Fault::without_finish()).await;
    assert!(!gemini.contains("finishReason"));
    let gemini = body(&sse, contents(), Fault::without_terminator()).await;
    assert!(gemini.contains("finishReason"));
}

#[tokio::test]
async fn heads_say_what_they_are_told() {
    let layer = failing("one", Fault::content_type("text/html; charset=utf-8"));
    let response = layer.clone().into_service().oneshot(post(CHAT, unary())).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let layer = failing("one", Fault::content_length(3));
    let response = layer.clone().into_service().oneshot(post(CHAT, streamed())).await.unwrap();
    assert_eq!(response.headers()["content-length"], "3");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_as_long_as_it_says_and_shifts_what_follows() {
    for pace in [Pace::INSTANT, Pace::new(Duration::ZERO, Duration::from_millis(100))] {
        let fault = Fault::pause_after(3, Duration::from_secs(30));
        let answer = Answer::from("one two three").pace(pace.clone()).fault(fault);
        let layer = MockLlmLayer::new().rule(Rule::always().respond_with(answer));
        let response = layer.into_service().oneshot(post(CHAT, streamed())).await.unwrap();
        let start = Instant::now();
        let mut frames = response.into_body().into_data_stream();
        let mut at = Vec::new();
        while let Some(frame) = frames.next().await {
            frame.unwrap();
            at.push(start.elapsed().as_millis());
        }
        // A role, three words, the finish, the end; a frame is due with its token.
        let expected: &[u128] = match pace == Pace::INSTANT {
            true => &[0, 0, 0, 30_000, 30_000, 30_000],
            false => &[0, 0, 100, 30_200, 30_200, 30_200],
        };
        assert_eq!(at, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_own_stream_meets_the_same_trouble() {
    let words = ["one ", "two ", "three"];
    let streaming = |fault: Fault| {
        MockLlmLayer::new().rule(Rule::always().respond_fn(move |_| {
            let deltas = words.map(Delta::from);
            let stream = ReplyStream::new(futures::stream::iter(deltas));
            Answer::from(stream).fault(fault.clone())
        }))
    };
    let body = async |fault: Fault| send(&streaming(fault), post(CHAT, streamed())).await;
    let (_, whole, _) = body(Fault::trailing("")).await;
    assert_eq!(deltas(&whole), words);
    let (_, cut, broke) = body(Fault::abort_after(2)).await;
    assert!(broke && whole.starts_with(&cut) && cut.contains("one ") && !cut.contains("two "));
    let (_, swapped, _) = body(Fault::swap_frames(1)).await;
    assert_eq!(deltas(&swapped), ["two ", "one ", "three"]);
    let (_, endless, _) = body(Fault::without_terminator()).await;
    assert_eq!(format!("{endless}data: [DONE]\n\n"), whole);
    let (_, bytes, _) = body(Fault::recut(Recut::bytes())).await;
    assert_eq!(bytes, whole);
    let start = Instant::now();
    let (_, slow, _) = body(Fault::pause_after(2, Duration::from_secs(60))).await;
    assert_eq!((slow, start.elapsed().as_secs()), (whole, 60));
}

#[tokio::test]
async fn a_rules_answers_may_fail_one_by_one() {
    let layer = MockLlmLayer::new().rule(
        Rule::always()
            .first(Answer::from("one two").fault(Fault::end_after(2)))
            .then(Answer::from("one two").fault(Fault::abort_after(3)))
            .then(ApiError::overloaded())
            .then_repeat("one two"),
    );
    let first = send(&layer, post(CHAT, streamed())).await;
    assert!(first.1.ends_with("\n\n") && !first.1.contains("[DONE]") && !first.2);
    assert!(send(&layer, post(CHAT, streamed())).await.2);
    assert_eq!(status(&layer, streamed()).await, 503);
    assert_eq!(deltas(&send(&layer, post(CHAT, streamed())).await.1), ["one", " two"]);
}

#[tokio::test]
async fn trouble_on_an_attempt_counts_each_request_by_itself() {
    let layer = MockLlmLayer::new()
        .trouble(Trouble::answer(ApiError::overloaded()).on_attempt(1))
        .trouble(Trouble::fault(Fault::end_after(0)).on_attempts(2..4))
        .rule(Rule::always().respond_with("ok").expect(3));
    let asked = |text: &str| asking(text, false);
    let text = |body: &str| {
        let answer: Value = serde_json::from_str(body).unwrap();
        answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    for text in ["a", "b"] {
        assert_eq!(status(&layer, asked(text)).await, 503);
    }
    let (_, second, _) = send(&layer, post(CHAT, asked("a"))).await;
    let (_, third, _) = send(&layer, post(CHAT, asked("a"))).await;
    let (_, fourth, _) = send(&layer, post(CHAT, asked("a"))).await;
    assert_eq!((second.as_str(), third.as_str(), text(&fourth).as_str()), ("", "", "ok"));
    layer.handle().verify();
    layer.handle().reset();
    assert_eq!(status(&layer, asked("a")).await, 503);
}

#[tokio::test]
async fn what_has_a_fault_of_its_own_keeps_it() {
    let layer =
        failing("one two", Fault::end_after(1)).trouble(Trouble::fault(Fault::abort_after(0)));
    let (_, body, broke) = send(&layer, post(CHAT, streamed())).await;
    assert!(!broke && body.contains("assistant"));
}

#[tokio::test]
async fn probability_follows_from_seed_request_and_attempt() {
    let fates = async |seed: u64, order: &[usize]| {
        let layer = MockLlmLayer::new()
            .seed(seed)
            .trouble(Trouble::answer(ApiError::server()).probability(0.3))
            .rule(Rule::always().respond_with("ok"));
        let mut fates = vec![Vec::new(); 200];
        for _ in 0..2 {
            for at in order {
                let body = asking(&format!("request {at}"), false);
                fates[*at].push(status(&layer, body).await == 500);
            }
        }
        fates
    };
    let order: Vec<_> = (0..200).collect();
    let reverse: Vec<_> = (0..200).rev().collect();
    let seen = fates(1, &order).await;
    assert_eq!(seen, fates(1, &reverse).await);
    assert_ne!(seen, fates(2, &order).await);
    let failed = seen.iter().flatten().filter(|failed| **failed).count();
    assert!((80..160).contains(&failed), "{failed} of 400");
    // A second attempt may have more luck.
    assert!(seen.iter().any(|fate| fate[0] && !fate[1]));
    assert!(seen.iter().any(|fate| fate[0] && fate[1]));
}

#[tokio::test(start_paused = true)]
async fn an_outage_begins_with_the_first_request_and_ends_in_virtual_time() {
    let window = Duration::from_secs(10)..Duration::from_secs(50);
    let layer = MockLlmLayer::new()
        .trouble(Trouble::answer(ApiError::server()).during(window))
        .rule(Rule::always().respond_with("ok"));
    tokio::time::advance(Duration::from_secs(1000)).await;
    for (at, expected) in [(0, 200), (9, 200), (10, 500), (49, 500), (50, 200)] {
        let start = Instant::now();
        assert_eq!(status(&layer, unary()).await, expected, "after {at} s");
        assert_eq!(start.elapsed(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(match at {
            0 => 9,
            9 | 49 => 1,
            _ => 39,
        }))
        .await;
    }
    layer.handle().reset();
    layer.handle().mount(Rule::always().respond_with("ok"));
    assert_eq!(status(&layer, unary()).await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_outage_may_have_a_time_of_its_own_and_a_condition() {
    let begin = Instant::now() + Duration::from_secs(5);
    let layer = MockLlmLayer::new()
        .trouble(
            Trouble::answer(ApiError::server())
                .between(begin..begin + Duration::from_secs(5))
                .when(last_user().contains("hi")),
        )
        .rule(Rule::always().respond_with("ok"));
    assert_eq!(status(&layer, unary()).await, 200);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(status(&layer, unary()).await, 500);
    assert_eq!(status(&layer, asking("other", false)).await, 200);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(status(&layer, unary()).await, 200);
}

#[tokio::test]
async fn a_header_asks_for_a_fault_where_it_may() {
    let says = || MockLlmLayer::new().rule(Rule::always().respond_with("one two"));
    let wanting = |fault: &str| {
        let mut request = post(CHAT, streamed());
        request.headers_mut().insert("x-mock-llm-fault", fault.parse().unwrap());
        request
    };
    let layer = says().fault_header(true);
    assert!(send(&layer, wanting("abort_after=2")).await.2);
    assert_eq!(send(&layer, wanting("error=quota")).await.0, 429);
    assert_eq!(deltas(&send(&layer, post(CHAT, streamed())).await.1).len(), 2);
    for (attempt, expected) in [(1, 503), (2, 200)] {
        let (status, ..) = send(&layer, wanting("error=overloaded; attempt=1")).await;
        assert_eq!(status, expected, "attempt {attempt}");
    }
    let (status, body, _) = send(&layer, wanting("explode")).await;
    let error: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &error["error"]["type"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_request_error"))
    );
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("x-mock-llm-fault says \"explode\""), "{message}");
    assert!(message.contains("abort_after=N"), "{message}");

    assert!(!send(&says(), wanting("abort_after=2")).await.2);
}

/// The events of a stream, read as they should be: by the format's rules, with a timeout, to the end.
async fn events(
    layer: MockLlmLayer,
    request: Request<Full<Bytes>>,
) -> Result<Vec<Value>, BoxError> {
    let response = layer.into_service().oneshot(request).await?;
    let head = response.headers()["content-type"].as_bytes();
    if response.status() != 200 || !head.starts_with(b"text/event-stream") {
        return Err("no stream".into());
    }
    let mut frames = response.into_body().into_data_stream();
    let mut bytes = Vec::new();
    while let Some(frame) =
        tokio::time::timeout(Duration::from_secs(60), frames.next()).await?.transpose()?
    {
        bytes.extend_from_slice(&frame);
    }
    let body = String::from_utf8(bytes)?;
    let body = body.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    // What is left behind the last blank line is no event.
    let (events, _) = body.rsplit_once("\n\n").ok_or("no event")?;
    let data = events.lines().filter_map(|line| line.strip_prefix("data: "));
    Ok(data.filter(|data| *data != "[DONE]").map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// An app that asks for the reason to stop.
async fn careful(layer: MockLlmLayer) -> Result<String, BoxError> {
    let (mut text, mut is_whole) = (String::new(), false);
    for chunk in events(layer, post(CHAT, streamed())).await? {
        let choice = &chunk["choices"][0];
        text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        is_whole |= choice["finish_reason"].is_string();
        if chunk.get("error").is_some() {
            return Err(chunk["error"]["message"].to_string().into());
        }
    }
    if is_whole { Ok(text) } else { Err("it broke off".into()) }
}

/// The same with Anthropic's last event.
async fn careful_with_anthropic(layer: MockLlmLayer) -> Result<String, BoxError> {
    let (mut text, mut is_whole) = (String::new(), false);
    for event in events(layer, post(MESSAGES, messages())).await? {
        text.push_str(event["delta"]["text"].as_str().unwrap_or_default());
        is_whole |= event["type"] == "message_stop";
        if event["type"] == "error" {
            return Err(event["error"]["message"].to_string().into());
        }
    }
    if is_whole { Ok(text) } else { Err("it broke off".into()) }
}

/// The same with Gemini's reason to stop.
async fn careful_with_gemini(layer: MockLlmLayer) -> Result<String, BoxError> {
    let (mut text, mut is_whole) = (String::new(), false);
    for chunk in events(layer, post(&format!("{GENERATE}?alt=sse&key=any"), contents())).await? {
        let candidate = &chunk["candidates"][0];
        text.push_str(candidate["content"]["parts"][0]["text"].as_str().unwrap_or_default());
        is_whole |= candidate["finishReason"].is_string();
        if chunk.get("error").is_some() {
            return Err(chunk["error"]["message"].to_string().into());
        }
    }
    if is_whole { Ok(text) } else { Err("it broke off".into()) }
}

#[tokio::test(start_paused = true)]
async fn careful_apps_pass_the_sweep_at_every_vendor() {
    let reply = || Reply::text("one two three four five");
    fault::sweep(reply(), |case| careful_with_anthropic(case.layer())).await.assert_ok();
    fault::sweep(reply(), |case| careful_with_gemini(case.layer())).await.assert_ok();
}

#[tokio::test(start_paused = true)]
async fn a_careful_app_passes_the_sweep() {
    // A role, the words, the finish, the end.
    let report =
        fault::sweep(Reply::text(["word"; 97].join(" ")), |case| careful(case.layer())).await;
    report.assert_ok();
    assert_eq!(report.frames(), 100);
    assert_eq!(report.cases(), 1 + 10 * report.frames() + 19);
}

#[tokio::test(start_paused = true)]
async fn a_strict_sweep_asks_for_what_this_protocol_cannot_tell() {
    let report =
        Sweep::new(Reply::text("one two three")).strict().run(|case| careful(case.layer())).await;
    let names: Vec<_> =
        report.findings().iter().map(|f| f.fault.as_ref().unwrap().name()).collect();
    assert!(!names.is_empty());
    assert!(
        names.iter().all(|name| ["drop_frame", "duplicate_frame", "swap_frames"].contains(name)),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_sweep_finds_each_way_to_do_badly_and_says_how_to_repeat_it() {
    // Waits for ever, counts on well-formed JSON, and takes any end for the end.
    let report = fault::sweep(Reply::text("one two three"), |case| async move {
        let response = case.layer().into_service().oneshot(post(CHAT, streamed())).await?;
        let body = response.into_body().collect().await?.to_bytes();
        let mut text = String::new();
        for line in String::from_utf8_lossy(&body).lines() {
            let Some(data) = line.strip_prefix("data: {") else { continue };
            let chunk: Value =
                serde_json::from_str(&format!("{{{data}")).expect("well-formed JSON");
            text.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        }
        Ok::<_, BoxError>(text)
    })
    .await;
    let of = |fault: Fault| {
        report.findings().iter().find(|finding| finding.fault.as_ref() == Some(&fault))
    };
    assert_eq!(of(Fault::stall_after(2)).unwrap().outcome, Outcome::Hung);
    assert_eq!(of(Fault::end_after(2)).unwrap().outcome, Outcome::Mistaken("\"one\"".to_owned()));
    let Outcome::Panicked(message) = &of(Fault::corrupt_frame(2)).unwrap().outcome else {
        panic!("{report}");
    };
    assert!(message.starts_with("well-formed JSON"), "{message}");
    assert!(of(Fault::abort_after(2)).is_none());
    assert!(of(Fault::pause_after(2, Duration::from_secs(1))).is_none());
    let told = report.to_string();
    assert!(told.contains("Fault::stall_after(0): hung"), "{told}");
    assert!(told.contains("and 5 more, to Fault::stall_after(5)"), "{told}");
    let panic = std::panic::catch_unwind(|| report.assert_ok()).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>(), Some(&told));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_fails_or_asks_nothing_is_told_so_at_once() {
    let report = fault::sweep(Reply::text("one"), |_| async { Err::<(), _>("no key") }).await;
    assert_eq!(
        report.to_string().lines().nth(1),
        Some("  without any fault: failed although the answer was all there: no key")
    );
    let report = fault::sweep(Reply::text("one"), |_| async { Ok::<_, BoxError>(()) }).await;
    assert!(report.to_string().contains("sent no request"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_tries_again_passes_where_only_the_first_answer_fails() {
    let twice = |layer: MockLlmLayer| async move {
        match careful(layer.clone()).await {
            Ok(text) => Ok(text),
            Err(_) => careful(layer).await,
        }
    };
    let reply = || Reply::text("one two").finish(Finish::Length);
    let report = Sweep::new(reply())
        .once()
        .configure(|layer| layer.seed(7))
        .run(|case| twice(case.layer()))
        .await;
    report.assert_ok();
}

#[tokio::test]
async fn a_sweep_in_real_time_waits_no_longer_than_its_limit() {
    let report = Sweep::new(Reply::text("one"))
        .real_time()
        .limit(Duration::from_secs(3))
        .run(|case| async move {
            let response = case.layer().into_service().oneshot(post(CHAT, unary())).await?;
            let body = response.into_body().collect().await?.to_bytes();
            let answer: Value = serde_json::from_slice(&body)?;
            let text = answer["choices"][0]["message"]["content"].as_str().ok_or("no text")?;
            Ok::<_, BoxError>(text.to_owned())
        })
        .await;
    let found: Vec<_> = report.findings().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["Fault::stall_after(0): hung: nothing ended its wait"]);
}

#[tokio::test]
#[should_panic(expected = "a sweep runs under a paused clock")]
async fn a_sweep_on_a_real_clock_is_refused() {
    let _ = fault::sweep(Reply::text("one"), |case| careful(case.layer())).await;
}
