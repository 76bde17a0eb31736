//! The arguments of a call as a stream spells them.

use crate::wire::Spacer;

/// Spells the arguments of one call as models do.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    spacer: Spacer,
    /// What is not sent yet.
    text: String,
    sent: bool,
    /// Nothing is spaced or left out.
    is_raw: bool,
}

impl Arguments {
    pub(super) fn new(is_raw: bool) -> Self {
        Self { is_raw, ..Self::default() }
    }

    /// Takes a piece, and hands what is ready to be sent to `send`. The brace that opens arguments
    /// never comes alone, and without any argument nothing comes at all.
    pub(super) fn push(&mut self, piece: &str, send: impl FnOnce(&str)) {
        if self.is_raw {
            return send(piece);
        }
        self.spacer.push(piece, &mut self.text);
        self.sent |= !matches!(self.text.as_str(), "" | "{" | "{}");
        if self.sent && !self.text.is_empty() {
            send(&self.text);
            self.text.clear();
        }
    }
}
