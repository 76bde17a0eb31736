//! What importers fill: rules and settings, and what is lost on the way.

use std::path::Path;

use crate::config::{Draft, Node};

/// The config file as it grows.
#[derive(Default)]
pub(super) struct Made {
    /// What stands above the rules, by key.
    top: Vec<(String, Draft)>,
    /// The more a rule demands, the earlier it comes, where the tool has it so.
    rules: Vec<(i64, Draft)>,
}

/// One file that is read.
pub(super) struct Import<'a> {
    file: &'a Path,
    made: &'a mut Made,
    lost: &'a mut Vec<String>,
}

impl<'a> Import<'a> {
    pub(super) fn new(file: &'a Path, made: &'a mut Made, lost: &'a mut Vec<String>) -> Self {
        Self { file, made, lost }
    }

    /// Says that what stands here has no counterpart, and why.
    pub(super) fn lost(&mut self, node: &Node, what: impl Into<String>) {
        let (file, line) = (self.file.display(), node.place.line);
        self.lost.push(format!("{file}:{line}: {}", what.into()));
    }

    /// Says of each key of a map that is none of these that it has no counterpart.
    pub(super) fn lost_but(&mut self, node: &Node, known: &[&str]) {
        for (key, value) in node.entries() {
            if !known.contains(&key.name.as_str()) {
                self.lost(value, format!("`{}`: not known here", key.name));
            }
        }
    }

    /// A setting of the whole file; the last word counts.
    pub(super) fn set(&mut self, key: &str, value: Draft) {
        self.made.top.retain(|(known, _)| known != key);
        self.made.top.push((key.to_owned(), value));
    }

    /// A rule behind all that have as much weight, and before those that have less. Tools whose first
    /// match wins give all the same.
    pub(super) fn rule(&mut self, weight: i64, rule: Draft) {
        let at = self.made.rules.partition_point(|(other, _)| *other >= weight);
        self.made.rules.insert(at, (weight, rule));
    }
}

impl Made {
    pub(super) fn to_yaml(&self, from: &str, files: &[String]) -> String {
        let mut entries = self.top.clone();
        let rules: Vec<_> = self.rules.iter().map(|(_, rule)| rule.clone()).collect();
        if !rules.is_empty() {
            entries.push(("rules".to_owned(), Draft::List(rules)));
        }
        let body = if entries.is_empty() { String::new() } else { Draft::Map(entries).to_yaml() };
        // A name with a line end in it would end the comment.
        let files: Vec<_> = files.iter().map(|file| file.escape_debug().to_string()).collect();
        format!("# Converted from {from}: {}\n\n{body}", files.join(", "))
    }
}
