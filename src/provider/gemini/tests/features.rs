//! What not every answer has: sources, code, pictures, ratings, several candidates.

use super::*;
use crate::reply::{Audio, Citation, Media, SafetyRating, ToolDeltas, WebPage};

macro_rules! golden {
    ($name:literal) => {
        recording(include_str!(concat!("../golden/", $name, ".json")))
    };
}

const ASK: &[u8] = br#"{"contents": [{"parts": [{"text": "x"}]}]}"#;
const SSE_PATH: (&str, &str) = (STREAM_PATH, "alt=sse");

fn whole(model: &str, body: &[u8], reply: &Reply) -> Value {
    let path = format!("/v1beta/models/{model}:generateContent");
    let request = ask(&path, "", body).unwrap();
    let body = Gemini.unary(&context(&request, reply), reply).into_body();
    serde_json::from_slice(&body).unwrap()
}

fn chunks_of(model: &str, query: &str, body: &[u8], reply: &Reply) -> Vec<Value> {
    let path = format!("/v1beta/models/{model}:streamGenerateContent");
    let request = ask(&path, query, body).unwrap();
    chunks(&streamed(&request, reply, Chunking::Tokens).into_body())
}

/// The answer whole, after it was found to be the same as its streams.
#[track_caller]
fn agreed(model: &str, body: &[u8], reply: &Reply) -> Value {
    let said = whole(model, body, reply);
    let mut expected = said.clone();
    expected["candidates"][0].as_object_mut().unwrap().remove("avgLogprobs");
    for query in ["", "alt=sse"] {
        let chunks = chunks_of(model, query, body, reply);
        assert_eq!(assembled(&chunks), expected, "{model} {query:?}");
    }
    said
}

const MODELS: [&str; 3] = ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"];

#[test]
fn code_that_ran_is_as_recorded() {
    let recording = golden!("code-execution");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let parts = &value["candidates"][0]["content"]["parts"];
    let text = |part: usize, pointer: &str| parts[part].pointer(pointer).unwrap().as_str().unwrap();
    let mut usage = usage(85, 209, 87);
    usage.tool_input = 149;
    let reply = Reply::empty()
        .server_tool(ServerTool::code(
            text(0, "/executableCode/code"),
            text(1, "/codeExecutionResult/output"),
        ))
        .then_text(text(2, "/text"))
        .usage(usage);
    let ours = answered(&recording, &reply);
    let made_up = ["responseId", "thoughtSignature", "id"];
    assert_eq!(*ours.body(), like(ours.body(), &recording.body, &made_up));
    let ids: Vec<_> = values(ours.body(), "id").into_iter().map(|(_, id)| id).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1] && ids[0].starts_with("\"call_"), "{ids:?}");
}

