//! One choice of a stream, as far as it was said.

use super::chunks::DeltaFrame;
use crate::provider::Entropy;
use crate::provider::openai::completion::{Function, ToolCall};
use crate::provider::openai::extra::{Annotation, annotations};
use crate::provider::openai::identity::of_choice;
use crate::reply::{Reply, ToolDeltas};

/// A stream holds it for as long as it waits for its next token, so it is small.
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
    rare: Option<Box<Rare>>,
}

/// What few choices have.
#[derive(Debug, Default)]
struct Rare {
    cut: ToolDeltas,
    annotations: Vec<Annotation<'static>>,
    /// Bytes said of the content and of the refusal, where log-probabilities are wanted.
    said: [usize; 2],
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
        let cut = reply.how_tool_calls_are_cut();
        let annotations: Vec<_> =
            annotations(reply).into_iter().map(Annotation::into_owned).collect();
        let is_rare = cut != ToolDeltas::default() || !annotations.is_empty();
        Self {
            index,
            part: Part::None,
            delta: None,
            has_role: false,
            has_tools: false,
            has_audio: false,
            entropy: of_choice(entropy, index),
            rare: is_rare.then(|| Box::new(Rare { cut, annotations, ..Rare::default() })),
        }
    }

    pub(super) fn annotations(&self) -> &[Annotation<'static>] {
        self.rare.as_ref().map_or(&[], |rare| &rare.annotations)
    }

    /// So many bytes of the content or of the refusal were said before these.
    pub(super) fn say(&mut self, is_refusal: bool, bytes: usize) -> usize {
        let said = &mut self.rare.get_or_insert_default().said[usize::from(is_refusal)];
        *said += bytes;
        *said - bytes
    }

    /// Remembers a call, if its fragments or those of others need it.
    pub(super) fn begin(&mut self, part: usize, id: &str) {
        if let Some(rare) = &mut self.rare
            && rare.cut != ToolDeltas::default()
        {
            rare.calls.push((part, id.to_owned()));
        }
    }

    /// Goes on with a call that was begun before.
    pub(super) fn resume(&mut self, part: usize) {
        let calls = self.rare.as_ref().map_or(&[][..], |rare| &rare.calls);
        if let Some(call) = calls.iter().position(|(begun, _)| *begun == part) {
            self.part = Part::ToolCall(call);
            self.delta = None;
        }
    }

    pub(super) fn call_index(&self, call: usize) -> Option<usize> {
        let no_index = self.rare.as_ref().is_some_and(|rare| rare.cut.no_index);
        (!no_index).then_some(call)
    }

    /// A piece of the arguments of `call`.
    pub(super) fn fragment<'a>(&'a self, call: usize, arguments: &'a str) -> ToolCall<'a> {
        let rare = self.rare.as_ref();
        let id = rare.filter(|it| it.cut.id_in_each).and_then(|it| it.calls.get(call));
        let empty_names = rare.is_some_and(|it| it.cut.empty_names);
        ToolCall {
            index: self.call_index(call),
            id: id.map(|(_, id)| id.as_str()),
            r#type: None,
            function: Function { name: empty_names.then_some(""), arguments },
        }
    }
}
