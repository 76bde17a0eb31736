//! An answer of a vendor's own, put together in neutral words.

use serde_json::{Map, Value};

use crate::reply::{Finish, Part, Reasoning, Reply, Text, ToolCall, Usage};

/// What was heard so far.
#[derive(Debug, Default)]
pub(super) struct Decoding {
    pieces: Vec<Piece>,
    pub(super) finish: Option<Finish>,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug)]
enum Piece {
    Reasoning(String),
    Refusal(String),
    Text(String),
    Call { index: u64, name: String, arguments: String },
}

impl Decoding {
    /// Goes on with a text, or begins one.
    pub(super) fn text(&mut self, more: &str) {
        match self.pieces.last_mut() {
            _ if more.is_empty() => {}
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Text(more.to_owned())),
        }
    }

    /// Ends a text: what comes next is another one.
    pub(super) fn break_text(&mut self) {
        if let Some(Piece::Text(_)) = self.pieces.last() {
            self.pieces.push(Piece::Text(String::new()));
        }
    }

    pub(super) fn reasoning(&mut self, more: &str) {
        match self.pieces.last_mut() {
            _ if more.is_empty() => {}
            Some(Piece::Reasoning(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Reasoning(more.to_owned())),
        }
    }

    pub(super) fn refusal(&mut self, more: &str) {
        match self.pieces.last_mut() {
            _ if more.is_empty() => {}
            Some(Piece::Refusal(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Refusal(more.to_owned())),
        }
    }

    /// Goes on with the call of this number, or begins it.
    pub(super) fn call(&mut self, number: u64, name: &str, more: &str) {
        let known = self.pieces.iter_mut().rev().find_map(|piece| match piece {
            Piece::Call { index, name, arguments } if *index == number => Some((name, arguments)),
            _ => None,
        });
        match known {
            Some((known, arguments)) => {
                known.push_str(name);
                arguments.push_str(more);
            }
            None => self.pieces.push(Piece::Call {
                index: number,
                name: name.to_owned(),
                arguments: more.to_owned(),
            }),
        }
    }

    /// How many calls there are.
    pub(super) fn calls(&self) -> u64 {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Call { .. })).count() as u64
    }

    pub(super) fn reply(self) -> Reply {
        let parts = self.pieces.into_iter().filter_map(|piece| match piece {
            Piece::Text(text) if text.is_empty() => None,
            Piece::Text(text) => Some(Part::Text(Text::new(text))),
            Piece::Reasoning(text) => Some(Part::Reasoning(Reasoning::new(text))),
            Piece::Refusal(text) => Some(Part::Refusal(text)),
            Piece::Call { name, arguments, .. } => Some(Part::ToolCall(call(name, &arguments))),
        });
        let reply = parts.fold(Reply::empty(), Reply::part);
        let reply = match self.finish {
            Some(finish) => reply.finish(finish),
            None => reply,
        };
        match self.usage {
            Some(usage) => reply.usage(usage),
            None => reply,
        }
    }
}

fn call(name: String, arguments: &str) -> ToolCall {
    // A call without arguments is written in either way.
    let object = if arguments.is_empty() { "{}" } else { arguments };
    match serde_json::from_str::<Map<String, Value>>(object) {
        // As it was written: a map keeps no order of fields.
        Ok(_) => match serde_json::value::RawValue::from_string(object.to_owned()) {
            Ok(raw) => ToolCall::new(name, raw),
            Err(_) => ToolCall::with_raw_arguments(name, object),
        },
        Err(_) => ToolCall::with_raw_arguments(name, object),
    }
}
