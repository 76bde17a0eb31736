//! Real clients against the real surfaces: no network, no keys, no TLS.

mod agent;
mod async_openai;
mod each;
mod structured;
