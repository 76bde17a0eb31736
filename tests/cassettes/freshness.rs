//! Recordings that become old: told, refused, recorded again, and held against the provider.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower::{Layer, service_fn};
use tower_mock_llm::cassette::{Cassette, DriftKind, Note, RecordMode, Stale};
use tower_mock_llm::{BoxError, MockLlmLayer};

use crate::upstream::{Req, Scratch, ask, body, joined};

const DAY: Duration = Duration::from_secs(86_400);

/// A provider that gives each answer in turn, and the last for ever.
#[derive(Clone)]
struct Provider {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    calls: Arc<AtomicUsize>,
}

impl Provider {
    fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        let answers = answers.map(|(status, body)| (status, body.to_owned())).into();
        Self { answers: Arc::new(Mutex::new(answers)), calls: Arc::default() }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn ask(&self, layer: MockLlmLayer, text: &str) -> (u16, String) {
        let this = self.clone();
        let live = service_fn(move |_: Req| {
            this.calls.fetch_add(1, Ordering::SeqCst);
            let mut answers = this.answers.lock().unwrap();
            let (status, said) =
                if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
            let frames = match said.strip_suffix("<broken>") {
                Some(said) => {
                    vec![Ok(said.to_owned().into()), Err(BoxError::from("connection reset"))]
                }
                None => vec![Ok(said.into())],
            };
            let response = http::Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .body(body(frames, Duration::ZERO));
            std::future::ready(Ok::<_, std::convert::Infallible>(response.unwrap()))
        });
        let stack = layer.recording().layer(live);
        let response = tower::ServiceExt::oneshot(stack, ask(text)).await.unwrap();
        let status = response.status().as_u16();
        match http_body_util::BodyExt::collect(response.into_body()).await {
            Ok(body) => (status, joined(&[body.to_bytes()])),
            Err(error) => (status, error.to_string()),
        }
    }
}

fn answer(model: &str, text: &str) -> String {
    format!(r#"{{"model":"{model}","text":"{text}"}}"#)
}

async fn record(path: &Path, texts: &[&str]) {
    let provider = Provider::new([(200, &*answer("m-2025", "old"))]);
    let cassette = Cassette::open(path).unwrap().mode(RecordMode::RecordMissing);
    for text in texts {
        provider.ask(MockLlmLayer::new().cassette(cassette.clone()), text).await;
    }
}

/// Makes recordings old: those whose request has this text.
fn age(path: &Path, text: &str) {
    let file = std::fs::read_to_string(path).unwrap();
    let lines = file.lines().map(|line| match line.split_once("\"at\":\"") {
        Some((before, after)) if line.contains(text) => {
            format!("{before}\"at\":\"2020-02-29{}\n", &after[10..])
        }
        _ => format!("{line}\n"),
    });
    std::fs::write(path, lines.collect::<String>()).unwrap();
}

#[tokio::test]
async fn a_recording_says_when_by_what_and_of_whom_it_was_made() {
    let scratch = Scratch::new("stamp");
    let path = scratch.file("x.jsonl");
    record(&path, &["a"]).await;
    let line = std::fs::read_to_string(&path).unwrap().lines().nth(1).unwrap().to_owned();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let by = concat!("tower-mock-llm ", env!("CARGO_PKG_VERSION"));
    assert_eq!(line["recorded"]["by"], by);
    assert_eq!(line["recorded"]["model"], "m-2025");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let year = 1970 + now.as_secs() / 31_556_952;
    let at = line["recorded"]["at"].as_str().unwrap();
    assert!(at.starts_with(&format!("{year}-")) && at.ends_with('Z'), "{at}");
}

#[tokio::test]
async fn refreshing_asks_again_what_is_old_and_changes_nothing_else() {
    let scratch = Scratch::new("refresh");
    let path = scratch.file("x.jsonl");
    record(&path, &["a", "b", "c"]).await;
    age(&path, "\"b\"");
    let before = std::fs::read_to_string(&path).unwrap();
    let provider = Provider::new([(200, &*answer("m-2026", "new"))]);
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::Refresh);
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    for (text, said) in [("a", "old"), ("b", "new"), ("c", "old")] {
        let (_, answer) = provider.ask(layer.clone(), text).await;
        assert!(answer.contains(said), "{text}: {answer}");
    }
    assert_eq!(provider.calls(), 1);
    layer.handle().verify();
    let is = |note: &Note| matches!(note, Note::ModelChanged { was, is, .. } if was == "m-2025" && is == "m-2026");
    assert!(matches!(&*cassette.notes(), [note] if is(note)), "{:?}", cassette.notes());

    // It stands where the old one stood, and the others are as they were.
    let after = std::fs::read_to_string(&path).unwrap();
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    assert_eq!((&before[..5], &before[9..]), (&after[..5], &after[9..]));
    assert!(after[5].contains("\"b\"") && !after[5].contains("2020-02-29"), "{}", after[5]);
    assert!(after[7].contains("m-2026"), "{}", after[7]);

    // What is missing is recorded.
    assert_eq!(provider.ask(layer.clone(), "d").await.0, 200);
    assert_eq!((provider.calls(), Cassette::open(&path).unwrap().len()), (2, 4));
}

