//! What each client makes of each fault: the table of the guide's page on faults.

use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use client_tests::{Ask, Client, Got, Res};
use futures::FutureExt;
use tower_mock_llm::fault::{Recut, Sweep};
use tower_mock_llm::{Answer, ApiError, Fault, MockLlmLayer, Reply, Rule};

const TEXT: &str = "one two three four five six seven eight nine ten über twelve";

/// In the order of the table's columns.
macro_rules! all_clients {
    ($fault:expr) => {
        futures::join!(
            made_of($fault, client_tests::async_openai::AsyncOpenAi::connected),
            made_of($fault, client_tests::genai::openai),
            made_of($fault, client_tests::openai_api_rs::OpenAiApiRs::served),
            made_of($fault, client_tests::rig::openai),
            made_of($fault, client_tests::genai::anthropic),
            made_of($fault, client_tests::misanthropic::Misanthropic::connected),
            made_of($fault, client_tests::rig::anthropic),
            made_of($fault, client_tests::genai::gemini),
            made_of($fault, client_tests::rig::gemini),
        )
    };
}

const COLUMNS: &str = "\
| fault | async-openai | genai (OpenAI) | openai-api-rs | rig (OpenAI) | genai (Anthropic) | misanthropic | rig (Anthropic) | genai (Gemini) | rig (Gemini) |
|---|---|---|---|---|---|---|---|---|---|
";

/// What the client told its user of a stream with this fault.
async fn made_of<C: Client>(fault: &Fault, connect: impl Fn(&MockLlmLayer) -> C) -> &'static str {
    let answer = Answer::from(TEXT).fault(fault.clone());
    let mock = MockLlmLayer::new().rule(Rule::always().respond_with(answer));
    let asked = AssertUnwindSafe(async { connect(&mock).stream(Ask::text("count")).await });
    match tokio::time::timeout(Duration::from_secs(3), asked.catch_unwind()).await {
        Err(_) => "waits",
        Ok(Err(_)) => "panics",
        Ok(Ok(result)) => word::<C>(result),
    }
}

fn word<C: Client>(result: Res<Got>) -> &'static str {
    match result {
        Err(_) => "error",
        Ok(Got { broke: Some(_), .. }) => "error",
        Ok(got) if got.text == TEXT => "whole",
        // That there is no reason why it ended, its caller can see.
        Ok(got) if C::TELLS.streams_finish && got.finish.is_none() => "part, no finish",
        Ok(got) if got.text.len() < TEXT.len() => "**part**",
        Ok(_) => "**other**",
    }
}

fn faults() -> Vec<Fault> {
    let second = Duration::from_secs(1);
    vec![
        Fault::abort_after(5),
        Fault::end_after(0),
        Fault::end_after(5),
        Fault::stall_after(5),
        Fault::pause_after(5, second),
        Fault::error_after(0, ApiError::overloaded()),
        Fault::error_after(5, ApiError::overloaded()),
        Fault::error_after(5, ApiError::rate_limit()),
        Fault::without_terminator(),
        Fault::without_finish(),
        Fault::repeat_finish(),
        Fault::drop_frame(0),
        Fault::drop_frame(5),
        Fault::duplicate_frame(0),
        Fault::duplicate_frame(5),
        Fault::swap_frames(0),
        Fault::swap_frames(5),
        Fault::corrupt_frame(5),
        Fault::truncate_frame(5),
        Fault::content_type("text/html"),
        Fault::content_type("application/json"),
        Fault::content_length(900),
        Fault::content_length(1_000_000),
        Fault::trailing("<html>502 Bad Gateway</html>"),
        Fault::recut(Recut::anywhere()),
        Fault::recut(Recut::bytes()),
        Fault::recut(Recut::in_characters()),
        Fault::recut(Recut::in_line_ends()),
        Fault::recut(Recut::in_line_ends().crlf()),
        Fault::recut(Recut::together()),
        Fault::recut(Recut::frames().comments()),
        Fault::recut(Recut::frames().keep_alives()),
        Fault::recut(Recut::frames().bom()),
        Fault::recut(Recut::frames().crlf()),
        Fault::recut(Recut::frames().no_last_blank_line()),
        Fault::adversary(),
    ]
}

#[tokio::test]
async fn the_guide_tells_what_each_client_makes_of_each_fault() {
    let mut table = COLUMNS.to_owned();
    for fault in faults() {
        let seen = all_clients!(&fault);
        let seen = [seen.0, seen.1, seen.2, seen.3, seen.4, seen.5, seen.6, seen.7, seen.8];
        let _ = writeln!(table, "| `{fault}` | {} |", seen.join(" | "));
    }
    let guide = include_str!("../../../../src/guide/faults.md");
    assert!(guide.contains(&table), "the guide's table is another than this:\n\n{table}");
}

/// A sweep over a real client, in virtual time.
#[tokio::test(start_paused = true)]
async fn a_sweep_over_async_openai_finds_what_it_does_not_read() {
    let report = Sweep::new(Reply::text(TEXT))
        .run(|case| async move {
            let client = client_tests::async_openai::AsyncOpenAi::layered(&case.layer());
            let read = client.stream(Ask::text("count"));
            let got = tokio::time::timeout(Duration::from_secs(60), read).await??;
            match (got.broke, got.finish) {
                (Some(error), _) => Err(error.into()),
                (None, None) => Err("it ended without a reason".into()),
                (None, Some(_)) => Ok::<_, client_tests::BoxError>(got.text),
            }
        })
        .await;
    // eventsource-stream 0.2.3 panics on it, in a task of the client's own.
    let known = Fault::recut(Recut::frames().bom());
    let found: Vec<_> = report.findings().iter().map(|finding| finding.fault.as_ref()).collect();
    assert_eq!(found, [Some(&known)], "{report}");
    assert_eq!(report.cases(), 1 + 10 * report.frames() + 19);
}
