//! Instances of JSON Schemas: what the default reply calls tools with, and what it says where a
//! schema is demanded.
//!
//! An instance is made from all schemas that hold at its place at once ([`parts`]), one choice at
//! a time ([`make`]); what cannot be made right by construction (`not`, `oneOf`, patterns) is
//! tried and [`check`]ed. At last the whole is checked against the whole schema, so that no
//! answer is silently invalid. The replies of rules are held against the same schemas ([`judge`]),
//! and broken on purpose ([`near_miss`]). Work is counted in fuel: no schema, however hostile, holds up.

mod check;
mod contents;
mod explain;
mod fault;
mod format;
mod json;
mod judge;
mod leaf;
mod make;
mod maker;
mod memo;
mod near_miss;
mod number;
mod object;
mod parts;
mod pattern;
mod place;
mod reason;
mod text;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use self::fault::Fault;
use self::json::Json;
pub(crate) use self::judge::{Judge, not_json};
use self::maker::{Extent, Halt, Maker};
pub(crate) use self::near_miss::{Slip, near_miss};

/// An instance of `schema`.
pub(crate) fn instance(schema: &RawValue, seed: u64) -> Result<Box<RawValue>, Fault> {
    memo::made(schema.get(), seed, false, || written(&make(&parse(schema)?, seed)?))
}

/// An instance of `schema` that is an object: what the arguments of a call must be.
pub(crate) fn object(schema: &RawValue, seed: u64) -> Result<Box<RawValue>, Fault> {
    memo::made(schema.get(), seed, true, || match make(&parse(schema)?, seed)? {
        made @ Json::Object(_) => written(&made),
        _ => Err(Fault::new(String::new(), "anything but an object as the arguments of a tool")),
    })
}

fn parse(schema: &RawValue) -> Result<Value, Fault> {
    serde_json::from_str(schema.get())
        .map_err(|_| Fault::new(String::new(), "a schema that is nested too deep"))
}

fn written(made: &Json<'_>) -> Result<Box<RawValue>, Fault> {
    serde_json::value::to_raw_value(made)
        .map_err(|_| Fault::new(String::new(), "an instance that does not serialize"))
}

/// All properties first; where that does not end or grows too large, those far down left out, then
/// those only that must be.
fn make(root: &Value, seed: u64) -> Result<Json<'_>, Fault> {
    let mut reason = None;
    for extent in [Extent::Full, Extent::Shallow, Extent::Lean] {
        let maker = Maker::new(root, seed, extent);
        match maker.instance() {
            Ok(made) => return Ok(made),
            Err(halt) => match reason {
                None => reason = Some(halt),
                Some(Halt::Endless | Halt::Fuel) => reason = Some(halt),
                Some(Halt::Fault(..)) => {}
            },
        }
    }
    Err(match reason {
        Some(Halt::Fault(at, what)) => Fault::locate(root, at, what),
        Some(Halt::Endless) => Fault::new(String::new(), "a schema whose instances never end"),
        Some(Halt::Fuel) | None => {
            Fault::new(String::new(), "a schema that takes this much work to satisfy")
        }
    })
}
