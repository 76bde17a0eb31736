//! How an answer differs from a recorded one by its shape, whatever it says.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::interaction::Interaction;
use crate::provider::Room;
use crate::wire::{Event, events};

/// One way in which the shape of an answer changed since it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// Of what kind it is.
    pub kind: DriftKind,
    /// Where: the type of an event, if the answer is a stream that has such, and a JSON Pointer in which
    /// `*` stands for every element. Empty where it is about the whole.
    pub place: String,
    /// What was recorded: a type of JSON, a status, a model. `None` if there was nothing.
    pub recorded: Option<String>,
    /// What came now.
    pub live: Option<String>,
}

/// What a [`Drift`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DriftKind {
    /// The status of the response.
    Status,
    /// Its content type.
    ContentType,
    /// The model, as it names itself.
    Model,
    /// A type of event that was not recorded.
    NewEvent,
    /// A type of event that did not come.
    MissingEvent,
    /// A field that was not recorded.
    NewField,
    /// A field that did not come.
    MissingField,
    /// A field with another type of value.
    ChangedField,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangedField => "changed field",
            Self::ContentType => "content type",
            Self::MissingEvent => "missing event",
            Self::MissingField => "missing field",
            Self::Model => "model",
            Self::NewEvent => "new event",
            Self::NewField => "new field",
            Self::Status => "status",
        })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, recorded, live } = self;
        write!(f, "{kind}")?;
        if !place.is_empty() {
            write!(f, " {place}")?;
        }
        match (recorded, live) {
            (Some(recorded), Some(live)) => write!(f, ": recorded {recorded}, now {live}"),
            (Some(only), None) | (None, Some(only)) => write!(f, ": {only}"),
            (None, None) => Ok(()),
        }
    }
}

/// All that changed, apart from what is said.
pub(super) fn drift(recorded: &Interaction, live: &Interaction, room: Option<&Room>) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut differ = |kind, was: Option<String>, is: Option<String>| {
        if was != is {
            found.push(Drift { kind, place: String::new(), recorded: was, live: is });
        }
    };
    differ(DriftKind::Status, Some(recorded.status.to_string()), Some(live.status.to_string()));
    differ(DriftKind::ContentType, content_type(recorded), content_type(live));
    let (was, is) = (recorded.said(), live.said());
    let (was, is) = (events(&was), events(&is));
    differ(DriftKind::Model, model(&was, room), model(&is, room));
    // An error has a shape of its own, and says nothing about that of the answer.
    if recorded.status == live.status {
        let (was, is) = (Shape::of(&was), Shape::of(&is));
        was.compare(&is, &mut found);
    }
    found
}

