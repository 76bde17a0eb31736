//! Fixtures of stubllm (0.1.5, its package read 2026-11-21).
//!
//! The fixture with the highest score answers, the first of several with the same. A score follows from
//! what a fixture demands and not from the request, so that it becomes a place among the rules.

use super::Importer;
use super::import::Import;
use crate::config::{Draft, Node, Value, json_tree};

pub(super) const IMPORTER: Importer = Importer { name: "stubllm", is, import };

fn is(file: &Node) -> bool {
    let fixtures = fixtures(file);
    !fixtures.is_empty() && fixtures.into_iter().all(is_fixture)
}

/// Whether it has the keys of one and no others. Other tools have the words `match` and `response` too,
/// but match by other keys.
fn is_fixture(node: &Node) -> bool {
    let has_only = |node: &Node, known: &[&str]| {
        node.entries().iter().all(|(key, _)| known.contains(&key.name.as_str()))
    };
    let known = ["match", "name", "response", "sequence"];
    ["match", "response", "sequence"].iter().any(|key| node.get(key).is_some())
        && has_only(node, &known)
        && node.get("match").is_none_or(|criteria| has_only(criteria, &CRITERIA))
        && node.get("response").is_none_or(|response| response.text().is_none())
}

/// What a fixture may match by.
const CRITERIA: [&str; 6] =
    ["endpoint", "headers", "messages", "model", "provider", "tools_present"];

/// A list of them, a map with one, or one alone.
fn fixtures(file: &Node) -> Vec<&Node> {
    match (&file.value, file.get("fixtures")) {
        (Value::List(items), _) => items.iter().collect(),
        (_, Some(fixtures)) => fixtures.items().iter().collect(),
        (Value::Map(_), None) => vec![file],
        (Value::Scalar(_), None) => Vec::new(),
    }
}

fn import(file: &Node, import: &mut Import<'_>) {
    if file.get("fixtures").is_some() {
        import.lost_but(file, &["fixtures"]);
    }
    for node in fixtures(file) {
        fixture(node, import);
    }
}

fn fixture(node: &Node, import: &mut Import<'_>) {
    import.lost_but(node, &["match", "name", "response", "sequence"]);
    let mut rule = Vec::new();
    if let Some(name) = node.get("name").and_then(Node::text) {
        rule.push(("name", Draft::text(name)));
    }
    let mut weight = 0;
    if let Some(criteria) = node.get("match") {
        let Some((when, score)) = condition(criteria, import) else { return };
        weight = score;
        if !when.is_empty() {
            rule.push(("when", Draft::map(when)));
        }
    }
    match node.get("sequence").map(Node::items) {
        None | Some([]) => rule.extend(node.get("response").map_or_else(
            || vec![("reply", Draft::text(NOTHING))],
            |response| answer(response, import),
        )),
        Some([only]) => rule.extend(answer(only, import)),
        // The last one is said again and again.
        Some([first, between @ .., last]) => {
            rule.push(("first", Draft::map(answer(first, import))));
            if !between.is_empty() {
                let between = between.iter().map(|node| Draft::map(answer(node, import)));
                rule.push(("then", Draft::List(between.collect())));
            }
            rule.push(("then_repeat", Draft::map(answer(last, import))));
        }
    }
    import.rule(weight, Draft::map(rule));
}

/// What it says that has nothing to say.
const NOTHING: &str = "Mock response.";

