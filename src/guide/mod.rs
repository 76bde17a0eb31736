//! The guide: longer reads.

#[doc = include_str!("fidelity.md")]
pub mod fidelity {}
