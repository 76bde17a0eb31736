//! Instances that are broken in one place.

use std::borrow::Cow;

use serde_json::Number;
use serde_json::value::RawValue;

use super::json::Json;
use super::judge::misfit_of;
use crate::util::rng::hash;

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A value outside the list.
    Enum,
    /// A property too many.
    Extra,
    /// A property too few.
    Missing,
    /// Null.
    Null,
    /// Too large, too small, too long or too short.
    Range,
    /// A value of another type.
    Type,
}

/// The places that are tried, at the most.
const MOST: usize = 256;

/// Where a value lies: the index of the field or item at each level.
type Path = Vec<usize>;

/// An instance of `schema` with this one thing wrong: at the pointer `at`, or at a place that the
/// seed picks. It is certainly invalid. Or why there is none.
pub(crate) fn near_miss(
    schema: &RawValue,
    seed: u64,
    slip: Slip,
    at: Option<&str>,
) -> Result<Box<RawValue>, String> {
    let root = super::parse(schema).map_err(|fault| fault.to_string())?;
    let made = super::make(&root, seed).map_err(|fault| fault.to_string())?;
    let mut places = Vec::new();
    collect(&made, &mut Vec::new(), &mut String::new(), &mut places);
    if slip == Slip::Extra {
        places.retain(|(path, _)| matches!(get(&made, path), Some(Json::Object(_))));
    } else {
        // The whole in place of a part would be no near miss.
        places.retain(|(path, _)| !path.is_empty() || at == Some(""));
    }
    if let Some(at) = at {
        places.retain(|(_, pointer)| pointer == at);
        if places.is_empty() {
            return Err(format!("its instance has nothing of that kind at \"{at}\""));
        }
    }
    let first = match seed {
        0 => 0,
        _ => (hash(seed, b"near miss") % places.len().max(1) as u64) as usize,
    };
    places.rotate_left(first);
    for (path, _) in &places {
        for broken in slip.slips(&made, path) {
            let misfit = misfit_of(&root, &broken);
            if misfit.is_some_and(|misfit| slip.is_it(misfit.reason.keyword)) {
                return super::written(&broken).map_err(|fault| fault.to_string());
            }
        }
    }
    let place = at.map_or_else(String::new, |at| format!(" at \"{at}\""));
    Err(format!("{}{place}", slip.why_not()))
}

