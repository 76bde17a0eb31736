//! The byte adversary: the same valid body in other pieces, or written otherwise.

use super::disrupt::Shape;
use crate::util::rng::Rng;

/// How a body is cut anew, and what is written otherwise in it: nothing that a client may notice
/// which reads its format right.
///
/// Each piece is an HTTP frame of its own. In process that is exact; over a connection each is
/// flushed by itself, and a reader that comes late may find several.
///
/// ```
/// use tower_mock_llm::Fault;
/// use tower_mock_llm::fault::Recut;
///
/// let fault = Fault::recut(Recut::in_characters().bom().comments());
/// assert_eq!(format!("{fault:?}"), "Fault::recut(Recut::in_characters().comments().bom())");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recut {
    pub(super) cut: Cut,
    /// A bit for each of [`WRITTEN`].
    written: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Adversary,
    Anywhere,
    Bytes,
    Frames,
    InCharacters,
    InLineEnds,
    Together,
}

pub(super) const COMMENTS: u8 = 1;
pub(super) const KEEP_ALIVES: u8 = 1 << 1;
pub(super) const BOM: u8 = 1 << 2;
pub(super) const CRLF: u8 = 1 << 3;
pub(super) const NO_LAST_BLANK_LINE: u8 = 1 << 4;

/// The words for each bit.
const WRITTEN: [(u8, &str); 5] = [
    (COMMENTS, "comments"),
    (KEEP_ALIVES, "keep_alives"),
    (BOM, "bom"),
    (CRLF, "crlf"),
    (NO_LAST_BLANK_LINE, "no_last_blank_line"),
];

impl Recut {
    /// In pieces of random size, from one byte to 64.
    pub const fn anywhere() -> Self {
        Self::cut(Cut::Anywhere)
    }

    /// One byte at a time.
    pub const fn bytes() -> Self {
        Self::cut(Cut::Bytes)
    }

    /// In frames, as ever: for what follows.
    pub const fn frames() -> Self {
        Self::cut(Cut::Frames)
    }

    /// Inside every character of more than one byte.
    pub const fn in_characters() -> Self {
        Self::cut(Cut::InCharacters)
    }

    /// Inside every line end of two bytes: between CR and LF, or between the LFs of a blank line.
    pub const fn in_line_ends() -> Self {
        Self::cut(Cut::InLineEnds)
    }

    /// Everything at once, when the last of it is due.
    pub const fn together() -> Self {
        Self::cut(Cut::Together)
    }

    /// All as the seed picks it, for each request: see [`Fault::adversary`](crate::Fault::adversary).
    /// It never leaves out the last blank line, since a strict reader loses the last event with it.
    pub(super) const fn adversary() -> Self {
        Self::cut(Cut::Adversary)
    }

    const fn cut(cut: Cut) -> Self {
        Self { cut, written: 0 }
    }

    /// With comments between events (`: comment`). Elsewhere nothing changes.
    #[must_use]
    pub const fn comments(self) -> Self {
        self.with(COMMENTS)
    }

    /// With keep-alives: empty comments between events, blank lines before JSON.
    #[must_use]
    pub const fn keep_alives(self) -> Self {
        self.with(KEEP_ALIVES)
    }

    /// With a byte order mark, which a stream of events may begin with; JSON may not, and few readers
    /// take it.
    #[must_use]
    pub const fn bom(self) -> Self {
        self.with(BOM)
    }

    /// With CRLF where there was LF. Gemini's events have it already.
    #[must_use]
    pub const fn crlf(self) -> Self {
        self.with(CRLF)
    }

    /// Without the line ends at the end. Of a stream of events that leaves the last one unfinished: a
    /// strict reader throws it away.
    #[must_use]
    pub const fn no_last_blank_line(self) -> Self {
        self.with(NO_LAST_BLANK_LINE)
    }

    const fn with(mut self, bit: u8) -> Self {
        self.written |= bit;
        self
    }

    /// The adversary's choice.
    pub(super) fn decided(self, shape: Shape, rng: &mut Rng) -> Self {
        if self.cut != Cut::Adversary {
            return self;
        }
        const CUTS: [Cut; 6] = [
            Cut::Anywhere,
            Cut::Anywhere,
            Cut::Bytes,
            Cut::InCharacters,
            Cut::InLineEnds,
            Cut::Together,
        ];
        let cut = CUTS[rng.below(CUTS.len() as u64) as usize];
        let mut written = rng.next() as u8 & !NO_LAST_BLANK_LINE;
        if shape != Shape::Events {
            written &= !BOM;
        }
        Self { cut, written }
    }

    /// Whether a reader of this format must find the same in it.
    pub(super) fn is_same(self) -> bool {
        self.written & NO_LAST_BLANK_LINE == 0
    }

    pub(super) fn has(self, bit: u8) -> bool {
        self.written & bit != 0
    }

    /// The one of this name, for the header: `bytes`, or `crlf` as the frames are.
    pub(super) fn named(self, word: &str) -> Option<Self> {
        let cut = CUTS.iter().find(|(_, name)| *name == word);
        match (cut, WRITTEN.iter().find(|(_, name)| *name == word)) {
            (Some((cut, _)), _) => Some(Self { cut: *cut, ..self }),
            (None, Some((bit, _))) => Some(self.with(*bit)),
            (None, None) => None,
        }
    }

    /// The words of which it is made, the cut first.
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        let cut = CUTS.iter().filter(move |(cut, _)| *cut == self.cut).map(|(_, name)| *name);
        cut.chain(WRITTEN.iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, name)| *name))
    }
}

/// The words for each way to cut that one can ask for.
const CUTS: [(Cut, &str); 6] = [
    (Cut::Frames, "frames"),
    (Cut::Anywhere, "anywhere"),
    (Cut::Bytes, "bytes"),
    (Cut::InCharacters, "in_characters"),
    (Cut::InLineEnds, "in_line_ends"),
    (Cut::Together, "together"),
];

impl std::fmt::Debug for Recut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recut::")?;
        for (at, word) in self.words().enumerate() {
            write!(f, "{}{word}()", if at == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}
