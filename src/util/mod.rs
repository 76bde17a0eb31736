//! Small crate-private helpers: chance, ids, tokens.

pub(crate) mod ids;
pub(crate) mod rng;
pub(crate) mod tokens;