#[test]
fn cited_pages_are_as_recorded() {
    let recording = golden!("url-context");
    let mut usage = usage(132, 214, 149);
    usage.tool_input = 1387;
    let reply = Reply::empty()
        .cited_text(
            "The first movie listed on that page is ***The Phantom Menace*** (released on May 19, \
             1999, and directed by George Lucas)",
            [Citation::web(
                "https://rvest.tidyverse.org/articles/starwars.html",
                "Star Wars films (static HTML) • rvest",
            )],
        )
        .then_text(".")
        .usage(usage);
    let ours = answered(&recording, &reply);
    let theirs = like(ours.body(), &recording.body, &["responseId", "thoughtSignature"]);
    // What was fetched is not among the neutral words.
    let (start, end) =
        (theirs.find(",\n      \"urlContext"), theirs.find("\n    }\n  ],\n  \"usage"));
    let theirs = [&theirs[..start.unwrap()], &theirs[end.unwrap()..]].concat();
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn a_search_is_as_recorded() {
    let recording = golden!("google-search");
    let value: Value = serde_json::from_str(&recording.body).unwrap();
    let page = |at: usize| {
        let page = &value["candidates"][0]["groundingMetadata"]["groundingChunks"][at]["web"];
        WebPage::new(page["uri"].as_str().unwrap(), page["title"].as_str().unwrap())
    };
    let cite = |page: &WebPage| [Citation::web(&page.url, &page.title)];
    let pages = [page(0), page(1)];
    let reply = Reply::empty()
        .server_tool(ServerTool::web_search("current weather in London", pages.clone()))
        .cited_text("The current weather in London, United Kingdom is cloudy.", cite(&pages[0]))
        .then_text(" ")
        .cited_text(
            "The temperature is 67°F (19°C), but it feels like 75°F (24°C).",
            cite(&pages[1]),
        )
        .then_text(" ")
        .cited_text(
            "There is a 0% chance of rain, and the humidity is around 41%.",
            cite(&pages[1]),
        )
        .then_text("\n")
        .model("gemini-2.0-flash")
        .usage(usage(8, 60, 0));
    let path = "/v1beta/models/gemini-2.0-flash:generateContent";
    let request = ask(path, "", ASK).unwrap();
    let ours = Gemini.unary(&context(&request, &reply), &reply).into_body();
    let ours = String::from_utf8(ours.to_vec()).unwrap();
    // Figures and HTML are the vendor's to know.
    let masked = |text: &str| {
        let lines = text.lines().map(|line| match line.trim().split_once(": ") {
            Some(("\"renderedContent\"", html)) => {
                assert!(
                    html.contains("\\u003ca class=\\\"chip\\\" href=\\\"https://vertexaisearch")
                );
                assert!(html.contains("\\u003ecurrent weather in London\\u003c/a\\u003e"));
                "HTML"
            }
            None if line.trim().parse::<f32>().is_ok_and(|score| score.fract() > 0.0) => "SCORE",
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let theirs = like(&ours, &with_tier(&recording.body), &["responseId"]);
    assert_eq!(masked(&ours), masked(&theirs));
}

#[test]
fn a_search_that_was_not_made_is_as_recorded() {
    let recording = golden!("stream-no-search");
    let ours = answered(&recording, &Reply::text("That was May.").usage(usage(61, 52, 48)));
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn a_blocked_prompt_is_as_recorded() {
    let recording = golden!("stream-prompt-blocked");
    let ratings = [
        ("HARM_CATEGORY_SEXUALLY_EXPLICIT", "NEGLIGIBLE"),
        ("HARM_CATEGORY_HATE_SPEECH", "HIGH"),
        ("HARM_CATEGORY_HARASSMENT", "NEGLIGIBLE"),
        ("HARM_CATEGORY_DANGEROUS_CONTENT", "NEGLIGIBLE"),
    ];
    let reply = ratings.into_iter().fold(Reply::empty(), |reply, (category, probability)| {
        reply.safety(SafetyRating::new(category, probability))
    });
    let reply = reply.finish(Finish::PromptBlocked);
    let request = ask(SSE_PATH.0, SSE_PATH.1, ASK).unwrap();
    let ours = streamed(&request, &reply, Chunking::Tokens).into_body();
    // The recording is from before usage and ids were sent along.
    let theirs = recording.body.trim_end().strip_suffix('}').unwrap();
    assert!(ours.starts_with(&format!("{theirs},\"usageMetadata\": {{\"prompt")), "{ours}");
    assert_eq!(ours.matches("data: ").count(), 1);
    for model in MODELS {
        let said = whole(model, ASK, &reply);
        assert_eq!(said["promptFeedback"]["blockReason"], "SAFETY");
        assert_eq!(said.get("candidates"), None);
        assert_eq!(chunks_of(model, "", ASK, &reply), [said]);
        let forbidden = Reply::empty().finish(Finish::PromptBlocked);
        let said = whole(model, ASK, &forbidden);
        assert_eq!(said["promptFeedback"], json!({"blockReason": "PROHIBITED_CONTENT"}));
        assert_eq!(chunks_of(model, "alt=sse", ASK, &forbidden), [said]);
    }
}

#[test]
fn a_recitation_is_as_recorded() {
    let recording = golden!("stream-recitation");
    let reply = Reply::text("x".repeat(793))
        .cited_text("y".repeat(548), [Citation::web("https://www.google.com/", "")])
        .model("gemini-2.0-flash")
        .finish(Finish::Recitation)
        .usage(usage(9, 261, 0));
    let request =
        ask("/v1beta/models/gemini-2.0-flash:streamGenerateContent", "alt=sse", ASK).unwrap();
    let ours = streamed(&request, &reply, Chunking::Chars(793)).into_body();
    let last = |body: &str| body.trim_end().rsplit("\r\n\r\n").next().unwrap().to_owned();
    // The recording is without ids.
    let (ours, theirs) = (last(&ours), last(&with_tier(&recording.body)));
    let theirs = theirs.strip_suffix('}').unwrap();
    assert!(ours.starts_with(&format!("{theirs},\"responseId\"")), "{ours}\n{theirs}");
    let said = whole("gemini-2.0-flash", ASK, &reply);
    assert_eq!(said["candidates"][0]["finishReason"], "RECITATION");
    assert_eq!(said["candidates"][0].get("groundingMetadata"), None);
}

#[test]
fn a_filtered_answer_is_as_recorded() {
    let recording = golden!("safety");
    let reply = Reply::empty()
        .safety(SafetyRating::new("HARM_CATEGORY_HATE_SPEECH", "LOW").blocked())
        .safety(SafetyRating::new("HARM_CATEGORY_DANGEROUS_CONTENT", "NEGLIGIBLE"))
        .safety(SafetyRating::new("HARM_CATEGORY_HARASSMENT", "NEGLIGIBLE"))
        .safety(SafetyRating::new("HARM_CATEGORY_SEXUALLY_EXPLICIT", "NEGLIGIBLE"))
        .finish(Finish::ContentFilter)
        .usage(usage(14, 0, 0));
    let ours: Value = serde_json::from_str(answered(&recording, &reply).body()).unwrap();
    let theirs: Value = serde_json::from_str(&recording.body).unwrap();
    let mut candidate = ours["candidates"][0].clone();
    // It was nothing to be sure of.
    candidate.as_object_mut().unwrap().remove("avgLogprobs");
    assert_eq!(candidate, theirs["candidates"][0]);
    for model in MODELS {
        agreed(model, ASK, &reply);
        let passed = Reply::text("so there").safety(SafetyRating::new("HARM_CATEGORY_X", "LOW"));
        let said = agreed(model, ASK, &passed);
        let rated = json!([{"category": "HARM_CATEGORY_X", "probability": "LOW"}]);
        assert_eq!(said["candidates"][0]["safetyRatings"], rated);
    }
}

#[test]
fn streams_say_the_sources_that_whole_answers_say() {
    let web = |n: usize| Citation::web(format!("https://{n}.example"), format!("Page {n}"));
    let replies = [
        Reply::text("Größe: ").cited_text("drei Meter", [web(1), web(2)]).then_text("."),
        Reply::empty()
            .reasoning("hm")
            .server_tool(ServerTool::web_search(
                "<how & why>",
                [WebPage::new("https://2.example", "Page 2")],
            ))
            .cited_text("one", [web(1)])
            .cited_text(" two", [web(2)]),
        Reply::text("one ")
            .server_tool(ServerTool::code("print(1)", ""))
            .then_text("two ")
            .cited_text("three", [web(3)])
            .tool_call("f", json!({}))
            .cited_text("four", [web(3)]),
    ];
    for model in MODELS {
        for reply in &replies {
            agreed(model, ASK, reply);
        }
    }
    let said = agreed(MODELS[1], ASK, &replies[0]);
    let grounding = &said["candidates"][0]["groundingMetadata"];
    // Bytes, not characters.
    let segment = json!({"startIndex": 9, "endIndex": 19, "text": "drei Meter"});
    assert_eq!(
        grounding["groundingSupports"],
        json!([{"segment": segment, "groundingChunkIndices": [0, 1]}])
    );
    assert_eq!(said["candidates"][0]["content"]["parts"][0]["text"], "Größe: drei Meter.");
    let said = agreed(MODELS[1], ASK, &replies[2]);
    let supports = &said["candidates"][0]["groundingMetadata"]["groundingSupports"];
    let four = json!({"partIndex": 5, "endIndex": 4, "text": "four"});
    assert_eq!(supports[1]["segment"], four, "{said:#}");
    assert_eq!(said["candidates"][0]["content"]["parts"][5]["text"], "four");
}

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
    let stream = streamed(&request, &reply, Chunking::Tokens).into_body();
    let part = r#""parts": [{"z": 1.50,"fileData": {"fileUri": "\u003cgs\u003e","mimeType": "video/mp4"}}]"#;
    assert!(stream.contains(part), "{stream}");
    let request = ask(PATH, "", ASK).unwrap();
    let body = Gemini.unary(&context(&request, &reply), &reply).into_body();
    let part = "          {\n            \"z\": 1.50,\n            \"fileData\": {\n";
    assert!(std::str::from_utf8(&body).unwrap().contains(part));
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
