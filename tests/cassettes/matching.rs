//! Which recording answers a request that is not quite the recorded one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tower::Layer;
use tower_mock_llm::cassette::{Cassette, DifferenceClass, Note, RecordMode};
use tower_mock_llm::{MockLlmLayer, Reply, Rule, turn};

use crate::upstream::{Req, Scratch, ask, call, chat, joined, says};

/// Records this, answered by the text of its last message.
async fn record(path: &Path, requests: impl IntoIterator<Item = Req>) {
    let cassette = Cassette::open(path).unwrap().mode(RecordMode::RecordMissing);
    let stack = MockLlmLayer::new().cassette(cassette).recording().layer(says(|asked| {
        let asked: Value = serde_json::from_str(&asked).unwrap();
        let last = asked["messages"].as_array().unwrap().last().unwrap();
        json!({"answer_to": last["content"]}).to_string()
    }));
    for request in requests {
        assert_eq!(call(stack.clone(), request).await.0.status, 200);
    }
}

async fn replay(cassette: Cassette, request: Req) -> (u16, String) {
    let stack = MockLlmLayer::new().cassette(cassette).into_service();
    let (parts, frames) = call(stack, request).await;
    (parts.status.as_u16(), joined(&frames))
}

fn with(extra: Value) -> Req {
    let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    chat(body.to_string())
}

