//! Spaces a JSON text that comes in pieces.

/// Turns the pieces of any JSON text into pieces of the same text as most models write it, with a
/// space after each colon and comma: what [`JsonStyle::SPACED`](super::JsonStyle::SPACED) makes of
/// the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spacer {
    in_string: bool,
    escaped: bool,
}

impl Spacer {
    /// Appends what becomes of `piece`, which may be nothing.
    pub(crate) fn push(&mut self, piece: &str, out: &mut String) {
        for letter in piece.chars() {
            if self.in_string {
                self.in_string = self.escaped || letter != '"';
                self.escaped = !self.escaped && letter == '\\';
                out.push(letter);
                continue;
            }
            match letter {
                ' ' | '\t' | '\r' | '\n' => {}
                ',' => out.push_str(", "),
                ':' => out.push_str(": "),
                _ => {
                    self.in_string = letter == '"';
                    out.push(letter);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::JsonStyle;

    #[test]
    fn however_it_is_cut_the_whole_is_respaced() {
        let json =
            "{ \"a:b,\" :[1,-2.5e3,\"q\\\"x\\\\\",\"é, 👋\"] ,\n\t\"c\":{\"d\":null,\"e\":{}}}";
        let whole = JsonStyle::SPACED.respace(json);
        for size in 1..json.chars().count() {
            let mut spacer = Spacer::default();
            let mut out = String::new();
            let letters: Vec<char> = json.chars().collect();
            for piece in letters.chunks(size) {
                spacer.push(&piece.iter().collect::<String>(), &mut out);
            }
            assert_eq!(out, whole, "in pieces of {size}");
        }
    }
}
