//! Who makes instances and judges them: how much work it may be, and what the schema is.

use std::cell::Cell;

use serde_json::Value;

use super::json::Json;
use super::place::Place;

/// How much is made of what need not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Full,
    Shallow,
    Lean,
}

impl Extent {
    /// Steps of work: some 20 to 60 ms for the last, which must succeed if any can.
    fn fuel(self) -> u64 {
        match self {
            Self::Full => 25_000,
            Self::Shallow => 100_000,
            Self::Lean => 400_000,
        }
    }

    /// Beyond this depth only what must be is made.
    pub(super) fn deep(self) -> usize {
        if self == Self::Full { 24 } else { 6 }
    }
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub(super) enum Halt {
    /// The schema refers to itself without end.
    Endless,
    /// The schema at this address asks for something that is not supported.
    Fault(*const Value, String),
    /// It took too much work.
    Fuel,
}

/// Makes instances of parts of one schema.
#[derive(Debug)]
pub(super) struct Maker<'a> {
    pub(super) root: &'a Value,
    pub(super) seed: u64,
    pub(super) extent: Extent,
    /// Whether it judges the values of others, and says so where it does not know.
    pub(super) judges: bool,
    fuel: Cell<u64>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(root: &'a Value, seed: u64, extent: Extent) -> Self {
        Self { root, seed, extent, judges: false, fuel: Cell::new(extent.fuel()) }
    }

    /// One that judges values and makes none.
    pub(super) fn judge(root: &'a Value) -> Self {
        Self { judges: true, ..Self::new(root, 0, Extent::Lean) }
    }

    pub(super) fn instance(&self) -> Result<Json<'a>, Halt> {
        let place = Place {
            trail: None,
            depth: 0,
            name: "",
            variant: 0,
            lean: self.extent == Extent::Lean,
        };
        let made = self.make(&[self.root], place)?;
        match self.check(self.root, &made)?.is_invalid() {
            false => Ok(made),
            true => Err(Halt::Fault(self.root, "this combination of keywords".to_owned())),
        }
    }

    /// Counts work.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Halt> {
        let left = self.fuel.get().checked_sub(steps as u64).ok_or(Halt::Fuel)?;
        self.fuel.set(left);
        Ok(())
    }

    /// Lends the fuel to something that counts by itself.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut u64) -> Option<T>) -> Result<T, Halt> {
        let mut fuel = self.fuel.get();
        let done = work(&mut fuel);
        self.fuel.set(fuel);
        done.ok_or(Halt::Fuel)
    }

    /// What a local reference refers to.
    pub(super) fn target(&self, reference: &'a Value) -> Result<&'a Value, Halt> {
        let found = reference.as_str().and_then(|text| {
            let pointer = text.strip_prefix('#')?;
            match pointer.contains('%') {
                true => self.root.pointer(&unescape(pointer)?),
                false => self.root.pointer(pointer),
            }
        });
        found.ok_or_else(|| Halt::Fault(reference, "a reference to no place in it".to_owned()))
    }
}

fn unescape(pointer: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
