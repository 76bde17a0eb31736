//! Rules of your own for programs in other languages: what `mock-llm serve` does, with your answers.
//! Serves until Ctrl-C or SIGTERM.
//!
//!     cargo run --example served_rules

use std::io::Write;

use http::StatusCode;
use tower_mock_llm::reply::{ErrorKind, NoAnswer, RawResponse, Source, WebPage};
use tower_mock_llm::{
    Answer, ApiError, BoxError, Citation, Finish, LlmRequest, MockLlmLayer, MockServer, Part,
    Reply, Rule, ServerTool, Usage, cli, last_user,
};

/// An answer from the web, with its sources.
fn searched() -> Reply {
    let url = "https://docs.rs/tower";
    Reply::empty()
        .server_tool(ServerTool::web_search("what is tower", [WebPage::new(url, "tower")]))
        .then_text("Tower is ")
        .cited_text(
            "a library of modular components",
            [Citation::web(url, "tower").quote("a library of modular and reusable components")],
        )
        .then_text(".")
}

/// An answer from documents that the request brought.
fn read() -> Reply {
    Reply::empty().cited_text(
        "It is blue.",
        [
            Citation::new(Source::Characters { document: 0, range: 0..16 }, "facts.txt")
                .quote("The sky is blue."),
            Citation::new(Source::Pages { document: 1, range: 2..3 }, "facts.pdf"),
            Citation::new(Source::Blocks { document: 2, range: 0..1 }, "facts"),
        ],
    )
}

/// An answer from code that ran.
fn computed() -> Reply {
    Reply::empty().server_tool(ServerTool::code("echo $((6 * 7))", "42\n")).then_text("42")
}

/// What a model thinks and does not show.
fn redacted() -> Reply {
    let thought = Part::RedactedReasoning("EncrypTed==".to_owned());
    Reply::empty().part(thought).reasoning("Now for the answer.").then_text("Hello.")
}

/// A prompt that is kept by the vendor, and a turn that takes long.
fn paused() -> Reply {
    let mut usage = Usage::new(1000, 5);
    (usage.cached, usage.cache_write) = (600, 300);
    Reply::text("I am at it.").usage(usage).finish(Finish::PauseTurn)
}

/// What goes wrong when the prompt says so: `fail: RateLimit`, `fail: reset`.
fn failed(request: &LlmRequest) -> Option<Answer> {
    let prompt = request.last_user();
    let how = prompt.strip_prefix("fail: ")?;
    Some(match how {
        "close" => NoAnswer::Closed.into(),
        "hang" => NoAnswer::Hang.into(),
        "html" => RawResponse::nginx(StatusCode::BAD_GATEWAY).into(),
        "reset" => NoAnswer::Reset.into(),
        _ => {
            let kind = ErrorKind::ALL.into_iter().find(|kind| format!("{kind:?}") == how)?;
            ApiError::new(kind).into()
        }
    })
}

fn main() -> Result<(), BoxError> {
    let asked = |word: &str| Rule::when(last_user().contains(word));
    let mock = MockLlmLayer::new()
        .rule(asked("search").respond_with(searched()))
        .rule(asked("read").respond_with(read()))
        .rule(asked("compute").respond_with(computed()))
        .rule(asked("redact").respond_with(redacted()))
        .rule(asked("pause").respond_with(paused()))
        .rule(asked("fail: ").respond_fn(failed));
    let wait = cli::signals()?;
    let server = MockServer::builder(mock).start()?;
    println!("listening on {}", server.url());
    std::io::stdout().flush()?;
    wait();
    server.shutdown();
    Ok(())
}
