//! Fixtures of aimock: <https://github.com/CopilotKit/aimock> (1.43, `src/router.ts` and
//! `src/types.ts`, read 2026-11-21).
//!
//! The first fixture that matches answers. Those that differ in nothing but their `sequenceIndex` answer
//! one after the other, and then the next that matches.

use super::Importer;
use super::import::Import;
use super::words::{contains, number, reply_call, reply_calls, text};
use crate::config::{Draft, Node};

pub(super) const IMPORTER: Importer = Importer { name: "aimock", is, import };

const CRITERIA: [&str; 12] = [
    "endpoint",
    "hasToolResult",
    "inputText",
    "model",
    "responseFormat",
    "sequenceIndex",
    "systemMessage",
    "toolCallId",
    "toolName",
    "toolResultContains",
    "turnIndex",
    "userMessage",
];

fn is(file: &Node) -> bool {
    let fixtures = file.get("fixtures").map(Node::items).unwrap_or_default();
    // Other tools have `endpoint` and `model` too.
    let own = |key: &&&str| !["endpoint", "model"].contains(*key);
    fixtures.iter().any(|fixture| {
        fixture
            .get("match")
            .is_some_and(|it| CRITERIA.iter().filter(own).any(|key| it.get(key).is_some()))
            || fixture.get("response").is_some_and(|it| it.get("toolCalls").is_some())
    })
}

fn import(file: &Node, import: &mut Import<'_>) {
    import.lost_but(file, &["fixtures"]);
    let mut sequences: Vec<Sequence> = Vec::new();
    for node in file.get("fixtures").map(Node::items).unwrap_or_default() {
        let Some(when) = condition(node.get("match"), import) else { continue };
        let Some(answer) = answer(node, import) else { continue };
        let index = node.get("match").and_then(|it| number(it, "sequenceIndex"));
        let known = sequences.iter_mut().find(|it| it.is_numbered && it.when == when);
        match (known, index) {
            (Some(sequence), Some(index)) => sequence.answers.push((index, answer)),
            _ => {
                let answers = vec![(index.unwrap_or(0), answer)];
                sequences.push(Sequence { when, answers, is_numbered: index.is_some() });
            }
        }
    }
    for sequence in sequences {
        import.rule(0, sequence.rule());
    }
}

