//! The key of a request, from where its values stand: what [`canonical`](super::canonical) and
//! [`of_value`](super::hash::of_value) come to, without a tree.

use std::collections::HashMap;

use serde_json::Number;

use super::hash::{self, joined};
use super::usual::{self, Known, Usual};
use super::{CONVERSATIONS, IDS, LITERAL, TIMES, VOLATILE};
use crate::cassette::redact::Pointer;
use crate::cassette::scan::{Kind, Node, scan, unescape};

/// Makes keys, one after the other.
#[derive(Debug, Default)]
pub(in crate::cassette) struct Keyer {
    nodes: Vec<Node>,
    /// What is used again from one request to the next.
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    meant: Vec<u8>,
    /// Those of the objects that are being walked.
    fields: Vec<Field>,
    /// The ids of a conversation, numbered by where they come first.
    seen: HashMap<u128, usize>,
}

/// A field of an object that is being walked.
#[derive(Clone, Copy, Debug)]
struct Field {
    /// How its name begins, to be compared at once.
    start: u64,
    /// The place of its name. Its value is the next node.
    name: u32,
}

impl Keyer {
    /// `None` for what is no JSON, and for what is too odd: then a tree tells.
    pub(super) fn of_bytes(&mut self, body: &[u8], ignored: &[Pointer]) -> Option<u128> {
        let text = std::str::from_utf8(body).ok()?;
        scan(text, &mut self.nodes)?;
        self.scratch.key(body, &self.nodes, 0, ignored)
    }

    /// The same for a body that stands in a larger text, which was scanned.
    pub(super) fn of_node(
        &mut self,
        text: &str,
        nodes: &[Node],
        at: usize,
        ignored: &[Pointer],
    ) -> Option<u128> {
        self.scratch.key(text.as_bytes(), nodes, at, ignored)
    }
}

impl Scratch {
    fn key(
        &mut self,
        bytes: &[u8],
        nodes: &[Node],
        at: usize,
        ignored: &[Pointer],
    ) -> Option<u128> {
        self.fields.clear();
        let steps: Vec<_> = ignored.iter().map(Pointer::steps).collect();
        let is_object = nodes[at].kind == Kind::Object;
        let of = Of { has_ids: false, known: if is_object { usual::BODY } else { &[] } };
        Walk { bytes, nodes, scratch: self, top: at }.value(at, of, &steps)
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    nodes: &'a [Node],
    scratch: &'a mut Scratch,
    /// The body.
    top: usize,
}

/// What is known of a value by where it stands.
#[derive(Clone, Copy)]
struct Of {
    /// Whether ids in it are made up.
    has_ids: bool,
    /// What its fields are when they are left out.
    known: &'static [Known],
}

impl Of {
    const NOTHING: Self = Self { has_ids: false, known: &[] };
}

/// Of each pointer that leads into a value, the rest of its way.
type Ways<'a> = [&'a [String]];

impl<'a> Walk<'a> {
    fn value(&mut self, at: usize, of: Of, ways: &Ways<'_>) -> Option<u128> {
        let node = self.nodes[at];
        Some(match node.kind {
            Kind::Null => hash::NULL,
            Kind::False => hash::of_bool(false),
            Kind::True => hash::of_bool(true),
            Kind::Number => number(self.slice(node))?,
            Kind::Text => hash::of_text(self.slice(node)),
            Kind::Escaped => {
                unescape(self.slice(node), &mut self.scratch.meant);
                hash::of_text(&self.scratch.meant)
            }
            Kind::Array => self.array(at, of, ways)?,
            Kind::Object => self.object(at, of, ways)?,
        })
    }

