//! Fixtures of llmposter: <https://github.com/SkillDoAI/llmposter> (0.5, `docs/fixtures.md`,
//! `docs/scenarios.md` and `docs/failure-simulation.md`, read 2026-11-21).
//!
//! The first fixture that matches answers: by descending priority, then by place, and those that are
//! called `catch_all` last.

use super::Importer;
use super::import::Import;
use super::words::{contains, number, reply_calls, text};
use crate::config::{Draft, Node};

pub(super) const IMPORTER: Importer = Importer { name: "llmposter", is, import };

/// What other tools' fixtures do not have.
const OWN: [&str; 7] =
    ["catch_all", "error", "failure", "priority", "refusal", "scenario", "streaming"];
const OWN_CRITERIA: [&str; 5] =
    ["body_jsonpath", "metadata", "system_prompt", "temperature", "user_message"];

fn is(file: &Node) -> bool {
    let fixtures = file.get("fixtures").map(Node::items).unwrap_or_default();
    fixtures.iter().any(|fixture| {
        let has = |node: &Node, keys: &[&str]| keys.iter().any(|key| node.get(key).is_some());
        has(fixture, &OWN) || fixture.get("match").is_some_and(|it| has(it, &OWN_CRITERIA))
    })
}

fn import(file: &Node, import: &mut Import<'_>) {
    import.lost_but(file, &["fixtures"]);
    for node in file.get("fixtures").map(Node::items).unwrap_or_default() {
        fixture(node, import);
    }
}

fn fixture(node: &Node, import: &mut Import<'_>) {
    let known = ["match", "provider", "response"];
    import.lost_but(node, &[&known[..], &OWN].concat());
    let Some(when) = condition(node, import) else { return };
    let mut rule = Vec::new();
    if !when.is_empty() {
        rule.push(("when", Draft::map(when)));
    }
    if let Some(scenario) = node.get("scenario") {
        import.lost_but(scenario, &["name", "required_state", "set_state"]);
        let name = text(scenario, "name").unwrap_or_default();
        // Before anything was set, a scenario is in the state that has no name there.
        let state = |state: &str| match state {
            "" => Draft::text("started"),
            state => Draft::text(state),
        };
        for (key, word) in [("required_state", "in_state"), ("set_state", "then_state")] {
            let said = text(scenario, key).map(|it| Draft::Map(vec![(name.to_owned(), state(it))]));
            rule.extend(said.map(|said| (word, said)));
        }
    }
    if let Some(error) = node.get("error") {
        rule.push(("error", of_error(error, import)));
    } else if node.get("failure").and_then(|it| text(it, "corrupt_body")) == Some("true") {
        let headers = Draft::map([("content-type", Draft::text("text/plain"))]);
        let raw = [("headers", headers), ("body", Draft::text("overloaded"))];
        rule.push(("raw", Draft::map(raw)));
    } else {
        rule.push(("reply", reply(node, import)));
    }
    let mut pace = Vec::new();
    if let Some(streaming) = node.get("streaming") {
        import.lost_but(streaming, &["latency"]);
        pace.extend(number(streaming, "latency").map(|ms| format!("gap={ms}ms")));
    }
    if let Some(failure) = node.get("failure") {
        let cuts = ["truncate_after_frames", "truncate_after_chunks"];
        import.lost_but(failure, &["corrupt_body", "latency_ms", cuts[0], cuts[1]]);
        pace.extend(number(failure, "latency_ms").map(|ms| format!("first={ms}ms")));
        if let Some(frames) = cuts.iter().find_map(|key| number(failure, key)) {
            rule.push(("fault", Draft::text(&format!("end_after={frames}"))));
        }
    }
    if !pace.is_empty() {
        rule.push(("pace", Draft::text(&pace.join("; "))));
    }
    let is_last = text(node, "catch_all") == Some("true");
    let priority = text(node, "priority").and_then(|it| it.parse().ok()).unwrap_or(0);
    // Behind all others, but in the same order among each other.
    let weight = if is_last { i64::MIN / 2 + i64::from(priority) } else { i64::from(priority) };
    import.rule(weight, Draft::map(rule));
}

