//! Files of mockllm, by Stacklok: <https://github.com/stacklok/mockllm> (0.0.8, read 2026-11-21).
//!
//! `responses` are by the whole text of the last user message; `settings.lag_factor` is in characters:
//! a tenth of a second through it for each.

use super::Importer;
use super::import::Import;
use crate::config::{Draft, Node};

pub(super) const IMPORTER: Importer = Importer { name: "mockllm", is, import };

fn is(file: &Node) -> bool {
    let known = ["defaults", "models", "responses", "settings"];
    let texts = |node: &Node| node.entries().iter().all(|(_, value)| value.text().is_some());
    let has = file.get("responses").or(file.get("defaults"));
    has.is_some_and(texts)
        && file.entries().iter().all(|(key, _)| known.contains(&key.name.as_str()))
}

fn import(file: &Node, import: &mut Import<'_>) {
    import.lost_but(file, &["defaults", "responses", "settings"]);
    if let Some(settings) = file.get("settings") {
        lag(settings, import);
    }
    // What it says without a setting.
    let mut unknown = "I don't know the answer to that.";
    if let Some(defaults) = file.get("defaults") {
        import.lost_but(defaults, &["unknown_response"]);
        unknown = defaults.get("unknown_response").and_then(Node::text).unwrap_or(unknown);
    }
    import.set("default_reply", Draft::text(unknown));
    for (prompt, says) in file.get("responses").map(Node::entries).unwrap_or_default() {
        let Some(text) = says.text() else {
            import.lost(says, format!("`{}`: its answer is no text", prompt.name));
            continue;
        };
        import.rule(
            0,
            Draft::map([
                (
                    "when",
                    Draft::map([(
                        "last_user",
                        Draft::map([("equals", Draft::text(&prompt.name))]),
                    )]),
                ),
                ("reply", Draft::text(text)),
            ]),
        );
    }
}

fn lag(settings: &Node, import: &mut Import<'_>) {
    import.lost_but(settings, &["lag_enabled", "lag_factor"]);
    if settings.get("lag_enabled").and_then(Node::text) != Some("true") {
        return;
    }
    let Some(factor) = settings.get("lag_factor") else { return pace(10.0, import) };
    match factor.text().and_then(|text| text.parse::<f64>().ok()) {
        Some(factor) if factor.is_finite() && factor > 0.0 => pace(factor, import),
        _ => import.lost(factor, "`lag_factor` is no number above 0"),
    }
}

/// A token is about four characters. Streams vary by half of it, whole answers do not.
fn pace(factor: f64, import: &mut Import<'_>) {
    let gap = (400.0 / factor).clamp(0.001, 86_400_000.0);
    import.set("pace", Draft::text(&format!("gap={gap:.3}ms; jitter=0.5")));
}