#[tokio::test]
async fn a_text_is_compared_as_what_the_user_makes_of_it() {
    let scratch = Scratch::new("normal");
    let path = scratch.file("x.jsonl");
    record(&path, [ask("It is 2025-03-14, in /home/ann: \"go\"")]).await;
    let before = std::fs::read_to_string(&path).unwrap();
    assert!(before.contains("2025-03-14"), "{before}");
    let dateless = |text: &str| {
        let word = |word: &str| match word.starts_with("20") {
            true => "(date)".to_owned(),
            false => word.to_owned(),
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ").replace("/home/bob", "/home/ann")
    };
    let open = || Cassette::open(&path).unwrap().normalize(dateless);
    let later = "It is 2026-11-21, in /home/bob: \"go\"";
    assert_eq!(replay(open(), ask(later)).await.0, 200);
    let (status, why) = replay(open(), ask(&later.replace("go", "stop"))).await;
    // What made no difference is not told as one.
    assert!(status == 400 && why.contains("ate) in /home/ann: ") && !why.contains("bob"), "{why}");
    assert_eq!(replay(Cassette::open(&path).unwrap(), ask(later)).await.0, 400);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[tokio::test]
async fn json_is_compared_as_what_the_user_makes_of_it() {
    let scratch = Scratch::new("normal-json");
    let path = scratch.file("x.jsonl");
    record(&path, [with(json!({"tools": [{"name": "b"}, {"name": "a"}]}))]).await;
    let open = || {
        Cassette::open(&path).unwrap().normalize_json(|body| {
            if let Some(tools) = body["tools"].as_array_mut() {
                tools.sort_by_key(|tool| tool["name"].to_string());
            }
        })
    };
    let other = || with(json!({"tools": [{"name": "a"}, {"name": "b"}]}));
    assert_eq!(replay(open(), other()).await.0, 200);
    assert_eq!(replay(open(), with(json!({"tools": [{"name": "a"}]}))).await.0, 400);
    assert_eq!(replay(Cassette::open(&path).unwrap(), other()).await.0, 400);
}

#[tokio::test]
async fn what_is_left_out_is_compared_where_that_is_wanted() {
    let scratch = Scratch::new("exact");
    let path = scratch.file("x.jsonl");
    record(&path, [with(json!({"user": "ann", "metadata": {"team": "a"}}))]).await;
    let open = || Cassette::open(&path).unwrap();
    let bob = || with(json!({"user": "bob", "metadata": {"team": "a"}}));
    assert_eq!(replay(open(), bob()).await.0, 200);
    let (status, why) = replay(open().exact("/user"), bob()).await;
    assert_eq!(status, 400);
    let said = r#"differs: parameters at /user: recorded \"ann\", asked \"bob\""#;
    assert!(why.contains(said), "{why}");
    assert_eq!(replay(open().exact("/metadata/team"), bob()).await.0, 200);
    assert_eq!(replay(open().exact("/temperature"), bob()).await.0, 200);
    let usual = || with(json!({"user": "ann", "temperature": 1}));
    assert_eq!(replay(open(), usual()).await.0, 200);
    let (status, why) = replay(open().exact("/temperature"), usual()).await;
    assert!(status == 400 && why.contains("at /temperature: not recorded"), "{why}");
}

#[tokio::test]
async fn what_is_volatile_must_be_there() {
    let scratch = Scratch::new("volatile");
    let path = scratch.file("x.jsonl");
    record(&path, [with(json!({"run": {"id": "r-1", "at": 1}}))]).await;
    let open = || Cassette::open(&path).unwrap().volatile("/run/*");
    for (run, status) in [
        (json!({"id": "r-2", "at": 2.5}), 200),
        (json!({"id": "r-2", "at": "noon"}), 400),
        (json!({"id": "r-2"}), 400),
        (json!({"id": null, "at": 1}), 400),
    ] {
        let (seen, said) = replay(open(), with(json!({"run": run}))).await;
        assert_eq!(seen, status, "{run}: {said}");
    }
    let compared = open().compare(r#"{"model":"gpt-4o"}"#).unwrap();
    assert!(compared.iter().any(|it| it.pointer == "/run"), "{compared:?}");
}

#[tokio::test]
async fn a_near_recording_answers_if_that_is_wanted_and_is_told() {
    let scratch = Scratch::new("fuzzy");
    let path = scratch.file("x.jsonl");
    let (rome, oslo) = ("Tell me about the weather in Rome today", "The news of Oslo, in one line");
    record(&path, [ask(rome), ask(oslo)]).await;
    let asked = "Tell me about the weather in Rome tomorrow";
    assert_eq!(replay(Cassette::open(&path).unwrap(), ask(asked)).await.0, 400);
    let cassette = Cassette::open(&path).unwrap().fuzzy(0.2);
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let handle = layer.handle();
    // The exact one goes first.
    let send = async |text: &str| {
        let (parts, frames) = call(layer.clone().into_service(), ask(text)).await;
        (parts.status.as_u16(), joined(&frames))
    };
    assert!(send(oslo).await.1.contains("Oslo"));
    assert_eq!(cassette.notes(), []);
    assert!(send(asked).await.1.contains("Rome today"));
    let [Note::Fuzzy { recording, distance, differences, .. }] = &*cassette.notes() else {
        panic!("{:?}", cassette.notes())
    };
    assert!(recording.ends_with("x.jsonl:2"), "{recording}");
    assert_eq!(*distance, 1.0 / 8.0);
    assert_eq!(differences[0].class, DifferenceClass::Prompt);
    assert_eq!(
        cassette.notes()[0].to_string(),
        format!(
            "{recording} answered another request, 12.5 % of whose words differ: prompt at \
             /messages/0/content: recorded ...\"e weather in Rome today\", asked ...\"e weather in \
             Rome tomorrow\""
        )
    );
    let received = handle.received();
    let (exact, near) = (received[0].replayed.as_ref(), received[1].replayed.as_ref().unwrap());
    assert_eq!(exact.unwrap().distance(), None);
    assert!(exact.unwrap().place().ends_with("x.jsonl:6"));
    assert_eq!((near.distance(), &near.place()), (Some(1.0 / 8.0), recording));
    assert_eq!(near.differences(), differences);
    // Which is no failure, unless it is to be one; but where another thing fails, it is told there too.
    handle.check().unwrap();
    let note = cassette.notes()[0].to_string();
    let strict =
        MockLlmLayer::new().cassette(Cassette::open(&path).unwrap().fuzzy(0.2).fuzzy_fails(true));
    let failing = strict.handle();
    call(strict.clone().into_service(), ask(oslo)).await;
    failing.check().unwrap();
    call(strict.into_service(), ask(asked)).await;
    assert!(failing.check().unwrap_err().to_string().starts_with(&note));
    // It was used, as any other.
    let (status, why) = send(asked).await;
    assert_eq!(status, 400, "{why}");
    let told = handle.check().unwrap_err().to_string();
    assert!(
        told.contains("has no recording of") && told.ends_with(&format!("\nnote: {note}\n")),
        "{told}"
    );
    assert!(received.len() == 2 && handle.received()[2].replayed.is_none());
    // Half of the words are too many, and another model is another request.
    assert_eq!(replay(Cassette::open(&path).unwrap().fuzzy(0.2), ask("Tell me lies")).await.0, 400);
    let other =
        chat(format!(r#"{{"model":"gpt-5","messages":[{{"role":"user","content":"{rome}"}}]}}"#));
    assert_eq!(replay(Cassette::open(&path).unwrap().fuzzy(1.0), other).await.0, 400);
}

/// A conversation of so many turns, whose last message has this text.
fn conversation(turns: usize, last: &str) -> Req {
    let mut messages = Vec::new();
    for turn in 1..turns {
        messages.push(json!({"role": "user", "content": format!("question {turn}")}));
        messages.push(json!({"role": "assistant", "content": format!("answer {turn}")}));
    }
    messages.push(json!({"role": "user", "content": last}));
    chat(json!({"model": "gpt-4o", "messages": messages}).to_string())
}

#[tokio::test]
async fn a_session_is_forked_and_goes_on_by_rules() {
    let scratch = Scratch::new("fork-rules");
    let path = scratch.file("x.jsonl");
    let session = [(1, "question 1"), (2, "question 2"), (3, "question 3")];
    record(&path, session.map(|(turns, last)| conversation(turns, last))).await;
    let branch = Cassette::open(scratch.file("branch.jsonl")).unwrap().mode(RecordMode::Off);
    let layer = MockLlmLayer::new()
        .cassette(Cassette::open(&path).unwrap().fork_at(3, branch))
        .rule(Rule::when(turn(4)).respond_with("by a rule"))
        .default_reply(Arc::new(Reply::text("by default")));
    for (turns, said) in [(1, "question 1"), (2, "question 2"), (3, "by default"), (4, "by a rule")]
    {
        let request = conversation(turns, &format!("question {turns}"));
        let (_, frames) = call(layer.clone().into_service(), request).await;
        assert!(joined(&frames).contains(said), "{turns}: {}", joined(&frames));
    }
}

#[tokio::test]
async fn a_session_is_forked_and_goes_on_live_and_as_it_did_then() {
    let scratch = Scratch::new("fork-live");
    let (path, branch) = (scratch.file("x.jsonl"), scratch.file("branch.jsonl"));
    record(&path, [conversation(1, "question 1"), conversation(2, "question 2")]).await;
    let before = std::fs::read(&path).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    for (mode, asked) in [(RecordMode::RecordMissing, 2), (RecordMode::Replay, 0)] {
        calls.store(0, Ordering::SeqCst);
        let branch = Cassette::open(&branch).unwrap().mode(mode);
        let cassette = Cassette::open(&path).unwrap().fork_at(2, branch);
        let counted = Arc::clone(&calls);
        let stack = MockLlmLayer::new()
            .cassette(cassette)
            .recording()
            .layer(says(move |_| format!("live {}", counted.fetch_add(1, Ordering::SeqCst) + 1)));
        for (turns, last, said) in
            [(1, "question 1", "question 1"), (2, "another", "live 1"), (3, "one more", "live 2")]
        {
            let (_, frames) = call(stack.clone(), conversation(turns, last)).await;
            assert!(joined(&frames).contains(said), "{turns}: {}", joined(&frames));
        }
        assert_eq!(calls.load(Ordering::SeqCst), asked);
        // The trunk's own first turn, and no other, is what it answers.
        assert_eq!(call(stack, conversation(1, "another")).await.0.status, 400);
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(Cassette::open(&branch).unwrap().len(), 2);
}

#[test]
#[should_panic(expected = "a cassette cannot be a branch of itself")]
fn a_cassette_is_no_branch_of_its_branch() {
    let scratch = Scratch::new("fork-round");
    let open = |name| Cassette::open(scratch.file(name)).unwrap();
    let (one, other) = (open("a.jsonl"), open("b.jsonl"));
    let other = other.fork_at(2, one.clone());
    let _ = one.fork_at(2, other);
}
