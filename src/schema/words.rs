//! Sensible values for well-known names of properties.

use crate::util::rng::hash;

/// What a property of this name says, or `mock`.
pub(super) fn text(name: &str, seed: u64) -> &'static str {
    let Some((_, words)) = TEXTS.iter().find(|(known, _)| is(name, known)) else { return "mock" };
    // The first under the usual seed, so that the usual values are easily known.
    match seed {
        0 => words[0],
        _ => words[(hash(seed, name.as_bytes()) % words.len() as u64) as usize],
    }
}

/// What a property of this name counts, or 1.
pub(super) fn number(name: &str) -> i64 {
    NUMBERS.iter().find(|(known, _)| is(name, known)).map_or(1, |(_, number)| *number)
}

/// `user_email` and `userEmail` are an `email`, `cities` are each a `city`.
fn is(name: &str, known: &str) -> bool {
    let ends = |name: &str| {
        let Some(at) = name.len().checked_sub(known.len()) else { return false };
        let (Some(head), Some(tail)) = (name.get(..at), name.get(at..)) else { return false };
        let apart = head.is_empty()
            || !head.ends_with(|it: char| it.is_ascii_alphanumeric())
            || tail.starts_with(|it: char| it.is_ascii_uppercase());
        apart && tail.eq_ignore_ascii_case(known)
    };
    ends(name) || name.strip_suffix('s').is_some_and(ends)
}

const NUMBERS: [(&str, i64); 12] = [
    ("age", 30),
    ("calories", 250),
    ("day", 15),
    ("height", 100),
    ("hour", 12),
    ("minutes", 15),
    ("month", 6),
    ("price", 9),
    ("rating", 4),
    ("temperature", 21),
    ("width", 100),
    ("year", 2025),
];

const TEXTS: [(&str, &[&str]); 31] = [
    ("address", &["1 Mock Street", "2 Mock Avenue"]),
    ("author", &["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    ("category", &["general", "other"]),
    ("city", &["Paris", "Berlin", "Tokyo", "Lagos"]),
    ("cities", &["Paris", "Berlin", "Tokyo", "Lagos"]),
    ("code", &["MOCK-1", "MOCK-2"]),
    ("color", &["blue", "green", "red"]),
    ("content", &["Mock content."]),
    ("country", &["France", "Germany", "Japan", "Nigeria"]),
    ("currency", &["EUR", "USD", "JPY"]),
    ("date", &["2025-01-15", "2025-06-30"]),
    ("description", &["A mock description."]),
    ("email", &["mock@example.com", "ada@example.com"]),
    ("first_name", &["Ada", "Alan", "Grace"]),
    ("firstname", &["Ada", "Alan", "Grace"]),
    ("id", &["mock-1", "mock-2", "mock-3"]),
    ("language", &["English", "French", "German"]),
    ("last_name", &["Lovelace", "Turing", "Hopper"]),
    ("lastname", &["Lovelace", "Turing", "Hopper"]),
    ("location", &["Paris", "Berlin", "Tokyo"]),
    ("message", &["A mock message."]),
    ("name", &["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    ("phone", &["+1-555-0100", "+1-555-0101"]),
    ("query", &["mock query"]),
    ("state", &["California", "Texas"]),
    ("summary", &["A mock summary."]),
    ("time", &["12:00:00", "09:30:00"]),
    ("title", &["A mock title", "Another mock title"]),
    ("unit", &["celsius", "metric"]),
    ("uri", &["https://example.com/mock"]),
    ("url", &["https://example.com/mock"]),
];
