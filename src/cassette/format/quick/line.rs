//! A line, by where its fields stand.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;

use super::super::{INTERRUPTED, WHOLE};
use crate::cassette::canon::{Keyer, Question};
use crate::cassette::indent::{indented, minified};
use crate::cassette::redact::Pointer;
use crate::cassette::scan::{Kind, Node, scan, unescape};
use crate::cassette::stamp::Stamp;
use crate::util::base64::from_base64;

/// A line whose fields are those of a line.
pub(super) struct Line<'a> {
    pub(super) what: What,
    text: &'a str,
    nodes: &'a [Node],
    /// Where the value of each field stands; nowhere at 0.
    places: [u32; FIELDS.len()],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    End,
    File,
    Frame,
    Request,
    Response,
}

const FIELDS: [&str; 11] = [
    "us", "frame", "end", "why", "response", "headers", "request", "provider", "body", "cassette",
    "recorded",
];
const US: usize = 0;
const FRAME: usize = 1;
const END: usize = 2;
const WHY: usize = 3;
const RESPONSE: usize = 4;
const HEADERS: usize = 5;
const REQUEST: usize = 6;
const PROVIDER: usize = 7;
const BODY: usize = 8;
const CASSETTE: usize = 9;
const RECORDED: usize = 10;

impl<'a> Line<'a> {
    pub(super) fn of(text: &'a str, nodes: &'a mut Vec<Node>) -> Option<Self> {
        scan(text, nodes)?;
        Self::scanned(text, nodes)
    }

    /// `None` if it has other fields than one that is written.
    pub(super) fn scanned(text: &'a str, nodes: &'a [Node]) -> Option<Self> {
        let mut places = [0; FIELDS.len()];
        let mut known = 0_u32;
        let whole = nodes.first().filter(|node| node.kind == Kind::Object)?;
        let mut name = 1;
        while name < whole.next {
            let Node { start, end, kind, .. } = nodes[name as usize];
            let is = |field: &&str| *field == &text[start as usize..end as usize];
            let field = FIELDS.iter().position(is).filter(|_| kind == Kind::Text)?;
            // Twice is once too often.
            (places[field] == 0).then_some(())?;
            places[field] = name + 1;
            known |= 1 << field;
            name = nodes[name as usize + 1].next;
        }
        const _: () = assert!(FIELDS.len() < 32);
        let is = |fields: &[usize]| known == fields.iter().fold(0, |all, field| all | 1 << field);
        let what = match () {
            () if is(&[US, FRAME]) => What::Frame,
            () if is(&[END]) || is(&[END, WHY]) => What::End,
            () if is(&[RESPONSE, US, HEADERS]) => What::Response,
            () if is(&[REQUEST, PROVIDER, HEADERS, BODY]) => What::Request,
            () if is(&[REQUEST, PROVIDER, RECORDED, HEADERS, BODY]) => What::Request,
            () if is(&[CASSETTE]) => What::File,
            () => return None,
        };
        Some(Self { what, text, nodes, places })
    }

    pub(super) fn version(&self) -> Option<u64> {
        self.number(CASSETTE)
    }

    pub(super) fn after(&self) -> Option<u64> {
        self.number(US)
    }

    pub(super) fn has_response(&self) -> bool {
        self.after().is_some() && self.status().is_some() && self.has_headers()
    }

    pub(super) fn status(&self) -> Option<u16> {
        let status = u16::try_from(self.number(RESPONSE)?).ok()?;
        StatusCode::from_u16(status).ok().map(|_| status)
    }

    pub(super) fn has_frame(&self) -> bool {
        self.after().is_some() && self.is_said(self.places[FRAME])
    }

    pub(super) fn frame(&self, file: &Bytes) -> Option<Bytes> {
        self.said(self.places[FRAME], file)
    }

    pub(super) fn is_end(&self, end: &str) -> bool {
        self.plain(self.places[END]) == Some(end)
    }

    /// Whether it ends what was interrupted.
    pub(super) fn interrupted(&self) -> Option<bool> {
        if self.places[WHY] != 0 {
            self.meant(self.places[WHY])?;
        }
        match self.plain(self.places[END])? {
            INTERRUPTED => Some(true),
            WHOLE => Some(false),
            _ => None,
        }
    }

