//! What not every answer has, as recorded: sources, code, ratings.

use super::*;
use crate::reply::{Citation, SafetyRating, WebPage};

#[test]
fn code_that_ran_is_as_recorded() {
    let recording = recording!("code-execution");
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
    let recording = recording!("url-context");
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
    let recording = recording!("google-search");
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
    let ours = golden::whole(&Gemini, &request, &reply).into_body();
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
    let recording = recording!("stream-no-search");
    let ours = answered(&recording, &Reply::text("That was May.").usage(usage(61, 52, 48)));
    let theirs = like(ours.body(), &with_tier(&recording.body), &["responseId"]);
    assert_eq!(*ours.body(), theirs);
}

#[test]
fn a_blocked_prompt_is_as_recorded() {
    let recording = recording!("stream-prompt-blocked");
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
    let ours = golden::stream(&Gemini, &request, &reply, Chunking::Tokens).into_body();
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
    let recording = recording!("stream-recitation");
    let reply = Reply::text("x".repeat(793))
        .cited_text("y".repeat(548), [Citation::web("https://www.google.com/", "")])
        .model("gemini-2.0-flash")
        .finish(Finish::Recitation)
        .usage(usage(9, 261, 0));
    let request =
        ask("/v1beta/models/gemini-2.0-flash:streamGenerateContent", "alt=sse", ASK).unwrap();
    let ours = golden::stream(&Gemini, &request, &reply, Chunking::Chars(793)).into_body();
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
    let recording = recording!("safety");
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
