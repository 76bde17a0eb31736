//! Where in an instance a value is made.

use serde_json::Value;

/// Where a value is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a, 't> {
    /// The targets of the references that led here.
    pub(super) trail: Option<&'t Trail<'a, 't>>,
    pub(super) depth: usize,
    /// The property that is filled.
    pub(super) name: &'a str,
    /// Which of the possible values is asked for: another number, most often another value.
    pub(super) variant: u64,
    /// Only what must be.
    pub(super) lean: bool,
}

#[derive(Debug)]
pub(super) struct Trail<'a, 't> {
    pub(super) entered: &'t [&'a Value],
    pub(super) up: Option<&'t Trail<'a, 't>>,
}

impl<'a, 't> Place<'a, 't> {
    pub(super) fn variant(self, variant: u64) -> Self {
        Self { variant, ..self }
    }

    pub(super) fn named(self, name: &'a str) -> Self {
        Self { name, ..self }
    }
}