/// The model that answered, as it names itself.
pub(super) fn model(events: &[Event<'_>], room: Option<&Room>) -> Option<String> {
    let room = room?;
    events.iter().find_map(|event| room.hear(event.data.as_bytes()).model)
}

/// Without its parameters: the boundary of a form is made up.
fn content_type(interaction: &Interaction) -> Option<String> {
    let kind = interaction.headers.iter().find(|(name, _)| name == "content-type");
    kind.map(|(_, kind)| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// For each type of event the fields that it had, and for each of those the types of its values.
#[derive(Debug, Default)]
struct Shape(BTreeMap<String, BTreeMap<String, u8>>);

/// Names of types of JSON, by the bit that stands for each.
const TYPES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];
const NULL: u8 = 1;

impl Shape {
    fn of(events: &[Event<'_>]) -> Self {
        let mut shape = Self::default();
        for event in events {
            match serde_json::from_str::<Value>(&event.data) {
                Ok(value) => {
                    let name = event.name.or_else(|| value["type"].as_str()).unwrap_or_default();
                    let fields = shape.0.entry(name.to_owned()).or_default();
                    add(fields, String::new(), &value);
                }
                // `[DONE]`
                Err(_) if event.data.len() < 32 => {
                    shape.0.entry(event.data.clone().into_owned()).or_default();
                }
                Err(_) => {
                    shape.0.entry(event.name.unwrap_or_default().to_owned()).or_default();
                }
            }
        }
        shape
    }

    fn compare(&self, live: &Self, found: &mut Vec<Drift>) {
        let mut add = |kind, event: &str, place: &str, was: Option<u8>, is: Option<u8>| {
            let place = format!("{event}{}{place}", if event.is_empty() { "" } else { " " });
            let (recorded, live) = (was.map(types), is.map(types));
            found.push(Drift { kind, place: place.trim_end().to_owned(), recorded, live });
        };
        for (event, was) in &self.0 {
            let Some(is) = live.0.get(event) else {
                add(DriftKind::MissingEvent, event, "", None, None);
                continue;
            };
            // Of what is new or gone the outermost is told.
            let is_inside = |place: &str, all: &BTreeMap<String, u8>| {
                place
                    .rsplit_once('/')
                    // Whether a list has elements is what is said.
                    .is_none_or(|(outer, step)| step != "*" && all.contains_key(outer))
            };
            for (place, types) in was {
                match is.get(place) {
                    None if is_inside(place, is) => {
                        add(DriftKind::MissingField, event, place, Some(*types), None);
                    }
                    // What may be null may be anything.
                    Some(now)
                        if (types & !NULL) & (now & !NULL) == 0 && (types | now) & NULL == 0 =>
                    {
                        add(DriftKind::ChangedField, event, place, Some(*types), Some(*now));
                    }
                    _ => {}
                }
            }
            for (place, types) in is {
                if !was.contains_key(place) && is_inside(place, was) {
                    add(DriftKind::NewField, event, place, None, Some(*types));
                }
            }
        }
        for event in live.0.keys().filter(|event| !self.0.contains_key(*event)) {
            add(DriftKind::NewEvent, event, "", None, None);
        }
    }
}

fn add(fields: &mut BTreeMap<String, u8>, place: String, value: &Value) {
    /// What the model or a tool says: its fields are not the vendor's.
    const SAID: [&str; 5] = ["args", "arguments", "input", "output", "parsed"];
    let kind = match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    match value {
        Value::Array(elements) => {
            elements.iter().for_each(|element| add(fields, format!("{place}/*"), element));
        }
        Value::Object(inner) => {
            for (name, value) in inner {
                let step = name.replace('~', "~0").replace('/', "~1");
                let inside = format!("{place}/{step}");
                if SAID.contains(&name.as_str()) && value.is_object() {
                    *fields.entry(inside).or_default() |= 1 << 5;
                } else {
                    add(fields, inside, value);
                }
            }
        }
        _ => {}
    }
    *fields.entry(place).or_default() |= 1 << kind;
}

fn types(bits: u8) -> String {
    let names = TYPES.iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::interaction::Frame;

    fn answer(body: &str) -> Interaction {
        let frame = Frame { at: 0, bytes: body.to_owned().into() };
        Interaction { status: 200, frames: vec![frame], ..Interaction::default() }
    }

    fn seen(recorded: &str, live: &str) -> Vec<String> {
        drift(&answer(recorded), &answer(live), None).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_said_is_no_drift() {
        assert!(seen(r#"{"a":"x","n":1,"l":[]}"#, r#"{"n":2.5,"a":"y","l":[{"z":1}]}"#).is_empty());
        assert!(seen(r#"{"a":null}"#, r#"{"a":"y"}"#).is_empty());
        assert!(seen(r#"{"input":{"city":"Rome"}}"#, r#"{"input":{"town":1}}"#).is_empty());
        let stream = |text: &str| format!("data: {{\"d\":\"{text}\"}}\n\n");
        assert!(seen(&stream("a"), &(stream("b") + &stream("c"))).is_empty());
    }

    #[test]
    fn fields_and_events_are_told_where_they_stand() {
        assert_eq!(
            seen(
                r#"{"a":1,"b":{"c":1},"l":[{"x":1}],"t":"s"}"#,
                r#"{"a":"1","l":[{"x":1,"y":{"z":1}}],"t":"s"}"#
            ),
            [
                "changed field /a: recorded number, now string",
                "missing field /b: object",
                "new field /l/*/y: object",
            ]
        );
        assert_eq!(
            seen(
                "event: start\ndata: {\"type\":\"start\"}\n\nevent: stop\ndata: {}\n\n",
                "event: start\ndata: {\"type\":\"start\",\"n\":true}\n\nevent: new\ndata: {}\n\n"
            ),
            ["new field start /n: boolean", "missing event stop", "new event new"]
        );
        assert_eq!(seen("data: {}\n\ndata: [DONE]\n\n", "data: {}\n\n"), ["missing event [DONE]"]);
    }

    #[test]
    fn another_status_is_all_that_is_told_of_an_error() {
        let error = Interaction { status: 401, ..answer(r#"{"error":{}}"#) };
        let found = drift(&answer(r#"{"a":1}"#), &error, None);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "status: recorded 200, now 401");
    }
}
