//! Trouble: what goes wrong while an answer is sent, and when.
//!
//! A [`Fault`] is data in an [`Answer`](crate::Answer), and works on the frames of a body, between
//! the encoder and the clock: it knows neither providers nor time. [`Trouble`] says when one
//! happens that no rule asks for, [`sweep`] plays them all against an app. The guide's page
//! [`faults`](crate::guide::faults) shows what real clients make of each.

mod adversary;
mod attempts;
mod cases;
mod disrupt;
mod happen;
mod judge;
mod kind;
mod payload;
mod recutter;
mod set;
mod sweep;
#[cfg(test)]
mod tests;
mod trouble;
mod words;

pub use self::adversary::Recut;
pub(crate) use self::attempts::{Attempts, fingerprint};
pub(crate) use self::disrupt::{Disrupt, Disruption, Shape, Step};
pub use self::judge::{Finding, Outcome, Report};
pub use self::kind::Fault;
pub(crate) use self::set::{disrupt, say_inside};
pub use self::sweep::{Case, Sweep, sweep};
pub use self::trouble::Trouble;
pub(crate) use self::trouble::{Clock, Happening, Now};
pub(crate) use self::words::{HEADER, asked};
