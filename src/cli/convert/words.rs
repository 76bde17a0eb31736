//! What several tools say alike.

use super::import::Import;
use crate::config::{Draft, Node, Value, json_tree};

pub(super) fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).filter(|node| !node.is_null()).and_then(Node::text)
}

/// A whole number that is not negative.
pub(super) fn number(node: &Node, key: &str) -> Option<u32> {
    text(node, key).and_then(|number| number.parse().ok())
}

pub(super) fn contains(part: &str) -> Draft {
    Draft::map([("contains", Draft::text(part))])
}

/// A list of `name`, `arguments` (as JSON, or as a text of it) and `id`, if there is one.
pub(super) fn reply_calls(node: &Node, key: &str, import: &mut Import<'_>) -> Option<Draft> {
    let calls = node.get(key)?.items();
    let calls: Vec<_> = calls.iter().filter_map(|call| reply_call(call, import)).collect();
    (!calls.is_empty()).then_some(Draft::List(calls))
}

pub(super) fn reply_call(call: &Node, import: &mut Import<'_>) -> Option<Draft> {
    let Some(name) = text(call, "name") else {
        import.lost(call, "a tool call without a name");
        return None;
    };
    let mut entries = vec![("name", Draft::text(name))];
    match call.get("arguments").filter(|node| !node.is_null()) {
        None => {}
        Some(node) => match node.text() {
            None => entries.push(("arguments", Draft::of(node))),
            Some(json) => match json_tree(json) {
                Ok(tree) if matches!(tree.value, Value::Map(_)) => {
                    entries.push(("arguments", Draft::of(&tree)));
                }
                _ => entries.push(("raw_arguments", Draft::text(json))),
            },
        },
    }
    entries.extend(text(call, "id").map(|id| ("id", Draft::text(id))));
    Some(Draft::map(entries))
}