impl Slip {
    /// Values with the slip at this place, the likeliest first.
    fn slips<'a>(self, made: &Json<'a>, path: &[usize]) -> Vec<Json<'a>> {
        let Some(here) = get(made, path) else { return Vec::new() };
        let text = |text: String| Json::Text(Cow::Owned(text));
        let number = |it: i64| Json::Number(Number::from(it));
        let others: Vec<Json<'_>> = match (self, here) {
            (Self::Missing, _) => return without(made, path).into_iter().collect(),
            (Self::Extra, Json::Object(fields)) => {
                let mut name = "unexpected".to_owned();
                while fields.iter().any(|(key, _)| *key == name) {
                    name.push('_');
                }
                let mut fields = fields.clone();
                fields.push((name.into(), text("mock".to_owned())));
                vec![Json::Object(fields)]
            }
            (Self::Null, Json::Null) | (Self::Extra, _) => Vec::new(),
            (Self::Null, _) => vec![Json::Null],
            // As models err: numbers as texts, a list's one item for the list, JSON in a text.
            (Self::Type, Json::Text(it)) => vec![number(it.len() as i64), Json::Bool(true)],
            (Self::Type, Json::Array(items)) => {
                items.first().cloned().into_iter().chain([text("mock".to_owned())]).collect()
            }
            (Self::Type, other) => {
                let json = serde_json::to_string(other).unwrap_or_default();
                vec![text(json), number(1), Json::Bool(true)]
            }
            (Self::Enum, Json::Text(it)) => {
                vec![text(it.to_uppercase()), text(it.to_lowercase()), text("unknown".to_owned())]
            }
            (Self::Enum, Json::Number(_)) => vec![number(1_000_003)],
            (Self::Range, Json::Text(it)) => {
                let short = it.chars().take(it.chars().count().saturating_sub(1)).collect();
                vec![
                    text(String::new()),
                    text(short),
                    text("mock ".repeat(20)),
                    text("mock ".repeat(2_000)),
                ]
            }
            (Self::Range, Json::Number(_)) => {
                [0, -1, 101, 1 << 40, -(1 << 40)].into_iter().map(number).collect()
            }
            (Self::Range, Json::Array(items)) => {
                let copies = |n| items.iter().cloned().cycle().take(n).collect();
                vec![Json::Array(Vec::new()), Json::Array(copies(101))]
            }
            (Self::Enum | Self::Range, _) => Vec::new(),
        };
        others
            .into_iter()
            .map(|other| {
                let mut broken = made.clone();
                if let Some(place) = get_mut(&mut broken, path) {
                    *place = other;
                }
                broken
            })
            .collect()
    }

    /// Whether a value that breaks this keyword has the slip.
    fn is_it(self, keyword: &str) -> bool {
        match self {
            Self::Enum => ["const", "enum"].contains(&keyword),
            Self::Extra | Self::Missing | Self::Null | Self::Type => true,
            Self::Range => {
                keyword.starts_with("min")
                    || keyword.starts_with("max")
                    || keyword.starts_with("excl")
            }
        }
    }

    /// Why there is no such value.
    fn why_not(self) -> &'static str {
        match self {
            Self::Enum => "the schema lists no values (`enum`, `const`) to miss",
            Self::Extra => {
                "the schema admits properties that it does not name: it has no \
                 `additionalProperties: false`"
            }
            Self::Missing => "the schema has no property that must be there (`required`)",
            Self::Null => "the schema admits null, or has nothing within that could be null",
            Self::Range => {
                "the schema has no bounds (`minimum`, `maxLength`, `minItems`...) to miss"
            }
            Self::Type => "the schema admits any type, or has nothing within that has one",
        }
    }
}

/// All places in order, each with its pointer.
fn collect(
    value: &Json<'_>,
    path: &mut Path,
    pointer: &mut String,
    places: &mut Vec<(Path, String)>,
) {
    if places.len() >= MOST {
        return;
    }
    places.push((path.clone(), pointer.clone()));
    let length = pointer.len();
    let mut down = |index: usize, key: &str, inner: &Json<'_>| {
        path.push(index);
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        collect(inner, path, pointer, places);
        pointer.truncate(length);
        path.pop();
    };
    match value {
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| down(at, &at.to_string(), item));
        }
        Json::Object(fields) => {
            fields.iter().enumerate().for_each(|(at, (key, value))| down(at, key, value));
        }
        _ => {}
    }
}

fn get<'j, 'a>(value: &'j Json<'a>, path: &[usize]) -> Option<&'j Json<'a>> {
    path.iter().try_fold(value, |value, index| match value {
        Json::Array(items) => items.get(*index),
        Json::Object(fields) => fields.get(*index).map(|(_, value)| value),
        _ => None,
    })
}

fn get_mut<'j, 'a>(value: &'j mut Json<'a>, path: &[usize]) -> Option<&'j mut Json<'a>> {
    path.iter().try_fold(value, |value, index| match value {
        Json::Array(items) => items.get_mut(*index),
        Json::Object(fields) => fields.get_mut(*index).map(|(_, value)| value),
        _ => None,
    })
}

/// The value without the property at this place.
fn without<'a>(made: &Json<'a>, path: &[usize]) -> Option<Json<'a>> {
    let (last, above) = path.split_last()?;
    let mut broken = made.clone();
    match get_mut(&mut broken, above)? {
        Json::Object(fields) => drop(fields.remove(*last)),
        _ => return None,
    }
    Some(broken)
}
