//! Real clients against the real surfaces: no network, no keys, no TLS.

mod agent;
mod anthropic;
mod async_openai;
mod each;
mod embeddings;
mod faults;
mod openai_says;
mod recorded;
mod structured;