    fn slice(&self, node: Node) -> &'a [u8] {
        &self.bytes[node.start as usize..node.end as usize]
    }

    fn array(&mut self, at: usize, of: Of, ways: &Ways<'_>) -> Option<u128> {
        let end = self.nodes[at].next as usize;
        let (mut element, mut index, mut key) = (at + 1, 0_usize, hash::ARRAY);
        while element < end {
            let into = further(ways, |step| step.parse() == Ok(index));
            let one = match &into {
                // The others keep their places.
                None => hash::NULL,
                Some(into) => self.value(element, of, into)?,
            };
            key = joined(key, one);
            element = self.nodes[element].next as usize;
            index += 1;
        }
        Some(key)
    }

    fn object(&mut self, at: usize, of: Of, ways: &Ways<'_>) -> Option<u128> {
        let base = self.scratch.fields.len();
        let end = self.nodes[at].next as usize;
        // At most: two nodes make a field.
        self.scratch.fields.reserve((end - at) / 2);
        let mut name = at + 1;
        while name < end {
            let node = self.nodes[name];
            let spelled = self.slice(node);
            if node.kind == Kind::Escaped || spelled.starts_with(b"$serde_json") {
                return None;
            }
            self.scratch.fields.push(Field { start: start(spelled), name: name as u32 });
            name = self.nodes[name + 1].next as usize;
        }
        let (nodes, bytes) = (self.nodes, self.bytes);
        let spelled = |field: &Field| {
            let Node { start, end, .. } = nodes[field.name as usize];
            &bytes[start as usize..end as usize]
        };
        let fields = &mut self.scratch.fields[base..];
        // Ids count by their place, and fields may come in any order.
        fields.sort_unstable_by(|one, other| {
            one.start.cmp(&other.start).then_with(|| spelled(one).cmp(spelled(other)))
        });
        // Of two with one name the last counts, wherever the first one went.
        let is_same =
            |one: &Field, other: &Field| one.start == other.start && spelled(one) == spelled(other);
        if fields.windows(2).any(|two| is_same(&two[0], &two[1])) {
            return None;
        }
        let is_top = at == self.top;
        let mut sum = 0_u128;
        for place in base..self.scratch.fields.len() {
            let at = self.scratch.fields[place].name as usize;
            let name = self.slice(self.nodes[at]);
            if let Some(value) = self.field(name, at + 1, is_top, of, ways)? {
                sum = sum.wrapping_add(hash::of_field(name, value));
            }
        }
        self.scratch.fields.truncate(base);
        Some(hash::of_fields(sum))
    }

    /// Whether it says no more than its absence would.
    fn is_usual(&self, usual: Usual, at: usize) -> bool {
        let node = self.nodes[at];
        match (usual, node.kind) {
            (Usual::Bool(usual), Kind::True) => usual,
            (Usual::Bool(usual), Kind::False) => !usual,
            (Usual::Text(usual), Kind::Text) => self.slice(node) == usual.as_bytes(),
            (Usual::Text(usual), Kind::Escaped) => {
                let mut meant = Vec::new();
                unescape(self.slice(node), &mut meant);
                meant == usual.as_bytes()
            }
            (Usual::Whole(usual), Kind::Number) => {
                // Most are told by their first digits, if there are not so many that they are rounded.
                if let Some((whole, b"" | [b'.', ..])) = short(self.slice(node))
                    && whole != usual
                    && self.slice(node).len() < 16
                {
                    return false;
                }
                let number = serde_json::from_slice::<Number>(self.slice(node)).ok();
                number.and_then(|number| number.as_f64()) == Some(usual as f64)
            }
            _ => false,
        }
    }

    /// Its value; `Some(None)` if it does not count. `of` is of the object that it stands in.
    fn field(
        &mut self,
        name: &[u8],
        at: usize,
        is_top: bool,
        of: Of,
        ways: &Ways<'_>,
    ) -> Option<Option<u128>> {
        let is = |known: &&str| usual::is(known, name);
        let Some(into) = further(ways, |step| step.as_bytes() == name) else { return Some(None) };
        let kind = self.nodes[at].kind;
        let known = usual::of(of.known, name);
        if known.iter().any(|it| self.is_usual(it.usual, at)) {
            return Some(None);
        }
        let is_holder =
            kind == Kind::Object && known.iter().any(|it| matches!(it.usual, Usual::Empty));
        let known = usual::inside(known);
        // What is left of an object in which all is as usual.
        let empty = is_holder.then(|| hash::of_fields(0));
        let counts = |value: u128| Some(Some(value).filter(|value| Some(*value) != empty));
        if is_top {
            if kind == Kind::Null || VOLATILE.iter().any(is) {
                return Some(None);
            }
            let has_ids = kind == Kind::Array && CONVERSATIONS.iter().any(is);
            if has_ids {
                self.scratch.seen.clear();
            }
            return counts(self.value(at, Of { has_ids, known }, &into)?);
        }
        let has_ids = of.has_ids;
        if has_ids && TIMES.iter().any(is) {
            return Some(None);
        }
        let is_id = has_ids && matches!(kind, Kind::Text | Kind::Escaped) && IDS.iter().any(is);
        if is_id {
            let id = self.value(at, Of::NOTHING, &[])?;
            let next = self.scratch.seen.len() + 1;
            let number = *self.scratch.seen.entry(id).or_insert(next);
            return Some(Some(hash::of_text(super::numbered(number).as_bytes())));
        }
        let has_ids = has_ids && !LITERAL.iter().any(is);
        counts(self.value(at, Of { has_ids, known }, &into)?)
    }
}

/// The ways that lead on by a step; `None` if one of them ends there.
fn further<'a>(ways: &Ways<'a>, leads: impl Fn(&str) -> bool) -> Option<Vec<&'a [String]>> {
    let mut into = Vec::new();
    for way in ways {
        if let Some((step, rest)) = way.split_first()
            && (step == "*" || leads(step))
        {
            if rest.is_empty() {
                return None;
            }
            into.push(rest);
        }
    }
    Some(into)
}

/// The first bytes of a name, and zeros if it has no more: in the same order as names are.
fn start(name: &[u8]) -> u64 {
    const LONG: usize = size_of::<u64>();
    let first = name.first_chunk::<LONG>().copied().unwrap_or_else(|| {
        let mut first = [0; LONG];
        first[..name.len()].copy_from_slice(name);
        first
    });
    u64::from_be_bytes(first)
}

/// The whole number that a number begins with, and what follows; `None` if it is long.
fn short(digits: &[u8]) -> Option<(i64, &[u8])> {
    /// So many digits are never too many for 64 bits.
    const SHORT: usize = 18;
    let (sign, plain) = match digits {
        [b'-', plain @ ..] => (-1, plain),
        plain => (1, plain),
    };
    let end = plain.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(plain.len());
    let (whole, rest) = plain.split_at(end);
    let whole = whole.iter().take(SHORT).fold(0, |all, digit| all * 10 + i64::from(digit - b'0'));
    (end <= SHORT).then_some((sign * whole, rest))
}

fn number(digits: &[u8]) -> Option<u128> {
    if let Some((whole, b"")) = short(digits) {
        return Some(hash::of_whole(whole));
    }
    // As it is read in a tree.
    serde_json::from_slice::<Number>(digits).ok().map(|number| hash::of_number(&number))
}
