//! What is true: conditions, answers and settings, made of what was written.

pub(super) mod answer;
pub(super) mod cassette;
mod error;
mod fault;
mod jsons;
mod numbers;
mod part;
mod raw;
mod reply;
pub(super) mod rule;
pub(super) mod settings;
pub(super) mod texts;
pub(super) mod trouble;
pub(super) mod when;

use std::ops::Bound;
use std::time::Duration;

use serde_json::value::RawValue;

use super::de::At;
use super::fault::Fault;
use super::words::Json;
use crate::provider::{Provider, registry};
use crate::util::base64::from_base64;

/// A time: `300ms`, `1.5s`, `2m`.
fn time(At { place, value: text }: &At<String>) -> Result<Duration, Fault> {
    let wrong =
        || Fault::new(format!("`{text}` is no time; write 300ms, 1.5s, 2m, 1h or 1d")).at(*place);
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    // A hundred years are enough, and no sum of such runs over.
    let seconds = number * unit;
    if !(0.0..=3_153_600_000.0).contains(&seconds) {
        return Err(wrong());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A number, or a range of them as Rust writes it: `2`, `1..`, `..=3`, `1..=3`.
fn range(At { place, value: text }: &At<String>) -> Result<(Bound<u64>, Bound<u64>), Fault> {
    let wrong = || {
        Fault::new(format!("`{text}` is no number and no range; write 2, 1.., ..=3 or 1..=3"))
            .at(*place)
    };
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let Some((least, most)) = text.split_once("..") else {
        let number = number(text)?;
        return Ok((Bound::Included(number), Bound::Included(number)));
    };
    let start = match least.trim() {
        "" => Bound::Unbounded,
        least => Bound::Included(number(least)?),
    };
    let end = match most.trim() {
        "" => Bound::Unbounded,
        most => match most.strip_prefix('=') {
            Some(most) => Bound::Included(number(most)?),
            None => Bound::Excluded(number(most)?),
        },
    };
    if matches!((start, end), (Bound::Unbounded, Bound::Unbounded)) {
        return Err(wrong());
    }
    Ok((start, end))
}

/// The one of these that is there, by its key.
///
/// # Errors
///
/// If there is none, or more than one.
fn only<'a, T>(of: impl IntoIterator<Item = (&'a str, Option<T>)>) -> Result<(&'a str, T), Fault> {
    let (mut found, mut names) = (Vec::new(), Vec::new());
    for (name, value) in of {
        names.push(format!("`{name}`"));
        found.extend(value.map(|value| (name, value)));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Err(Fault::new(format!("one of these must be said: {}", names.join(", ")))),
        (Some(one), None) => Ok(one),
        (Some((one, _)), Some((other, _))) => {
            Err(Fault::new(format!("`{one}` and `{other}` cannot be said together")))
        }
    }
}

/// A provider whose API the mock speaks.
fn vendor(name: &str) -> Result<Provider, Fault> {
    let name = if name == "google" { "gemini" } else { name };
    let rooms = registry::builtin();
    match rooms.iter().find(|room| room.provider().as_str() == name) {
        Some(room) => Ok(room.provider()),
        None => {
            let rooms: Vec<_> = rooms.iter().map(|room| room.provider()).collect();
            let known: Vec<_> = rooms.iter().map(Provider::as_str).collect();
            Err(Fault::unknown("provider", name, &known))
        }
    }
}

/// Bytes in base64; white space is passed over.
fn bytes(At { place, value }: &At<String>) -> Result<Vec<u8>, Fault> {
    let letters: Vec<u8> = value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    from_base64(&letters).ok_or_else(|| Fault::new("expected base64").at(*place))
}

/// The text of a JSON object, as it is written.
fn object(Json(text): &Json) -> Result<Box<RawValue>, Fault> {
    if !text.starts_with('{') {
        return Err(Fault::new(format!("expected a map, but it is {text}")));
    }
    RawValue::from_string(text.clone()).map_err(|error| Fault::new(error.to_string()))
}

/// The same at its place; nothing is an empty one.
fn object_at(json: Option<&At<Json>>) -> Result<Box<RawValue>, Fault> {
    match json {
        None => object(&Json("{}".to_owned())),
        Some(At { place, value }) => object(value).map_err(|fault| fault.at(*place)),
    }
}

/// The HTTP status of this number.
fn status(At { place, value }: &At<u16>) -> Result<http::StatusCode, Fault> {
    let status = http::StatusCode::from_u16(*value).ok().filter(|_| (200..=599).contains(value));
    status.ok_or_else(|| {
        Fault::new(format!("expected a status from 200 to 599, but it is {value}")).at(*place)
    })
}

/// What is wrong is wrong here.
fn here<T, E: std::fmt::Display>(result: Result<T, E>, at: &At<String>) -> Result<T, Fault> {
    result.map_err(|error| Fault::new(error.to_string()).at(at.place))
}

#[cfg(test)]
mod tests {
    use std::ops::RangeBounds;

    use super::*;
    use crate::config::node::Place;

    fn at(text: &str) -> At<String> {
        At { place: Place::default(), value: text.to_owned() }
    }

    #[test]
    fn times() {
        for (text, millis) in [("300ms", 300), ("1.5s", 1500), ("2m", 120_000), ("1 h", 3_600_000)]
        {
            assert_eq!(time(&at(text)).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for text in ["", "300", "ms", "-1s", "1e300d", "NaNs", "1 week", "1s2"] {
            assert!(time(&at(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges() {
        let holds = |text, number: u64| range(&at(text)).unwrap().contains(&number);
        for (text, number, expected) in [
            ("2", 2, true),
            ("2", 3, false),
            ("1..", 0, false),
            ("1..", 9, true),
            ("..=3", 3, true),
            ("1..3", 3, false),
            ("1 ..= 3", 3, true),
        ] {
            assert_eq!(holds(text, number), expected, "{text} {number}");
        }
        for text in ["", "..", "a", "1..b", "-1", "1..=", "1...3"] {
            assert!(range(&at(text)).is_err(), "{text}");
        }
    }
}