    pub(super) fn why(&self) -> Option<Option<String>> {
        Some(match (self.interrupted()?, self.places[WHY]) {
            (false, _) => None,
            (true, 0) => Some(String::new()),
            (true, why) => Some(self.meant(why)?.into_owned()),
        })
    }

    /// The method and the URL.
    pub(super) fn request(&self) -> Option<(&'a str, &'a str)> {
        self.plain(self.places[REQUEST])?.split_once(' ')
    }

    pub(super) fn provider(&self) -> Option<&'a str> {
        self.plain(self.places[PROVIDER])
    }

    pub(super) fn headers(&self) -> Option<Vec<(String, String)>> {
        let owned = |at| self.meant(at).map(Cow::into_owned);
        self.pairs()
            .map(|pair| pair.and_then(|(name, value)| Some((owned(name)?, owned(value)?))))
            .collect()
    }

    fn has_headers(&self) -> bool {
        self.nodes[self.places[HEADERS] as usize].kind == Kind::Array
            && self.pairs().all(|pair| pair.is_some())
    }

    /// Of each header the name and the value, if they are texts.
    fn pairs(&self) -> impl Iterator<Item = Option<(u32, u32)>> {
        self.elements(self.places[HEADERS]).map(|pair| {
            let mut texts = self.elements(pair);
            let [name, value] = [texts.next()?, texts.next()?];
            let is_pair = self.nodes[pair as usize].kind == Kind::Array && texts.next().is_none();
            (is_pair && self.is_meant(name) && self.is_meant(value)).then_some((name, value))
        })
    }

    /// What is said of the recording itself.
    pub(super) fn recorded(&self) -> Option<Option<Stamp>> {
        let owned = |at| self.meant(at).map(Cow::into_owned);
        Some(match self.stamp()? {
            None => None,
            Some([at, by, 0]) => Some(Stamp { at: owned(at)?, by: owned(by)?, model: None }),
            Some([at, by, model]) => {
                Some(Stamp { at: owned(at)?, by: owned(by)?, model: Some(owned(model)?) })
            }
        })
    }

    /// Where its texts stand, if there is one; nowhere at 0.
    fn stamp(&self) -> Option<Option<[u32; 3]>> {
        const NAMES: [&str; 3] = ["at", "by", "model"];
        let place = self.places[RECORDED];
        if place == 0 {
            return Some(None);
        }
        let stamp = self.nodes[place as usize];
        (stamp.kind == Kind::Object).then_some(())?;
        let mut texts = [0; NAMES.len()];
        let mut name = place + 1;
        while name < stamp.next {
            let text = name + 1;
            let field = self.plain(name)?;
            let field = NAMES.iter().position(|known| *known == field)?;
            (texts[field] == 0 && self.is_meant(text)).then_some(())?;
            texts[field] = text;
            name = self.nodes[text as usize].next;
        }
        (texts[0] != 0 && texts[1] != 0).then_some(Some(texts))
    }

    pub(super) fn body(&self, file: &Bytes) -> Option<Bytes> {
        self.said(self.places[BODY], file)
    }

    pub(super) fn key(&self, keyer: &mut Keyer, ignored: &[Pointer]) -> Option<u128> {
        self.has_headers().then_some(())?;
        self.stamp()?;
        let (method, url) = self.request()?;
        let is_content_type = |pair: &Option<(u32, u32)>| {
            pair.is_some_and(|(name, _)| self.plain(name) == Some("content-type"))
        };
        let content_type = match self.pairs().find(is_content_type).flatten() {
            Some((_, value)) => Some(self.meant(value)?),
            None => None,
        };
        let content_type = content_type.as_deref();
        let question =
            Question { provider: self.provider()?, method, url, content_type, body: b"" };
        let body = self.places[BODY];
        if let Some(json) = self.marked(body, "json") {
            let question = Question { body: self.raw(json).as_bytes(), ..question };
            let place = (self.text, self.nodes, json as usize);
            return Some(question.key_of_node(keyer, place, ignored));
        }
        let mut bytes = Vec::new();
        self.say(body, &mut bytes)?;
        Some(Question { body: &bytes, ..question }.key(keyer, ignored))
    }

    fn elements(&self, at: u32) -> impl Iterator<Item = u32> {
        let array = self.nodes[at as usize];
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let element = next;
            next = self.nodes.get(element as usize).filter(|_| element < array.next)?.next;
            Some(element)
        })
    }

    fn number(&self, field: usize) -> Option<u64> {
        let node = self.nodes[self.places[field] as usize];
        let digits = &self.text[node.start as usize..node.end as usize];
        let is_plain =
            node.kind == Kind::Number && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_plain)
    }

    /// A text without escapes.
    fn plain(&self, at: u32) -> Option<&'a str> {
        let Node { kind, start, end, .. } = self.nodes[at as usize];
        (kind == Kind::Text).then(|| &self.text[start as usize..end as usize])
    }

    fn is_meant(&self, at: u32) -> bool {
        matches!(self.nodes[at as usize].kind, Kind::Text | Kind::Escaped)
    }

    fn meant(&self, at: u32) -> Option<Cow<'a, str>> {
        if let Some(plain) = self.plain(at) {
            return Some(plain.into());
        }
        let mut text = Vec::new();
        self.is_meant(at).then(|| unescape(self.inner(at).as_bytes(), &mut text))?;
        String::from_utf8(text).ok().map(Cow::Owned)
    }

    /// What stands between quotes, or all of what is no text.
    fn inner(&self, at: u32) -> &'a str {
        let Node { start, end, .. } = self.nodes[at as usize];
        &self.text[start as usize..end as usize]
    }

    /// With its quotes.
    fn raw(&self, at: u32) -> &'a str {
        let Node { start, end, .. } = self.nodes[at as usize];
        let quote = usize::from(self.is_meant(at));
        &self.text[start as usize - quote..end as usize + quote]
    }

    /// What is in an object of this one field, unless it is null.
    fn marked(&self, at: u32, mark: &str) -> Option<u32> {
        let object = self.nodes[at as usize];
        let is_one = object.kind == Kind::Object
            && object.next > at + 1
            && self.nodes[at as usize + 2].next == object.next
            && self.nodes[at as usize + 2].kind != Kind::Null;
        (is_one && self.plain(at + 1) == Some(mark)).then_some(at + 2)
    }

    /// Whether this is what [`text`](crate::cassette::text) writes.
    fn is_said(&self, at: u32) -> bool {
        if self.nodes[at as usize].kind == Kind::Array {
            return self.elements(at).all(|piece| self.is_piece(piece));
        }
        self.is_piece(at)
    }

    fn is_piece(&self, at: u32) -> bool {
        let is_base64 =
            |text| self.plain(text).is_some_and(|text| from_base64(text.as_bytes()).is_some());
        self.is_meant(at)
            || self.marked(at, "json").is_some()
            || self.marked(at, "indented").is_some()
            || self.marked(at, "base64").is_some_and(is_base64)
    }

    /// What it says: where it can be, as a part of the file.
    fn said(&self, at: u32, file: &Bytes) -> Option<Bytes> {
        let part = self.plain(at).or_else(|| self.marked(at, "json").map(|json| self.raw(json)));
        if let Some(part) = part {
            return Some(file.slice_ref(part.as_bytes()));
        }
        let mut bytes = Vec::new();
        self.say(at, &mut bytes)?;
        Some(bytes.into())
    }

    fn say(&self, at: u32, bytes: &mut Vec<u8>) -> Option<()> {
        if self.nodes[at as usize].kind == Kind::Array {
            return self.elements(at).try_for_each(|piece| self.say_piece(piece, bytes));
        }
        self.say_piece(at, bytes)
    }

    fn say_piece(&self, at: u32, bytes: &mut Vec<u8>) -> Option<()> {
        if let Some(text) = self.meant(at) {
            bytes.extend_from_slice(text.as_bytes());
        } else if let Some(json) = self.marked(at, "json") {
            bytes.extend_from_slice(self.raw(json).as_bytes());
        } else if let Some(json) = self.marked(at, "indented") {
            bytes.extend_from_slice(indented(&minified(self.raw(json)))?.as_bytes());
        } else {
            let text = self.plain(self.marked(at, "base64")?)?;
            bytes.extend(from_base64(text.as_bytes())?);
        }
        Some(())
    }
}
