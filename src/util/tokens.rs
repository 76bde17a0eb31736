//! Where a text may be cut, and how many tokens it is reckoned at.

/// How a streamed text is cut into chunks. Every cut falls between two whole characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunking {
    /// Chunks of this many characters (at least one).
    Chars(usize),
    /// Pieces such as a tokenizer makes: a word with its leading space, up to three digits or
    /// marks of punctuation. The default.
    #[default]
    Tokens,
    /// A word with the white space before it.
    Words,
}

impl Chunking {
    /// How many tokens a chunk is that was cut so.
    pub(crate) fn tokens_in(self, chunk: &str) -> u64 {
        match self {
            Self::Tokens => 1,
            Self::Chars(_) | Self::Words => count(chunk),
        }
    }

    /// The length in bytes of the first chunk of `text`; zero only when `text` is empty.
    pub(crate) fn first(self, text: &str) -> usize {
        match self {
            Self::Chars(n) => {
                text.char_indices().nth(n.max(1)).map_or(text.len(), |(index, _)| index)
            }
            Self::Tokens => token(text.as_bytes()),
            Self::Words => {
                let word = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
                text[word..].find(char::is_whitespace).map_or(text.len(), |length| word + length)
            }
        }
    }
}

/// The number of tokens that [`Chunking::Tokens`] cuts `text` into.
pub(crate) fn count(text: &str) -> u64 {
    let mut rest = text.as_bytes();
    let mut count = 0;
    while !rest.is_empty() {
        rest = &rest[token(rest)..];
        count += 1;
    }
    count
}

/// The length in bytes of the first `most` tokens of `text`, and how many there are.
pub(crate) fn prefix(text: &str, most: u64) -> (usize, u64) {
    let (mut length, mut count) = (0, 0);
    while count < most && length < text.len() {
        length += token(&text.as_bytes()[length..]);
        count += 1;
    }
    (length, count)
}

/// Tokens in `bytes` bytes of prompt: one for every four, as the vendors' rule of thumb has it.
pub(crate) fn estimate(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

/// The longest run of letters that stays in one token.
const LONGEST_WORD: usize = 12;

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Digit,
    Letter,
    Mark,
    Space,
    Wide,
}

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => Class::Digit,
            b'A'..=b'Z' | b'a'..=b'z' => Class::Letter,
            b' ' | b'\t' | b'\n' | b'\r' => Class::Space,
            0x80.. => Class::Wide,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes
};

fn token(text: &[u8]) -> usize {
    let run = |from: usize, class_of_run: Class, most: usize| {
        let rest = &text[from..];
        let rest = &rest[..rest.len().min(most)];
        let end = rest.iter().position(|byte| class(*byte) != class_of_run);
        from + end.unwrap_or(rest.len())
    };
    let Some(first) = text.first() else { return 0 };
    let start = usize::from(*first == b' ');
    match text.get(start).map(|byte| class(*byte)) {
        None => start,
        Some(Class::Digit) => run(start, Class::Digit, 3),
        Some(Class::Letter) => run(start, Class::Letter, LONGEST_WORD),
        Some(Class::Mark) => run(start, Class::Mark, 3),
        Some(Class::Space) => run(0, Class::Space, usize::MAX),
        // One character: its first byte and the continuation bytes after it.
        Some(Class::Wide) => {
            let rest = &text[start + 1..];
            start + 1 + rest.iter().take_while(|byte| (0x80..0xc0).contains(*byte)).count()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(by: Chunking, mut text: &str) -> Vec<&str> {
        let mut chunks = Vec::new();
        while !text.is_empty() {
            let (chunk, rest) = text.split_at(by.first(text));
            chunks.push(chunk);
            text = rest;
        }
        chunks
    }

    #[test]
    fn tokens_look_like_a_tokenizers() {
        assert_eq!(
            cut(Chunking::Tokens, "Hello, world! It is 12345.  \n Ünïcode 👋🏽"),
            [
                "Hello", ",", " world", "!", " It", " is", " 123", "45", ".", "  \n ", "Ü", "n",
                "ï", "code", " 👋", "🏽"
            ]
        );
        assert_eq!(count("Hello, world! It"), 5);
    }

    /// Nothing behind its end decides where a token ends: who was told that a piece is one need not
    /// look.
    #[test]
    fn a_token_by_itself_is_one() {
        let text = "  a Straße, 東京 and\n\n \n👩‍👩‍👧 incomprehensibilities 3.14159 \"}] \t x  ";
        for start in text.char_indices().map(|(at, _)| at) {
            for piece in cut(Chunking::Tokens, &text[start..]) {
                assert_eq!(count(piece), 1, "{piece:?}");
                assert_eq!(Chunking::Tokens.tokens_in(piece), 1);
            }
        }
    }

    #[test]
    fn every_way_of_cutting_keeps_the_text_whole() {
        let text = "  a Straße, 東京 and\n\n👩‍👩‍👧 incomprehensibilities 3.14159 ";
        for by in [Chunking::Tokens, Chunking::Words, Chunking::Chars(1), Chunking::Chars(7)] {
            assert_eq!(cut(by, text).concat(), text);
            assert!(cut(by, text).iter().all(|chunk| !chunk.is_empty()));
        }
        assert_eq!(cut(Chunking::Words, "a  b c"), ["a", "  b", " c"]);
        assert_eq!(cut(Chunking::Chars(2), "héé!"), ["hé", "é!"]);
        assert_eq!(cut(Chunking::Chars(0), "ab"), ["a", "b"]);
    }
}
