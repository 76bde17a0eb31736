//! The common form of a chat completion, read in one go.
//!
//! Nearly every request has messages that are a role and a text, and scalars beside them. To read
//! that with serde costs as much as the rest of an answer. What is unusual in any way, or wrong,
//! is left to serde: [`scan`] returns `None`, and may do so whenever it likes.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::request::{CreateChatCompletion, Messages, Word};
use crate::request::{Message, Role};
use crate::wire::{find_special, find_special_in_short};

/// What serde would read, or `None`. The bytes must be UTF-8.
pub(super) fn scan(body: &Bytes) -> Option<CreateChatCompletion<'_>> {
    let mut chat = CreateChatCompletion::default();
    let mut scanner = Scanner { text: body, at: 0 };
    scanner.expect(b'{')?;
    loop {
        let key = scanner.plain_string()?;
        scanner.expect(b':')?;
        match key {
            b"messages" => {
                once(&mut chat.messages, Messages::Plain(messages(&mut scanner, body)?))?;
            }
            b"model" => once(&mut chat.model, scanner.plain_text()?)?,
            b"max_completion_tokens" => once(&mut chat.max_completion_tokens, scanner.integer()?)?,
            b"max_tokens" => once(&mut chat.max_tokens, scanner.integer()?)?,
            b"n" => once(&mut chat.n, scanner.integer()?)?,
            b"seed" => once(&mut chat.seed, scanner.integer()?)?,
            b"stream" => once(&mut chat.stream, scanner.boolean()?)?,
            b"temperature" => once(&mut chat.temperature, scanner.decimal()?)?,
            b"top_p" => once(&mut chat.top_p, scanner.decimal()?)?,
            b"logprobs" => once(&mut chat.logprobs, scanner.boolean()?)?,
            b"top_logprobs" => once(&mut chat.top_logprobs, scanner.scalar()?)?,
            b"reasoning_effort" => once(&mut chat.reasoning_effort, scanner.word()?)?,
            b"service_tier" => once(&mut chat.service_tier, scanner.word()?)?,
            // Seen by nobody.
            b"frequency_penalty" | b"presence_penalty" | b"store" => {
                scanner.scalar::<IgnoredAny>()?;
            }
            b"user" => {
                scanner.plain_string()?;
            }
            _ => return None,
        }
        match scanner.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    scanner.next().is_none().then_some(chat)
}

fn messages(scanner: &mut Scanner<'_>, body: &Bytes) -> Option<Vec<Message>> {
    let mut messages = Vec::with_capacity(4);
    scanner.expect(b'[')?;
    loop {
        let (role, Text { place, is_plain }) = message(scanner)?;
        let json = body.slice(place);
        messages.push(match is_plain {
            true => Message::of_plain_json(role, json),
            false => Message::of_json_text(role, json),
        });
        match scanner.next()? {
            b',' => {}
            b']' => return Some(messages),
            _ => return None,
        }
    }
}

/// Where a text stands, its quotes included.
struct Text {
    place: Range<usize>,
    /// Whether nothing in it is escaped.
    is_plain: bool,
}

/// Who speaks, and what.
fn message(scanner: &mut Scanner<'_>) -> Option<(Role, Text)> {
    // As nearly every client writes it.
    if let Some(role) = scanner.usual_head() {
        let content = scanner.json_string()?;
        return (scanner.next()? == b'}').then_some((role, content));
    }
    let (mut role, mut content) = (None, None);
    scanner.expect(b'{')?;
    loop {
        let key = scanner.plain_string()?;
        scanner.expect(b':')?;
        match key {
            b"role" => once(&mut role, role_of(scanner.plain_string()?)?)?,
            b"content" => once(&mut content, scanner.json_string()?)?,
            _ => return None,
        }
        match scanner.next()? {
            b',' => {}
            b'}' => return Some((role?, content?)),
            _ => return None,
        }
    }
}

/// Whoever speaks without an id or a name.
fn role_of(name: &[u8]) -> Option<Role> {
    match name {
        b"assistant" => Some(Role::Assistant),
        b"developer" | b"system" => Some(Role::System),
        b"user" => Some(Role::User),
        _ => None,
    }
}