#[tokio::test]
async fn what_is_refreshed_and_said_again_changes_its_age_alone() {
    let scratch = Scratch::new("same");
    let path = scratch.file("x.jsonl");
    record(&path, &["a", "b"]).await;
    let fresh = std::fs::read_to_string(&path).unwrap();
    age(&path, "\"a\"");
    let provider = Provider::new([(200, &*answer("m-2025", "old"))]);
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::Refresh);
    provider.ask(MockLlmLayer::new().cassette(cassette.clone()), "a").await;
    let without_age = |text: &str| {
        let cut = |line: &str| match line.split_once("\"at\":\"") {
            Some((before, after)) => format!("{before}{}\n", &after[20..]),
            None => format!("{line}\n"),
        };
        text.lines().map(cut).collect::<String>()
    };
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(without_age(&after), without_age(&fresh));
    assert!(!after.contains("2020-02-29"), "{after}");
    // It is fresh now.
    let again = Cassette::open(&path).unwrap().mode(RecordMode::Refresh);
    provider.ask(MockLlmLayer::new().cassette(again), "a").await;
    assert_eq!(provider.calls(), 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
}

#[tokio::test]
async fn a_good_recording_does_not_make_place_for_an_error_or_half_an_answer() {
    let scratch = Scratch::new("worse");
    let path = scratch.file("x.jsonl");
    record(&path, &["a"]).await;
    age(&path, "\"a\"");
    let before = std::fs::read(&path).unwrap();
    for (mode, answer, why) in [
        (RecordMode::Refresh, (401, "{}"), "answered with the status 401"),
        (RecordMode::Refresh, (200, "{<broken>"), "broke off (connection reset)"),
        (RecordMode::RecordAll, (200, "{<broken>"), "broke off (connection reset)"),
    ] {
        let provider = Provider::new([answer]);
        let cassette = Cassette::open(&path).unwrap().mode(mode);
        let layer = MockLlmLayer::new().cassette(cassette.clone());
        provider.ask(layer.clone(), "a").await;
        let told = layer.handle().check().unwrap_err().to_string();
        assert!(told.contains(why) && told.contains("x.jsonl:2 stays as it is"), "{told}");
        assert!(matches!(&*cassette.notes(), [Note::Kept { .. }]));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn verifying_replays_writes_nothing_and_tells_what_has_another_shape() {
    let scratch = Scratch::new("verify");
    let path = scratch.file("x.jsonl");
    record(&path, &["a", "a", "b"]).await;
    let before = std::fs::read(&path).unwrap();
    let provider = Provider::new([
        (200, &*answer("m-2025", "other words")),
        (200, r#"{"model":"m-2026","text":["list"],"extra":1}"#),
        (429, "{}"),
    ]);
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::Verify);
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let old = (200, answer("m-2025", "old"));
    // What is said is no drift, and what was recorded is answered.
    assert_eq!(provider.ask(layer.clone(), "a").await, old);
    layer.handle().verify();
    assert_eq!(cassette.notes(), []);
    assert_eq!(provider.ask(layer.clone(), "a").await, old);
    let told = layer.handle().check().unwrap_err().to_string();
    assert!(
        told.contains(
            "x.jsonl:6 is no longer what the provider answers: model: recorded m-2025, now m-2026; \
             changed field /text: recorded string, now array; new field /extra: number"
        ),
        "{told}"
    );
    let [Note::Drifted { drift, .. }] = &*cassette.notes() else { panic!("{told}") };
    let kinds: Vec<_> = drift.iter().map(|drift| drift.kind).collect();
    assert_eq!(kinds, [DriftKind::Model, DriftKind::ChangedField, DriftKind::NewField]);
    assert_eq!(provider.ask(layer.clone(), "b").await, old);
    assert!(layer.handle().check().unwrap_err().to_string().contains("recorded 200, now 429"));
    assert_eq!(provider.calls(), 3);
    // What was not recorded is not asked.
    let (status, why) = provider.ask(layer.clone(), "c").await;
    assert!(status == 400 && why.contains("has no recording of"), "{why}");
    assert_eq!(provider.calls(), 3);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn the_oldest_that_may_be_replayed_is_said_and_so_is_what_becomes_of_older_ones() {
    let scratch = Scratch::new("age");
    let path = scratch.file("x.jsonl");
    record(&path, &["a", "b"]).await;
    age(&path, "\"b\"");
    let provider = Provider::new([(200, &*answer("m-2025", "new"))]);
    for (mode, stale, status, notes, calls) in [
        (RecordMode::Replay, Stale::Warn, 200, 1, 0),
        (RecordMode::Replay, Stale::Refresh, 200, 1, 0),
        (RecordMode::Replay, Stale::Fail, 400, 0, 0),
        (RecordMode::RecordMissing, Stale::Warn, 200, 1, 0),
        (RecordMode::RecordMissing, Stale::Fail, 400, 0, 0),
        (RecordMode::RecordMissing, Stale::Refresh, 200, 0, 1),
        // It is fresh now.
        (RecordMode::Replay, Stale::Fail, 200, 0, 1),
    ] {
        let cassette = Cassette::open(&path).unwrap().mode(mode).max_age(30 * DAY, stale);
        let layer = MockLlmLayer::new().cassette(cassette.clone());
        assert_eq!(provider.ask(layer.clone(), "a").await.0, 200);
        let (seen, said) = provider.ask(layer.clone(), "b").await;
        assert_eq!((seen, provider.calls()), (status, calls), "{mode:?} {stale:?}: {said}");
        if status == 400 {
            assert!(said.contains("x.jsonl:6 was recorded "), "{said}");
            assert!(said.contains(" days ago, and `Cassette::max_age` is 30 days."), "{said}");
            assert!(said.contains("MOCK_LLM=refresh"), "{said}");
        }
        let told = cassette.notes();
        assert_eq!(told.len(), notes, "{told:?}");
        assert!(
            told.iter()
                .all(|note| matches!(note, Note::Aged { age: Some(age), .. } if *age > 365 * DAY))
        );
    }
}

#[tokio::test]
async fn a_recording_without_a_time_is_old() {
    let scratch = Scratch::new("timeless");
    let path = scratch.file("x.jsonl");
    record(&path, &["a"]).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once("\"recorded\":{").unwrap();
    let (_, after) = after.split_once("},").unwrap();
    std::fs::write(&path, format!("{before}{after}")).unwrap();
    let provider = Provider::new([(200, "{}")]);
    let cassette = Cassette::open(&path).unwrap().max_age(DAY, Stale::Fail);
    let (status, why) = provider.ask(MockLlmLayer::new().cassette(cassette), "a").await;
    assert!(status == 400 && why.contains("x.jsonl:2 does not say when it was recorded"), "{why}");
    let cassette = Cassette::open(&path).unwrap();
    provider.ask(MockLlmLayer::new().cassette(cassette.mode(RecordMode::Refresh)), "a").await;
    assert_eq!(provider.calls(), 1);
}

#[tokio::test]
async fn a_handle_switches_the_cassette() {
    let scratch = Scratch::new("handle");
    let path = scratch.file("x.jsonl");
    let provider = Provider::new([(200, "{}")]);
    let layer = MockLlmLayer::new();
    assert!(layer.handle().cassette().is_none());
    let layer = layer.cassette(Cassette::open(&path).unwrap());
    let handle = layer.handle();
    assert_eq!(provider.ask(layer.clone(), "a").await.0, 400);
    handle.cassette().unwrap().set_mode(RecordMode::RecordMissing);
    assert_eq!(provider.ask(layer.clone(), "a").await.0, 200);
    assert_eq!(handle.cassette().unwrap().len(), 1);
}

/// Not a test of its own: run by the next, in a process whose `MOCK_LLM` is set.
#[tokio::test]
async fn a_process_with_a_mode() {
    let Some(path) = std::env::var_os("CASSETTE_OF_A_MODE") else { return };
    let provider = Provider::new([(200, &*answer("m-2025", "live"))]);
    let cassette = Cassette::open(path).unwrap();
    let layer = MockLlmLayer::from_env().unwrap().cassette(cassette);
    let mut seen = Vec::new();
    for text in ["fresh", "old", "missing"] {
        let (status, said) = provider.ask(layer.clone(), text).await;
        let word = ["live", "\"old\""].into_iter().find(|word| said.contains(word));
        seen.push(format!("{status} {}", word.unwrap_or("-").trim_matches('"')));
    }
    println!("seen: {}; calls: {}", seen.join(", "), provider.calls());
}

#[tokio::test]
async fn the_environment_says_what_a_process_does() {
    let scratch = Scratch::new("env");
    let original = scratch.file("original.jsonl");
    record(&original, &["fresh", "old"]).await;
    age(&original, "\"old\"}");
    for (mode, seen, is_written) in [
        ("replay", "200 old, 200 old, 400 -; calls: 0", false),
        ("verify", "200 old, 200 old, 400 -; calls: 2", false),
        ("record_missing", "200 old, 200 old, 200 live; calls: 1", true),
        ("refresh", "200 old, 200 live, 200 live; calls: 2", true),
        ("record_all", "200 live, 200 live, 200 live; calls: 3", true),
    ] {
        let path = scratch.file(&format!("{mode}.jsonl"));
        std::fs::copy(&original, &path).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "freshness::a_process_with_a_mode", "--nocapture"])
            .env("CASSETTE_OF_A_MODE", &path)
            .env("MOCK_LLM", mode)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("seen: {seen}\n")), "{mode}: {said}");
        let changed = std::fs::read(&path).unwrap() != std::fs::read(&original).unwrap();
        assert_eq!(changed, is_written, "{mode}");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "freshness::a_process_with_a_mode"])
        .env("CASSETTE_OF_A_MODE", &original)
        .env("MOCK_LLM", "refresh_all")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("`record_all`, `refresh` or `verify`"), "{said}");
}
