//! Small crate-private helpers: chance, ids, time, tokens.

pub(crate) mod base64;
pub(crate) mod ids;
pub(crate) mod percent;
pub(crate) mod rng;
pub(crate) mod time;
pub(crate) mod tokens;
