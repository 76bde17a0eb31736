//! How recordings differ from others.

use serde_json::{Map, Value, json};

use super::Recording;
use crate::cassette::diff::{Difference, changes, differences};
use crate::cassette::redact::{Pointer, place};

/// A recording of one side, or one of each that belong together.
#[derive(Debug)]
pub(crate) enum Pair<'a> {
    Left(&'a Recording),
    Right(&'a Recording),
    Both { left: &'a Recording, right: &'a Recording, changes: Vec<Change> },
}

/// A place in which two recordings differ.
#[derive(Debug)]
pub(crate) struct Change {
    /// `request` or `response`.
    pub(crate) of: &'static str,
    pub(crate) difference: Difference,
}

/// Pairs of recordings, and how they differ. Those belong together that ask for the same, and then
/// those of the same path, in their order.
pub(crate) fn compare<'a>(
    left: &[&'a Recording],
    right: &[&'a Recording],
    ignored: &[Pointer],
) -> Vec<Pair<'a>> {
    let key = |recording: &Recording| recording.asked().key(ignored);
    let path = |recording: &Recording| {
        let url = &recording.interaction.url;
        (recording.interaction.method.clone(), place(url).0.to_owned())
    };
    let mut partners: Vec<Option<usize>> = vec![None; left.len()];
    let mut taken = vec![false; right.len()];
    pair(&mut partners, &mut taken, left, right, key);
    pair(&mut partners, &mut taken, left, right, path);
    if let ([_], [_]) = (left, right) {
        (partners[0], taken[0]) = (Some(0), true);
    }
    let mut pairs = Vec::new();
    for (one, partner) in left.iter().zip(partners) {
        pairs.push(match partner {
            None => Pair::Left(one),
            Some(index) => {
                let changes = of_two(one, right[index], ignored);
                Pair::Both { left: one, right: right[index], changes }
            }
        });
    }
    let alone = right.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(alone.map(|(one, _)| Pair::Right(one)));
    pairs
}

fn pair<K: Ord>(
    partners: &mut [Option<usize>],
    taken: &mut [bool],
    left: &[&Recording],
    right: &[&Recording],
    trait_of: impl Fn(&Recording) -> K,
) {
    let mut waiting: std::collections::BTreeMap<K, std::collections::VecDeque<usize>> =
        <_>::default();
    for (index, recording) in right.iter().enumerate().filter(|(index, _)| !taken[*index]) {
        waiting.entry(trait_of(recording)).or_default().push_back(index);
    }
    for (partner, recording) in partners.iter_mut().zip(left).filter(|(it, _)| it.is_none()) {
        *partner = waiting.get_mut(&trait_of(recording)).and_then(|it| it.pop_front());
        if let Some(index) = *partner {
            taken[index] = true;
        }
    }
}

fn of_two(left: &Recording, right: &Recording, ignored: &[Pointer]) -> Vec<Change> {
    let mut all = Vec::new();
    let of_requests = differences(&left.asked(), &right.asked(), ignored);
    all.extend(of_requests.into_iter().map(|difference| Change { of: "request", difference }));
    let of_responses = changes(&response(left, ignored), &response(right, ignored));
    all.extend(of_responses.into_iter().map(|difference| Change { of: "response", difference }));
    all
}

/// A response as one value: `/status`, `/headers/...`, and `/body`, or `/events/...` of a stream.
fn response(recording: &Recording, ignored: &[Pointer]) -> Value {
    let interaction = &recording.interaction;
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &interaction.headers {
        headers.insert(name.clone(), value.as_str().into());
    }
    let bytes: Vec<u8> =
        interaction.frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect();
    let is_stream = interaction.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("text/event-stream")
    });
    let mut response = json!({"status": interaction.status, "headers": headers});
    if let Some(why) = &interaction.interrupted {
        response["interrupted"] = why.as_str().into();
    }
    let read = |data: &str| {
        let mut value = serde_json::from_str(data).unwrap_or_else(|_| Value::from(data));
        ignored.iter().for_each(|pointer| pointer.remove(&mut value));
        value
    };
    match String::from_utf8(bytes) {
        Ok(text) if is_stream => response["events"] = events(&text, read),
        Ok(text) => response["body"] = read(&text),
        Err(error) => response["body"] = format!("{} bytes", error.as_bytes().len()).into(),
    }
    response
}

fn events(text: &str, read: impl Fn(&str) -> Value) -> Value {
    let mut events = Vec::new();
    let mut event = Map::new();
    let mut data: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.is_empty() {
            if !data.is_empty() {
                event.insert("data".to_owned(), read(&data.join("\n")));
            }
            if !event.is_empty() {
                events.push(Value::Object(std::mem::take(&mut event)));
            }
            data.clear();
        } else if let Some((name, value)) = line.split_once(':') {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "" => {}
                "data" => data.push(value),
                name => drop(event.insert(name.to_owned(), value.into())),
            }
        }
    }
    events.into()
}