type Entries = Vec<(&'static str, Draft)>;

struct Sequence {
    when: Entries,
    answers: Vec<(u32, Entries)>,
    is_numbered: bool,
}

impl Sequence {
    fn rule(mut self) -> Draft {
        let mut rule = Vec::new();
        if !self.when.is_empty() {
            rule.push(("when", Draft::map(self.when)));
        }
        self.answers.sort_by_key(|(index, _)| *index);
        let mut answers = self.answers.into_iter().map(|(_, answer)| answer);
        let (Some(first), more) = (answers.next(), answers.map(Draft::map)) else {
            return Draft::map(rule);
        };
        let more: Vec<_> = more.collect();
        if !more.is_empty() {
            rule.push(("first", Draft::map(first)));
            rule.push(("then", Draft::List(more)));
        } else {
            rule.extend(first);
            if self.is_numbered {
                rule.push(("times", Draft::plain(1)));
            }
        }
        Draft::map(rule)
    }
}

/// What it demands; none where that cannot be said here, so that it would answer what it must not.
fn condition(criteria: Option<&Node>, import: &mut Import<'_>) -> Option<Entries> {
    let mut when: Entries = Vec::new();
    let mut all = Vec::new();
    for (key, value) in criteria.map(Node::entries).unwrap_or_default() {
        let said = value.text().unwrap_or_default();
        let equals = |word: &str| Draft::map([("equals", Draft::text(word))]);
        match key.name.as_str() {
            "userMessage" if value.text().is_some() => when.push(("last_user", contains(said))),
            "systemMessage" => match value.text() {
                Some(part) => when.push(("system", contains(part))),
                // All of them must be in it.
                None => all.extend(
                    value
                        .items()
                        .iter()
                        .filter_map(|part| Some(Draft::map([("system", contains(part.text()?))]))),
                ),
            },
            "toolResultContains" => when.push(("tool_result", contains(said))),
            "toolCallId" => {
                let exists = Draft::map([("exists", Draft::plain(true))]);
                when.push(("tool_result_for", Draft::Map(vec![(said.to_owned(), exists)])));
            }
            "hasToolResult" if matches!(said, "false" | "true") => {
                when.push(("tool_result", Draft::map([("exists", Draft::plain(said))])));
            }
            "toolName" => when.push(("tool_offered", Draft::text(said))),
            // The name, or that name with a date behind it.
            "model" if value.text().is_some() => {
                let dated = format!("^{}-[0-9]", regex::escape(said));
                let dated = Draft::map([("regex", Draft::text(&dated))]);
                when.push(("model", Draft::List(vec![equals(said), dated])));
            }
            "responseFormat" => {
                let place = "/response_format/type".to_owned();
                when.push(("json", Draft::Map(vec![(place, equals(said))])));
            }
            "endpoint" if said == "chat" => when.push(("operation", Draft::text("chat"))),
            "endpoint" if said == "embedding" => {
                when.push(("operation", Draft::text("embeddings")));
            }
            "inputText" => {
                when.push(("json", Draft::Map(vec![("/input".to_owned(), contains(said))])));
            }
            "sequenceIndex" => {}
            "turnIndex" => {
                let Ok(index) = said.parse::<u32>() else { continue };
                import.lost(value, "`turnIndex`: it must be that turn; there, it is a preference");
                let turn = u64::from(index) + 1;
                when.push(("turn", Draft::map([("equals", Draft::plain(turn))])));
            }
            name => {
                import.lost(value, format!("`{name}`: the fixture is left out"));
                return None;
            }
        }
    }
    // A key may be there once.
    let mut once: Entries = Vec::new();
    for (key, value) in when {
        if once.iter().any(|(known, _)| *known == key) {
            all.push(Draft::map([(key, value)]));
        } else {
            once.push((key, value));
        }
    }
    if !all.is_empty() {
        once.push(("and", Draft::List(all)));
    }
    Some(once)
}

/// What it answers; none where there is nothing like it here.
fn answer(node: &Node, import: &mut Import<'_>) -> Option<Entries> {
    let cut = "truncateAfterChunks";
    import.lost_but(node, &["latency", "match", "metadata", "response", "streamingProfile", cut]);
    let Some(response) = node.get("response") else {
        import.lost(node, "a fixture without `response` is left out");
        return None;
    };
    let mut answer: Entries = Vec::new();
    if let Some(error) = response.get("error") {
        import.lost_but(response, &["error", "status"]);
        // The type follows from the status.
        import.lost_but(error, &["code", "message", "type"]);
        let status = number(response, "status").unwrap_or(500);
        let mut said = vec![("status", Draft::plain(status))];
        for key in ["message", "code"] {
            said.extend(text(error, key).map(|it| (key, Draft::text(it))));
        }
        answer.push(("error", Draft::map(said)));
    } else if let Some(vector) = response.get("embedding") {
        import.lost_but(response, &["embedding"]);
        let vectors = Draft::List(vec![Draft::of(vector)]);
        answer.push(("embeddings", Draft::map([("vectors", vectors)])));
    } else {
        answer.push(("reply", reply(response, import)?));
    }
    let mut pace = Vec::new();
    if let Some(profile) = node.get("streamingProfile") {
        import.lost_but(profile, &["jitter", "tps", "ttft"]);
        let plain = |key| text(profile, key).and_then(|it| it.parse::<f64>().ok());
        pace.extend(plain("ttft").map(|ms| format!("first={ms}ms")));
        pace.extend(plain("tps").filter(|it| *it > 0.0).map(|rate| format!("rate={rate}")));
        let share = plain("jitter").filter(|it| (0.0..=1.0).contains(it));
        pace.extend(share.map(|share| format!("jitter={share}")));
    } else {
        pace.extend(number(node, "latency").map(|ms| format!("gap={ms}ms")));
    }
    if !pace.is_empty() {
        answer.push(("pace", Draft::text(&pace.join("; "))));
    }
    if let Some(chunks) = number(node, cut) {
        answer.push(("fault", Draft::text(&format!("abort_after={chunks}"))));
    }
    Some(answer)
}

fn reply(response: &Node, import: &mut Import<'_>) -> Option<Draft> {
    let known = ["blocks", "content", "finishReason", "model", "reasoning", "toolCalls", "usage"];
    import.lost_but(response, &known);
    if ["blocks", "content", "reasoning", "toolCalls"].iter().all(|key| response.get(key).is_none())
    {
        import.lost(response, "there is nothing like this response, so the fixture is left out");
        return None;
    }
    let mut reply: Entries = Vec::new();
    if let Some(blocks) = response.get("blocks") {
        let mut parts = Vec::new();
        parts.extend(text(response, "reasoning").map(|it| part("reasoning", Draft::text(it))));
        for block in blocks.items() {
            match text(block, "type") {
                Some("text") => {
                    let said = text(block, "text").unwrap_or_default();
                    parts.push(part("text", Draft::text(said)));
                }
                Some("toolCall") => {
                    parts.extend(reply_call(block, import).map(|call| part("tool_call", call)));
                }
                _ => import.lost(block, "a block that is neither `text` nor `toolCall`"),
            }
        }
        reply.push(("parts", Draft::List(parts)));
    } else {
        for (key, word) in [("reasoning", "reasoning"), ("content", "text")] {
            match response.get(key) {
                None => {}
                Some(node) => match node.text() {
                    Some(said) => reply.push((word, Draft::text(said))),
                    None => import.lost(node, format!("`{key}`: no text")),
                },
            }
        }
        reply.extend(reply_calls(response, "toolCalls", import).map(|it| ("tool_calls", it)));
    }
    match text(response, "finishReason") {
        None | Some("stop" | "tool_calls") => {}
        Some(word @ ("content_filter" | "length")) => reply.push(("finish", Draft::text(word))),
        Some(other) => {
            import.lost(response, format!("`finishReason: {other}`: it is the usual one"));
        }
    }
    reply.extend(text(response, "model").map(|model| ("model", Draft::text(model))));
    if let Some(usage) = response.get("usage") {
        let count = |keys: [&str; 2]| keys.iter().find_map(|key| number(usage, key));
        let input = count(["prompt_tokens", "input_tokens"]);
        match (input, count(["completion_tokens", "output_tokens"])) {
            (Some(input), Some(output)) => {
                let usage = [("input", Draft::plain(input)), ("output", Draft::plain(output))];
                reply.push(("usage", Draft::map(usage)));
            }
            _ => import.lost(usage, "`usage`: without tokens of prompt and completion"),
        }
    }
    Some(match &reply[..] {
        [("text", text)] => text.clone(),
        _ => Draft::map(reply),
    })
}

fn part(kind: &'static str, value: Draft) -> Draft {
    Draft::map([(kind, value)])
}