type Entries = Vec<(&'static str, Draft)>;

/// What it demands; none where that cannot be said here, so that it would answer what it must not.
fn condition(node: &Node, import: &mut Import<'_>) -> Option<Entries> {
    let mut when: Entries = Vec::new();
    match node.get("provider").map(|it| (it, it.text().unwrap_or_default())) {
        None => {}
        Some((_, name @ ("anthropic" | "gemini" | "openai"))) => {
            when.push(("provider", Draft::text(name)));
        }
        Some((at, other)) => {
            import.lost(at, format!("`provider: {other}`: the fixture is left out"));
            return None;
        }
    }
    let Some(criteria) = node.get("match") else { return Some(when) };
    for (key, value) in criteria.entries() {
        let condition = match key.name.as_str() {
            "user_message" => test(value).map(|test| ("last_user", test)),
            "system_prompt" => test(value).map(|test| ("system", test)),
            "model" => test(value).map(|test| ("model", test)),
            "temperature" => temperature(value).map(|test| ("temperature", test)),
            "headers" => tests(value).map(|tests| ("header", tests)),
            "metadata" => tests(value).map(|tests| ("metadata", tests)),
            _ => None,
        };
        match condition {
            Some(condition) => when.push(condition),
            None => {
                import.lost(value, format!("`{}`: the fixture is left out", key.name));
                return None;
            }
        }
    }
    Some(when)
}

/// A part of a text, or `{regex: ...}`.
fn test(node: &Node) -> Option<Draft> {
    if let Some(part) = node.text() {
        return Some(contains(part));
    }
    let regex = node.get("regex").and_then(Node::text)?;
    Some(Draft::map([("regex", Draft::text(regex))]))
}

fn tests(node: &Node) -> Option<Draft> {
    let test = |(key, value): &(crate::config::Key, Node)| Some((key.name.clone(), test(value)?));
    Some(Draft::Map(node.entries().iter().map(test).collect::<Option<_>>()?))
}

fn temperature(node: &Node) -> Option<Draft> {
    if let Some(exact) = node.text() {
        return Some(Draft::map([("equals", Draft::plain(exact.parse::<f64>().ok()?))]));
    }
    let bound = |key, word| Some((word, Draft::plain(text(node, key)?.parse::<f64>().ok()?)));
    let bounds: Vec<_> =
        [bound("min", "at_least"), bound("max", "at_most")].into_iter().flatten().collect();
    (bounds.len() == node.entries().len() && !bounds.is_empty()).then(|| Draft::map(bounds))
}

fn of_error(node: &Node, import: &mut Import<'_>) -> Draft {
    import.lost_but(node, &["headers", "message", "status"]);
    let mut error: Entries = Vec::new();
    error.extend(number(node, "status").map(|status| ("status", Draft::plain(status))));
    error.extend(text(node, "message").map(|message| ("message", Draft::text(message))));
    for (key, value) in node.get("headers").map(Node::entries).unwrap_or_default() {
        let seconds = value.text().and_then(|it| it.parse::<u32>().ok());
        match seconds.filter(|_| key.name.eq_ignore_ascii_case("retry-after")) {
            Some(seconds) => error.push(("retry_after", Draft::text(&format!("{seconds}s")))),
            None => {
                import.lost(value, format!("`{}`: an error has the vendor's headers", key.name))
            }
        }
    }
    Draft::map(error)
}

fn reply(node: &Node, import: &mut Import<'_>) -> Draft {
    let mut reply: Entries = Vec::new();
    if let Some(refusal) = node.get("refusal") {
        let said = refusal.text().or_else(|| {
            ["message", "content", "reason", "text"].iter().find_map(|key| text(refusal, key))
        });
        reply.push(("refusal", Draft::text(said.unwrap_or("I cannot help with that."))));
        return Draft::map(reply);
    }
    if let Some(response) = node.get("response") {
        import.lost_but(response, &["content", "finish_reason", "stop_reason", "tool_calls"]);
        reply.extend(text(response, "content").map(|it| ("text", Draft::text(it))));
        reply.extend(reply_calls(response, "tool_calls", import).map(|it| ("tool_calls", it)));
        let reason = text(response, "stop_reason").or(text(response, "finish_reason"));
        match reason.map(str::to_ascii_lowercase).as_deref() {
            None | Some("end_turn" | "stop" | "tool_calls" | "tool_use") => {}
            Some("length" | "max_tokens") => reply.push(("finish", Draft::text("length"))),
            Some("content_filter" | "safety") => {
                reply.push(("finish", Draft::text("content_filter")));
            }
            Some("refusal") => reply.push(("finish", Draft::text("refusal"))),
            Some(other) => {
                import.lost(response, format!("`stop_reason: {other}`: it is the usual one"));
            }
        }
    }
    match &reply[..] {
        [("text", text)] => text.clone(),
        [] => Draft::text(""),
        _ => Draft::map(reply),
    }
}
