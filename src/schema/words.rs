//! Sensible values for well-known names of properties.

use crate::util::rng::hash;

/// What a property of this name says, or `mock`.
pub(super) fn text(name: &str, seed: u64) -> &'static str {
    let Some((_, words)) = TEXTS.iter().find(|(known, _)| is(name, known)) else { return "mock" };
    // The first under the usual seed, so that the usual values are easily known.
    words[below(seed, name, words.len() as u64) as usize]
}

/// What a property of this name counts, or 1; under other seeds than the usual one another small
/// number.
pub(super) fn number(name: &str, seed: u64) -> i64 {
    match (NUMBERS.iter().find(|(known, ..)| is(name, known)), seed) {
        (None, 0) => 1,
        (None, _) => 1 + below(seed, name, 9) as i64,
        (Some((_, usual, _)), 0) => *usual,
        (Some((_, usual, more)), _) => usual + below(seed, name, more + 1) as i64,
    }
}

/// A number below `bound` that hangs on seed and name; 0 under the usual seed.
pub(super) fn below(seed: u64, name: &str, bound: u64) -> u64 {
    if seed == 0 { 0 } else { hash(seed, name.as_bytes()) % bound.max(1) }
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

/// The name, what is usual, and how much more it may be.
const NUMBERS: [(&str, i64, u64); 24] = [
    ("age", 30, 40),
    ("amount", 25, 50),
    ("calories", 250, 300),
    ("confidence", 0, 0),
    ("count", 3, 6),
    ("day", 15, 12),
    ("height", 100, 100),
    ("hour", 12, 8),
    ("humidity", 60, 30),
    ("latitude", 48, 3),
    ("longitude", 2, 10),
    ("minute", 15, 30),
    ("month", 6, 5),
    ("percentage", 50, 40),
    ("population", 2_100_000, 900_000),
    ("price", 9, 20),
    ("probability", 0, 0),
    ("quantity", 2, 5),
    ("rating", 4, 1),
    ("score", 0, 0),
    ("temperature", 21, 8),
    ("total", 42, 50),
    ("width", 100, 100),
    ("year", 2025, 3),
];

const TEXTS: [(&str, &[&str]); 61] = [
    ("address", &["1 Mock Street", "2 Mock Avenue"]),
    ("answer", &["A mock answer."]),
    ("author", &["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    ("avatar", &["https://example.com/mock.png"]),
    ("category", &["general", "other"]),
    ("cities", &["Paris", "Berlin", "Tokyo", "Lagos"]),
    ("city", &["Paris", "Berlin", "Tokyo", "Lagos"]),
    ("code", &["MOCK-1", "MOCK-2"]),
    ("color", &["blue", "green", "red"]),
    ("company", &["Mock Corporation", "Example Ltd"]),
    ("content", &["Mock content."]),
    ("country", &["France", "Germany", "Japan", "Nigeria"]),
    ("currency", &["EUR", "USD", "JPY"]),
    ("date", &["2025-01-15", "2025-06-30"]),
    ("department", &["Engineering", "Sales"]),
    ("description", &["A mock description."]),
    ("domain", &["example.com"]),
    ("email", &["mock@example.com", "ada@example.com"]),
    ("explanation", &["A mock explanation."]),
    ("file", &["mock.txt"]),
    ("filename", &["mock.txt", "example.txt"]),
    ("first_name", &["Ada", "Alan", "Grace"]),
    ("firstname", &["Ada", "Alan", "Grace"]),
    ("full_name", &["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    ("gender", &["female", "male"]),
    ("genre", &["fiction", "history"]),
    ("id", &["mock-1", "mock-2", "mock-3"]),
    ("image", &["https://example.com/mock.png"]),
    ("job", &["Engineer", "Teacher"]),
    ("label", &["mock label"]),
    ("language", &["English", "French", "German"]),
    ("last_name", &["Lovelace", "Turing", "Hopper"]),
    ("lastname", &["Lovelace", "Turing", "Hopper"]),
    ("location", &["Paris", "Berlin", "Tokyo"]),
    ("message", &["A mock message."]),
    ("name", &["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
    ("path", &["/mock/path"]),
    ("phone", &["+1-555-0100", "+1-555-0101"]),
    ("postal_code", &["75001", "10115"]),
    ("query", &["mock query"]),
    ("reason", &["A mock reason."]),
    ("region", &["Europe", "Asia"]),
    ("sentiment", &["positive", "neutral", "negative"]),
    ("state", &["California", "Texas"]),
    ("status", &["ok", "done"]),
    ("step", &["A mock step."]),
    ("street", &["1 Mock Street", "2 Mock Avenue"]),
    ("summary", &["A mock summary."]),
    ("tag", &["mock", "example"]),
    ("text", &["Mock text."]),
    ("time", &["12:00:00", "09:30:00"]),
    ("timezone", &["Europe/Paris", "Asia/Tokyo"]),
    ("title", &["A mock title", "Another mock title"]),
    ("unit", &["celsius", "metric"]),
    ("uri", &["https://example.com/mock"]),
    ("url", &["https://example.com/mock"]),
    ("username", &["ada", "alan", "grace"]),
    ("version", &["1.0.0", "2.1.0"]),
    ("weather", &["sunny", "rainy"]),
    ("website", &["https://example.com"]),
    ("zip", &["75001", "10115"]),
];
