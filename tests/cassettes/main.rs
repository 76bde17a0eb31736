//! Cassettes: real traffic recorded and replayed, through every surface that records.
#![cfg(feature = "cassette")]

mod conversation;
mod files;
mod modes;
mod secrets;
mod upstream;
mod wire;
