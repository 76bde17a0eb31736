//! JSONPath (RFC 9535).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;
use serde_json_path::{JsonPath, ParseError};

/// A path, the same as another if it is written so.
#[derive(Clone, Debug)]
pub(in crate::respond) struct Path {
    written: Arc<str>,
    parsed: Arc<JsonPath>,
}

impl Path {
    pub(super) fn parse(path: &str) -> Result<Self, ParseError> {
        Ok(Self { written: path.into(), parsed: Arc::new(JsonPath::parse(path)?) })
    }

    /// Whether `test` says yes to one of the values there.
    pub(super) fn any(&self, value: &Value, test: impl FnMut(&Value) -> bool) -> bool {
        self.parsed.query(value).iter().copied().any(test)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written.hash(state);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
