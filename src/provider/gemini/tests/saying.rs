//! How single things are said: pictures, raw parts, candidates, log-probabilities, refusals.

use super::*;
use crate::reply::{Audio, Citation, Delta, Media, SafetyRating, ToolDeltas};

#[test]
fn pictures_and_sound_are_inline_data() {
    let reply = Reply::text("Here: ").image("image/png", &b"\x89PNG"[..]).then_text("Nice?");
    for model in ["gemini-2.0-flash", "gemini-2.5-flash-image", "gemini-3-pro-image-preview"] {
        let said = agreed(model, ASK, &reply);
        let part = &said["candidates"][0]["content"]["parts"][1];
        assert_eq!(part["inlineData"], json!({"mimeType": "image/png", "data": "iVBORw=="}));
        let details = &said["usageMetadata"]["candidatesTokensDetails"];
        let image = json!({"modality": "IMAGE", "tokenCount": 1290});
        if model == "gemini-2.0-flash" {
            let text = json!({"modality": "TEXT", "tokenCount": 5});
            assert_eq!(*details, json!([text, image]));
        } else {
            assert_eq!(*details, json!([image]));
        }
        // Before the end it is not said which are which.
        let chunks = chunks_of(model, "alt=sse", ASK, &reply);
        let (_, before) = chunks.split_last().unwrap();
        for chunk in before {
            assert_eq!(chunk["usageMetadata"].get("candidatesTokensDetails"), None);
        }
    }
    let mut usage = Usage::new(4, 50);
    usage.audio_output = 50;
    let media = Media::new("audio/L16;codec=pcm;rate=24000", &b"\0\x01"[..]);
    let reply = Reply::empty().part(Part::Audio(Audio::new(media, "Hello"))).usage(usage);
    let said = agreed("gemini-2.5-flash-preview-tts", ASK, &reply);
    let data = json!({"mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AAE="});
    assert_eq!(said["candidates"][0]["content"]["parts"], json!([{"inlineData": data}]));
    let details = &said["usageMetadata"]["candidatesTokensDetails"];
    assert_eq!(*details, json!([{"modality": "AUDIO", "tokenCount": 50}]));
}

