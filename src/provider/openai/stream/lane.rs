//! One choice of a stream, as far as it was said.

use super::chunks::DeltaFrame;
use crate::provider::Entropy;
use crate::provider::openai::completion::{Function, ToolCall};
use crate::provider::openai::extra::{Annotation, annotations};
use crate::provider::openai::identity::of_choice;
use crate::reply::{Reply, ToolDeltas};

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) part: Part,
    /// For deltas of the part that is open; made when its first delta comes.
    pub(super) delta: Option<DeltaFrame>,
    pub(super) has_role: bool,
    pub(super) has_tools: bool,
    pub(super) has_audio: bool,
    pub(super) entropy: Entropy,
    pub(super) cut: ToolDeltas,
    pub(super) annotations: Vec<Annotation<'static>>,
    /// Bytes said of the content and of the refusal, where log-probabilities are wanted.
    pub(super) said: [usize; 2],
    /// The part and the id of each call, where calls are cut in another way than the vendor's.
    calls: Vec<(usize, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    None,
    Audio,
    Refusal,
    Text,
    ToolCall(usize),
}

impl Lane {
    pub(super) fn new(index: usize, reply: &Reply, entropy: Entropy) -> Self {
        Self {
            index,
            part: Part::None,
            delta: None,
            has_role: false,
            has_tools: false,
            has_audio: false,
            entropy: of_choice(entropy, index),
            cut: reply.how_tool_calls_are_cut(),
            annotations: annotations(reply).into_iter().map(Annotation::into_owned).collect(),
            said: [0; 2],
            calls: Vec::new(),
        }
    }

    /// Remembers a call, if its fragments or those of others need it.
    pub(super) fn begin(&mut self, part: usize, id: &str) {
        if self.cut != ToolDeltas::default() {
            self.calls.push((part, id.to_owned()));
        }
    }

    /// Goes on with a call that was begun before.
    pub(super) fn resume(&mut self, part: usize) {
        if let Some(call) = self.calls.iter().position(|(begun, _)| *begun == part) {
            self.part = Part::ToolCall(call);
            self.delta = None;
        }
    }

    pub(super) fn call_index(&self, call: usize) -> Option<usize> {
        (!self.cut.no_index).then_some(call)
    }

    /// A piece of the arguments of `call`.
    pub(super) fn fragment<'a>(&'a self, call: usize, arguments: &'a str) -> ToolCall<'a> {
        let id = self.calls.get(call).filter(|_| self.cut.id_in_each);
        ToolCall {
            index: self.call_index(call),
            id: id.map(|(_, id)| id.as_str()),
            r#type: None,
            function: Function { name: self.cut.empty_names.then_some(""), arguments },
        }
    }
}
