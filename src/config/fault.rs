//! What is wrong in a file: where, at which path, and what to do.

use std::fmt;

use serde::de;

use super::exposure::shown;
use super::nearest::nearest;
use super::node::Place;
use crate::error::Error;

/// Something wrong in a file. Its place and path are added on the way out.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) place: Option<Place>,
    /// From the inside out.
    path: Vec<String>,
    message: String,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { place: None, path: Vec::new(), message: message.into() }
    }

    /// Says where, unless that is known more exactly.
    pub(super) fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    /// Says under which key.
    pub(super) fn under(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    /// `mock-llm.yaml:3:5: providers.mock: unknown key ...`
    pub(super) fn report(&self, files: &[String]) -> String {
        let mut report = String::new();
        let file = files.get(usize::from(self.place.unwrap_or_default().file));
        if let Some(file) = file {
            report.push_str(file);
            if let Some(Place { line, column, .. }) = self.place {
                report.push_str(&format!(":{line}:{column}"));
            }
            report.push_str(": ");
        }
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        // What stands under `keys` is a secret.
        let secret = match &*path {
            ["keys", _, ..] => Some(1),
            ["profiles", _, "keys", _, ..] => Some(3),
            _ => None,
        };
        for (index, key) in path.into_iter().enumerate() {
            let dot = if index == 0 || key.starts_with('[') { "" } else { "." };
            report.push_str(dot);
            match secret {
                Some(secret) if secret == index => report.push_str(&shown(key)),
                _ => report.push_str(key),
            }
        }
        if !self.path.is_empty() {
            report.push_str(": ");
        }
        report + &self.message
    }

    /// A name that is none of these.
    pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let mut message = format!("unknown {what} `{name}`");
        match nearest(name, known) {
            Some(near) => message.push_str(&format!("; did you mean `{near}`?")),
            None if known.is_empty() => message.push_str("; there is none"),
            None => {
                let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                message.push_str(&format!("; it may be {}", known.join(", ")));
            }
        }
        Self::new(message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report(&[]))
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::config(fault.to_string())
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Map => "a map".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Str(text) => format!("{text:?}"),
            de::Unexpected::Unit => "empty".to_owned(),
            other => other.to_string(),
        };
        Self::new(format!("expected {expected}, but it is {found}"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("key", field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("value", variant, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"))
    }
}