#[test]
fn raw_parts_stay_as_they_are() {
    let raw = raw(r#"{"z":1.50,"fileData":{"fileUri":"<gs>","mimeType":"video/mp4"}}"#);
    let reply = Reply::text("See").raw(raw).then_text("there");
    for model in MODELS {
        agreed(model, ASK, &reply);
    }
    let request = ask(SSE_PATH.0, SSE_PATH.1, ASK).unwrap();
    let stream = golden::stream(&Gemini, &request, &reply, Chunking::Tokens).into_body();
    let part = r#""parts": [{"z": 1.50,"fileData": {"fileUri": "\u003cgs\u003e","mimeType": "video/mp4"}}]"#;
    assert!(stream.contains(part), "{stream}");
    let request = ask(PATH, "", ASK).unwrap();
    let body = golden::whole(&Gemini, &request, &reply).into_body();
    let part = "          {\n            \"z\": 1.50,\n            \"fileData\": {\n";
    assert!(body.contains(part));
}

#[test]
fn candidates_are_numbered_and_have_ids_of_their_own() {
    let body = asking(json!({"candidateCount": 3}));
    let call =
        |text: &str| Reply::empty().reasoning("hm").then_text(text).tool_call("f", json!({}));
    let reply = call("one").choice(call("two and more")).choice(Reply::text("three"));
    let said = whole("gemini-2.5-flash", &body, &reply);
    let candidates = said["candidates"].as_array().unwrap();
    let indices: Vec<_> = candidates.iter().map(|candidate| &candidate["index"]).collect();
    assert_eq!(indices, [0, 1, 2]);
    let signature = |at: usize| &candidates[at]["content"]["parts"][2]["thoughtSignature"];
    assert!(signature(0).is_string() && signature(1).is_string());
    assert_ne!(signature(0), signature(1));
    let total = reply.usage_for(0);
    assert_eq!(said["usageMetadata"]["candidatesTokenCount"], total.output - total.reasoning);
    assert_eq!(said["usageMetadata"]["thoughtsTokenCount"], total.reasoning);
    // Older models leave out zero.
    let older = whole("gemini-2.0-flash", &body, &reply);
    let indices =
        older["candidates"].as_array().unwrap().iter().map(|one| one.get("index").cloned());
    assert_eq!(indices.collect::<Vec<_>>(), [None, Some(json!(1)), Some(json!(2))]);
}

#[test]
fn streamed_candidates_are_those_of_the_whole_answer() {
    let body = asking(json!({"candidateCount": 3}));
    let reply = Reply::empty()
        .reasoning("hm, well")
        .then_text("one")
        .tool_call("f", json!({"a": "b c d"}))
        .choice(Reply::text("two and more, and more").server_tool(ServerTool::code("1", "2")))
        .choice(
            Reply::text("three")
                .cited_text(" it is", [Citation::web("https://a.example", "A")])
                .finish(Finish::Length),
        );
    for model in ["gemini-2.0-flash", "gemini-2.5-flash"] {
        let mut said = whole(model, &body, &reply);
        for query in ["", "alt=sse"] {
            let chunks = chunks_of(model, query, &body, &reply);
            let mut total = 0;
            for chunk in &chunks {
                assert_eq!(chunk["candidates"].as_array().unwrap().len(), 1);
                let so_far = chunk["usageMetadata"]["totalTokenCount"].as_u64().unwrap();
                assert!(so_far >= total, "{chunks:#?}");
                total = so_far;
            }
            for (at, expected) in said["candidates"].as_array_mut().unwrap().iter_mut().enumerate()
            {
                let is_mine = |chunk: &&Value| {
                    chunk["candidates"][0]["index"].as_u64().unwrap_or_default() == at as u64
                };
                let mine: Vec<Value> = chunks.iter().filter(is_mine).cloned().collect();
                expected.as_object_mut().unwrap().remove("avgLogprobs");
                assert_eq!(assembled(&mine)["candidates"][0], *expected, "{model} {at}");
            }
            assert_eq!(chunks.last().unwrap()["usageMetadata"], said["usageMetadata"]);
        }
    }
}

fn asking(config: Value) -> Vec<u8> {
    json!({
        "contents": [{"parts": [{"text": "x"}]}],
        "generationConfig": config,
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    })
    .to_string()
    .into()
}

#[test]
fn log_probabilities_are_told_when_asked_for() {
    let reply = Reply::empty().reasoning("hm").then_text("This is it, <so>").then_text(" there.");
    let model = "gemini-2.0-flash";
    let body = asking(json!({"responseLogprobs": true, "logprobs": 3}));
    let said = whole(model, &body, &reply);
    let candidate = &said["candidates"][0];
    let result = &candidate["logprobsResult"];
    let chosen = result["chosenCandidates"].as_array().unwrap();
    let tokens: String = chosen.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!(tokens, "This is it, <so> there.");
    let top = result["topCandidates"].as_array().unwrap();
    assert_eq!(top.len(), chosen.len());
    for (top, chosen) in top.iter().zip(chosen) {
        assert_eq!(top["candidates"].as_array().unwrap().len(), 3);
        assert_eq!(top["candidates"][0], *chosen);
        assert!(chosen["logProbability"].as_f64().unwrap() < 0.0 && chosen["tokenId"].is_u64());
    }
    let near = |a: f64, b: f64| (a - b).abs() < 1e-5;
    let sum: f64 = chosen.iter().map(|token| token["logProbability"].as_f64().unwrap()).sum();
    assert!(near(result["logProbabilitySum"].as_f64().unwrap(), sum));
    assert!(near(candidate["avgLogprobs"].as_f64().unwrap(), sum / chosen.len() as f64));

    let chunks = chunks_of(model, "alt=sse", &body, &reply);
    let all = |key: &str| -> Vec<Value> {
        let of = |chunk: &Value| chunk["candidates"][0]["logprobsResult"][key].as_array().cloned();
        chunks.iter().filter_map(of).flatten().collect()
    };
    assert_eq!(all("chosenCandidates"), *chosen);
    assert_eq!(all("topCandidates"), *top);

    let body = asking(json!({"responseLogprobs": true}));
    let result = &whole(model, &body, &reply)["candidates"][0]["logprobsResult"];
    assert!(result["chosenCandidates"].is_array() && result.get("topCandidates").is_none());
    let body = asking(json!({"logprobs": 3}));
    assert_eq!(whole(model, &body, &reply)["candidates"][0].get("logprobsResult"), None);
}

#[test]
fn what_the_api_has_no_words_for_is_refused() {
    let refused = |reply: &Reply| {
        let why = reply.features().find_map(|feature| Gemini.can_say(feature).err());
        why.unwrap_or_default()
    };
    let document = crate::reply::Source::Pages { document: 0, range: 1..2 };
    let cases = [
        (Reply::text("x").tool_deltas(ToolDeltas::new().fragment(3)), "each function call whole"),
        (Reply::text("x").tool_deltas(ToolDeltas::new().interleaved()), "each function call whole"),
        (Reply::empty().cited_text("x", [Citation::new(document, "t")]), "pages of the web"),
        (Reply::empty().part(Part::RedactedReasoning("x".into())), "only signed"),
        (Reply::empty().server_tool(ServerTool::other("fetch", json!({}), "t", "x")), "searches"),
        (
            Reply::empty()
                .image("image/png", &b"x"[..])
                .raw(json!({}))
                .cited_text("x", [Citation::web("u", "t").quote("q")])
                .safety(SafetyRating::new("c", "p"))
                .part(Part::ToolCall(ToolCall::with_raw_arguments("f", "{"))),
            "",
        ),
    ];
    for (reply, why) in cases {
        let told = refused(&reply);
        assert!(told.contains(why) && told.is_empty() == why.is_empty(), "{why}: {told}");
    }
}

#[test]
fn a_refusal_is_blocked_for_safety() {
    let request = ask(PATH, "", br#"{"contents": [{"parts": [{"text": "x"}]}]}"#).unwrap();
    let reply = Reply::refusal("No.");
    let body = golden::whole(&Gemini, &request, &reply).into_body();
    let value: Value = serde_json::from_str(&body).unwrap();
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
        Delta::ToolCall { id: None, name: "f".into() },
        Delta::Arguments("{\"x\": ".into()),
    ]);
    let body = golden::whole(&Gemini, &request, &reply).into_body();
    let value: Value = serde_json::from_str(&body).unwrap();
    let candidate = &value["candidates"][0];
    assert_eq!(candidate["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert_eq!(candidate["finishMessage"], "Malformed function call: f({\"x\": )");
}