/// Sets a field; what is there twice is unusual.
fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.replace(value).is_none().then_some(())
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        // Most clients write no white space.
        if self.text.get(self.at) == Some(&byte) {
            self.at += 1;
            return Some(());
        }
        (self.next()? == byte).then_some(())
    }

    /// A message up to its content, when it begins with its role and without white space.
    fn usual_head(&mut self) -> Option<Role> {
        let rest = self.text.get(self.at..)?.strip_prefix(b"{\"role\":\"")?;
        let (role, name): (_, &[u8]) = match rest.first()? {
            b'a' => (Role::Assistant, b"assistant\",\"content\":"),
            b's' => (Role::System, b"system\",\"content\":"),
            b'u' => (Role::User, b"user\",\"content\":"),
            _ => return None,
        };
        let rest = rest.strip_prefix(name)?;
        self.at = self.text.len() - rest.len();
        // What comes next may be an array of parts: then the slow way will say so.
        Some(role)
    }

    /// What stands between the quotes of a string without escapes.
    fn plain_string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let rest = self.text.get(self.at..)?;
        let length = find_special_in_short(rest)?;
        self.at += length + 1;
        (rest[length] == b'"').then(|| &rest[..length])
    }

    fn plain_text(&mut self) -> Option<String> {
        String::from_utf8(self.plain_string()?.to_vec()).ok()
    }

    fn word(&mut self) -> Option<Word<'a>> {
        let word = std::str::from_utf8(self.plain_string()?).ok()?;
        Some(Word(Cow::Borrowed(word)))
    }

    /// Where a string stands, with its quotes and its escapes, of which `\u` is left to serde.
    fn json_string(&mut self) -> Option<Text> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let mut has_escapes = false;
        loop {
            self.at += find_special(&self.text[self.at..])?;
            match self.text[self.at..] {
                [b'"', ..] => break,
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => {
                    has_escapes = true;
                    self.at += 2;
                }
                _ => return None,
            }
        }
        self.at += 1;
        let json = &self.text[start..self.at];
        // An escaped backslash may stand before a `u`, which serde's way takes for one of these.
        let text = Text { place: start..self.at, is_plain: !has_escapes };
        (!has_escapes || memchr::memmem::find(json, b"\\u").is_none()).then_some(text)
    }

    fn boolean(&mut self) -> Option<bool> {
        let first = self.next()?;
        let rest = &self.text[self.at..];
        let (value, tail): (_, &[u8]) =
            if first == b't' { (true, b"rue") } else { (false, b"alse") };
        if !matches!(first, b't' | b'f') || !rest.starts_with(tail) {
            return None;
        }
        self.at += tail.len();
        Some(value)
    }

    /// A whole number, if it is one that nothing can be wrong with.
    fn integer(&mut self) -> Option<i64> {
        let rest = self.text.get(self.at..)?;
        let length = rest.iter().take(19).take_while(|byte| byte.is_ascii_digit()).count();
        if !matches!((rest, length), ([b'1'..=b'9', ..], ..=18) | (_, 1))
            || !matches!(rest.get(length)?, b',' | b'}')
        {
            return self.scalar();
        }
        self.at += length;
        Some(rest[..length].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    }

    /// A number, most often one like `0.7`.
    fn decimal(&mut self) -> Option<f64> {
        if let [units @ b'0'..=b'9', b'.', tenths @ b'0'..=b'9', b',' | b'}', ..] =
            self.text[self.at..]
        {
            self.at += 3;
            return Some(f64::from((units - b'0') * 10 + (tenths - b'0')) / 10.0);
        }
        self.scalar()
    }

    /// A number or `true` or `false`.
    fn scalar<T: DeserializeOwned>(&mut self) -> Option<T> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
        self.at += length;
        serde_json::from_slice(&rest[..length]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Call, Operation};
    use crate::util::rng::Rng;

    /// A request of random tokens: mostly right, some unusual, some wrong.
    fn random(rng: &mut Rng) -> String {
        const STRINGS: [&str; 14] = [
            "\"\"",
            "\"plain\"",
            "\"a longer text than fits in one block: é 👋, and a newline:\\n and so on and on\"",
            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
            "\"\\\\u0041\"",
            "\"\\u00e9\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"raw \n newline\"",
            "\"open",
            "null",
            "[{\"type\":\"text\",\"text\":\"part\"}]",
            "7",
            "\"tab\\t in the middle of more than thirty-two bytes \\\\\"",
        ];
        const SCALARS: [&str; 14] = [
            "0",
            "1",
            "-1",
            "0.7",
            "1e3",
            "-0",
            "01",
            "1.",
            "true",
            "false",
            "null",
            " 12 ",
            "[]",
            "18446744073709551616",
        ];
        const KEYS: [&str; 18] = [
            "model",
            "max_completion_tokens",
            "max_tokens",
            "n",
            "seed",
            "stream",
            "temperature",
            "top_p",
            "logprobs",
            "top_logprobs",
            "service_tier",
            "frequency_penalty",
            "user",
            "store",
            "stop",
            "tools",
            "unknown",
            "reasoning_effort",
        ];
        const ROLES: [&str; 8] = [
            "user",
            "assistant",
            "system",
            "developer",
            "tool",
            "function",
            "nobody",
            "us\\u0065r",
        ];
        let mut pick = |all: &'static [&'static str], usual: u64| {
            let among = if rng.below(6) > 0 { usual } else { all.len() as u64 };
            (all[rng.below(among) as usize], rng.below(8))
        };
        let mut fields = Vec::new();
        for _ in 0..pick(&KEYS, 18).1 {
            let (key, chance) = pick(&KEYS, 13);
            let value = match key {
                "model" | "user" | "stop" | "reasoning_effort" | "service_tier" if chance > 0 => {
                    pick(&STRINGS, 3).0
                }
                "stream" | "store" | "logprobs" if chance > 0 => {
                    ["true", "false"][chance as usize % 2]
                }
                _ => pick(&SCALARS, 4).0,
            };
            fields.push(format!("\"{key}\":{value}"));
        }
        let mut messages = Vec::new();
        for _ in 0..pick(&ROLES, 1).1 {
            let (role, chance) = pick(&ROLES, 4);
            let content = pick(&STRINGS, 4).0;
            messages.push(match chance {
                0 => format!("{{\"content\" : {content},\r\n\t\"role\":\"{role}\"}}"),
                1 if content.len() % 5 == 0 => {
                    format!("{{\"role\":\"{role}\",\"name\":{content}}}")
                }
                2 if content.len() % 5 == 1 => format!("{{\"role\":\"{role}\",\"role\":\"user\"}}"),
                _ => format!("{{\"role\":\"{role}\",\"content\":{content}}}"),
            });
        }
        fields.insert(fields.len() / 2, format!("\"messages\": [{}]", messages.join(",")));
        let mut text = format!("{{{}}}", fields.join(","));
        let mut at = rng.below(text.len() as u64) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        match rng.below(16) {
            0 => text.truncate(at),
            1 => text.insert(at, ','),
            2 => text.push_str(" \n"),
            3 => text.push('x'),
            _ => {}
        }
        text
    }

    #[test]
    fn what_is_scanned_is_what_serde_reads() {
        let mut rng = Rng::new(20_261_121);
        let mut scanned = 0;
        for _ in 0..20_000 {
            let body = Bytes::from(random(&mut rng));
            let Some(chat) = scan(&body) else { continue };
            scanned += 1;
            let read: CreateChatCompletion<'_> = serde_json::from_slice(&body)
                .unwrap_or_else(|error| panic!("{error}: {}", body.escape_ascii()));
            let understood = |chat: CreateChatCompletion<'_>| {
                let checked = chat.check(|| true);
                let request = chat.into_request(Call::new(Operation::Chat), &body);
                format!("{checked:?} {request:?}")
            };
            assert_eq!(understood(chat), understood(read), "{}", body.escape_ascii());
        }
        assert!(scanned > 2_000, "only {scanned} had the common form");
    }
}