type Entries = Vec<(&'static str, Draft)>;

/// What it demands, and its score; none where that can never be met here.
fn condition(node: &Node, import: &mut Import<'_>) -> Option<(Entries, i64)> {
    import.lost_but(node, &CRITERIA);
    let text = |key| node.get(key).and_then(Node::text);
    let (mut when, mut score): (Entries, i64) = (Vec::new(), 0);
    let mut provider = text("provider").filter(|provider| *provider != "any");
    score += i64::from(provider.is_some());
    if let Some(endpoint) = node.get("endpoint") {
        let of = match endpoint.text() {
            Some("/v1/chat/completions") => "openai",
            Some("/v1/messages") => "anthropic",
            Some(path) if path.contains(":generateContent") => "gemini",
            Some(path) if path.contains(":streamGenerateContent") => "gemini",
            _ => {
                import.lost(
                    endpoint,
                    "`endpoint`: there is none like it, so the fixture is left out",
                );
                return None;
            }
        };
        if provider.is_some_and(|provider| provider != of) {
            import.lost(endpoint, "`endpoint`: not of the fixture's `provider`: it is left out");
            return None;
        }
        if of == "gemini" {
            import.lost(endpoint, "`endpoint`: of its path only that it is Gemini's");
        }
        provider = Some(of);
        score += 1;
    }
    when.extend(provider.map(|provider| ("provider", Draft::text(provider))));
    if let Some(model) = text("model") {
        when.push(("model", exact(model)));
        score += 2;
    }
    for message in node.get("messages").map(Node::items).unwrap_or_default() {
        let (condition, points) = message_condition(message, import);
        score += points;
        when.extend(condition.map(|condition| ("", condition)));
    }
    // Several on messages are demanded together.
    let (mut when, messages): (Entries, Entries) =
        when.into_iter().partition(|(key, _)| !key.is_empty());
    if !messages.is_empty() {
        let messages: Vec<_> = messages.into_iter().map(|(_, condition)| condition).collect();
        when.push(("and", Draft::List(messages)));
    }
    if let Some(present) = text("tools_present") {
        let exists = Draft::map([("exists", Draft::plain(present == "true"))]);
        when.push(("json", Draft::map([("/tools/0", exists)])));
        score += 2;
    }
    let headers = node.get("headers").map(Node::entries).unwrap_or_default();
    if !headers.is_empty() {
        let header = |(name, value): &(_, Node)| {
            let name: &crate::config::Key = name;
            (name.name.clone(), Draft::map([("equals", Draft::text(value.text().unwrap_or("")))]))
        };
        when.push(("header", Draft::Map(headers.iter().map(header).collect())));
        score += headers.len() as i64;
    }
    Some((when, score))
}

/// A model's name, which is no pattern.
fn exact(name: &str) -> Draft {
    match name.contains(['*', '?']) || name.starts_with('/') {
        true => Draft::map([("equals", Draft::text(name))]),
        false => Draft::text(name),
    }
}

/// A condition on any message, and its points.
fn message_condition(node: &Node, import: &mut Import<'_>) -> (Option<Draft>, i64) {
    import.lost_but(node, &["content", "role"]);
    let text = |node: &Node, key| node.get(key).and_then(Node::text).map(str::to_owned);
    let content = node.get("content").filter(|content| !content.is_null());
    let (test, points) = match content {
        None => (Draft::map([("exists", Draft::plain(true))]), 1),
        Some(content) => match content.text() {
            Some(part) => (ignoring_case(part), 3),
            None => {
                if let Some(exact) = text(content, "exact") {
                    (Draft::map([("equals", Draft::text(&exact))]), 10)
                } else if let Some(part) = text(content, "contains") {
                    (ignoring_case(&part), 5)
                } else if let Some(regex) = text(content, "regex") {
                    (Draft::map([("regex", Draft::text(&format!("(?is){regex}")))]), 4)
                } else {
                    import.lost(content, "`content`: neither `exact`, `contains` nor `regex`");
                    return (None, 0);
                }
            }
        },
    };
    let condition = match text(node, "role") {
        None => Draft::map([("any_message", test)]),
        Some(role) if matches!(role.as_str(), "assistant" | "system" | "tool" | "user") => {
            Draft::map([("any_message_of", Draft::Map(vec![(role, test)]))])
        }
        Some(role) => {
            import.lost(node, format!("`role: {role}`: any message is looked at"));
            Draft::map([("any_message", test)])
        }
    };
    (Some(condition), points)
}

fn ignoring_case(text: &str) -> Draft {
    Draft::map([("contains_ignoring_case", Draft::text(text))])
}

fn answer(node: &Node, import: &mut Import<'_>) -> Entries {
    import.lost_but(
        node,
        &[
            "content",
            "error_code",
            "error_message",
            "finish_reason",
            "http_status",
            "latency_ms",
            "model",
            "stream_chunk_delay_ms",
            "tool_calls",
            "usage",
        ],
    );
    let text = |key| node.get(key).and_then(Node::text);
    let mut answer = Vec::new();
    match text("http_status").and_then(|status| status.parse::<u16>().ok()) {
        Some(status) if status >= 400 => {
            let mut error = vec![("status", Draft::plain(status))];
            let message = text("error_message").unwrap_or("An error occurred.");
            error.push(("message", Draft::text(message)));
            error.extend(text("error_code").map(|code| ("code", Draft::text(code))));
            answer.push(("error", Draft::map(error)));
        }
        Some(status) if status != 200 => {
            if let Some(node) = node.get("http_status") {
                import.lost(node, format!("`http_status: {status}`: a reply has the status 200"));
            }
            answer.push(("reply", reply(node, import)));
        }
        _ => answer.push(("reply", reply(node, import))),
    }
    let time = |key| text(key).and_then(|time| time.parse::<u32>().ok()).filter(|time| *time > 0);
    let pace: Vec<_> = [("first", "latency_ms"), ("gap", "stream_chunk_delay_ms")]
        .into_iter()
        .filter_map(|(word, key)| Some(format!("{word}={}ms", time(key)?)))
        .collect();
    if !pace.is_empty() {
        answer.push(("pace", Draft::text(&pace.join("; "))));
    }
    answer
}

fn reply(node: &Node, import: &mut Import<'_>) -> Draft {
    let text = |key| node.get(key).and_then(Node::text);
    let mut reply: Entries = Vec::new();
    let calls = node.get("tool_calls").map(Node::items).unwrap_or_default();
    if calls.is_empty() {
        let content =
            text("content").unwrap_or(if node.get("content").is_some_and(|c| !c.is_null()) {
                ""
            } else {
                NOTHING
            });
        reply.push(("text", Draft::text(content)));
        match text("finish_reason") {
            None | Some("stop") => {}
            Some("length") => reply.push(("finish", Draft::text("length"))),
            Some("content_filter") => reply.push(("finish", Draft::text("content_filter"))),
            Some(other) => {
                import.lost(node, format!("`finish_reason: {other}`: it is the usual one"))
            }
        }
    } else {
        let calls = calls.iter().filter_map(|call| tool_call(call, import)).collect();
        reply.push(("tool_calls", Draft::List(calls)));
    }
    if let Some(usage) = node.get("usage") {
        let count = |key| usage.get(key).and_then(Node::text)?.parse::<u64>().ok();
        if let (Some(input), Some(output)) = (count("prompt_tokens"), count("completion_tokens")) {
            let usage = [("input", Draft::plain(input)), ("output", Draft::plain(output))];
            reply.push(("usage", Draft::map(usage)));
        } else {
            import.lost(usage, "`usage`: without `prompt_tokens` and `completion_tokens`");
        }
    }
    match &reply[..] {
        [("text", text)] => text.clone(),
        _ => Draft::map(reply),
    }
}

fn tool_call(call: &Node, import: &mut Import<'_>) -> Option<Draft> {
    let function = call.get("function")?;
    let Some(name) = function.get("name").and_then(Node::text) else {
        import.lost(call, "a tool call without a name");
        return None;
    };
    let mut entries = vec![("name", Draft::text(name))];
    match function.get("arguments") {
        None => {}
        Some(node) if !node.entries().is_empty() => entries.push(("arguments", Draft::of(node))),
        Some(node) => {
            let text = node.text().unwrap_or("{}");
            match json_tree(text) {
                Ok(tree) if matches!(tree.value, Value::Map(_)) => {
                    entries.push(("arguments", Draft::of(&tree)));
                }
                _ => entries.push(("raw_arguments", Draft::text(text))),
            }
        }
    }
    entries.extend(call.get("id").and_then(Node::text).map(|id| ("id", Draft::text(id))));
    Some(Draft::map(entries))
}
