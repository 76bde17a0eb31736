//! Why there is no instance, and where in the schema.

use std::fmt;

use serde_json::Value;

/// Why there is no instance of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pointer: String,
    what: String,
}

impl Fault {
    pub(super) fn new(pointer: String, what: impl Into<String>) -> Self {
        Self { pointer, what: what.into() }
    }

    /// The fault of the schema at this address: pointers are looked for when one is needed, not
    /// kept for all.
    pub(super) fn locate(root: &Value, at: *const Value, what: impl Into<String>) -> Self {
        let mut pointer = String::new();
        find(root, at, &mut pointer);
        Self::new(pointer, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, what } = self;
        write!(
            f,
            "the mock cannot make an instance of this schema: at `#{pointer}`, {what} is not supported; mount a rule to say what to answer"
        )
    }
}

fn find(here: &Value, at: *const Value, pointer: &mut String) -> bool {
    if std::ptr::eq(here, at) {
        return true;
    }
    let length = pointer.len();
    let mut down = |key: &str, value: &Value| {
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let found = find(value, at, pointer);
        if !found {
            pointer.truncate(length);
        }
        found
    };
    match here {
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| down(&index.to_string(), item))
        }
        Value::Object(fields) => fields.iter().any(|(key, value)| down(key, value)),
        _ => false,
    }
}
