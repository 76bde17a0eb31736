//! Real traffic, recorded once and replayed for ever.

mod format;
mod indent;
mod interaction;
mod redact;
mod store;
mod text;

pub use self::store::{Folder, Store};
