//! TOML, read into nodes.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::fault::Fault;
use super::node::{Key, Node, Place, Scalar, Value};

pub(super) fn read(file: u16, text: &str) -> Result<Node, Fault> {
    match DeTable::parse(text) {
        Ok(table) => {
            let place = Place { file, line: 1, column: 1 };
            Ok(Node { place, value: map(file, text, table.get_ref(), 0)? })
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            Err(Fault::new(format!("no TOML: {}", error.message())).at(Place::of(file, text, at)))
        }
    }
}

fn map(file: u16, text: &str, table: &DeTable<'_>, depth: usize) -> Result<Value, Fault> {
    let mut entries: Vec<_> = table.iter().collect();
    // The parser sorts them by name.
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let place = Place::of(file, text, key.span().start);
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let name = name.clone().into_owned();
        Ok((Key { name, place }, node(file, text, value, depth + 1)?))
    };
    Ok(Value::Map(entries.into_iter().map(entry).collect::<Result<_, Fault>>()?))
}

fn node(file: u16, text: &str, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Fault> {
    let place = Place::of(file, text, value.span().start);
    if depth > super::DEEPEST {
        return Err(super::too_deep().at(place));
    }
    let scalar = |text: String, plain| Value::Scalar(Scalar { text, plain, unset: None });
    let value = match value.get_ref() {
        DeValue::Array(items) => {
            let items = items.iter().map(|item| node(file, text, item, depth + 1));
            Value::List(items.collect::<Result<_, Fault>>()?)
        }
        DeValue::Boolean(value) => scalar(value.to_string(), true),
        DeValue::Datetime(value) => scalar(value.to_string(), false),
        DeValue::Float(value) => scalar(value.as_str().to_owned(), true),
        DeValue::Integer(value) => match i64::from_str_radix(value.as_str(), value.radix()) {
            Ok(number) => scalar(number.to_string(), true),
            Err(_) => scalar(value.as_str().to_owned(), true),
        },
        DeValue::String(value) => scalar(value.clone().into_owned(), false),
        DeValue::Table(table) => map(file, text, table, depth)?,
    };
    Ok(Node { place, value })
}
