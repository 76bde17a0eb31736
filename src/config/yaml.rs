//! YAML 1.2, read into nodes.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::fault::Fault;
use super::node::{Key, Node, Place, Scalar, Value};

/// What aliases may make of a small file.
const MOST_NODES: usize = 100_000;

/// So many bytes of a text that is repeated count as one value more.
const LONG: usize = 256;

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    key: Option<Key>,
    node: Node,
}

struct Reader {
    file: u16,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    open: Vec<Open>,
    root: Option<Node>,
}

pub(super) fn read(file: u16, text: &str) -> Result<Node, Fault> {
    let mut reader =
        Reader { file, anchors: HashMap::new(), nodes: 0, open: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            Fault::new(format!("no YAML: {}", error.info())).at(reader.place(*error.marker()))
        })?;
        let place = reader.place_of(span);
        reader.event(event, place).map_err(|fault| fault.at(place))?;
    }
    let empty = Scalar { plain: true, ..Scalar::default() };
    let nothing = Node { place: Place { file, line: 1, column: 1 }, value: Value::Scalar(empty) };
    Ok(reader.root.unwrap_or(nothing))
}

impl Reader {
    fn place(&self, marker: saphyr_parser::Marker) -> Place {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: self.file, line: number(marker.line()), column: number(marker.col() + 1) }
    }

    fn place_of(&self, span: Span) -> Place {
        self.place(span.start)
    }

    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Fault::new("a second document begins here; a file has one"))
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    let (size, depth) = measured(node);
                    if self.open.len() + depth > super::DEEPEST {
                        return Err(super::too_deep());
                    }
                    let node = node.clone();
                    self.count(size)?;
                    self.close(node, 0)
                }
                None => Err(Fault::new("an alias of itself")),
            },
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let scalar = Scalar { text: text.into_owned(), plain, unset: None };
                self.count(1)?;
                self.close(Node { place, value: Value::Scalar(scalar) }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(Node { place, value: Value::List(Vec::new()) }, anchor)
            }
            Event::MappingStart(anchor, _) => {
                self.begin(Node { place, value: Value::Map(Vec::new()) }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { anchor, node, .. }) => self.close(node, anchor),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.count(1)?;
        if self.open.len() >= super::DEEPEST {
            return Err(super::too_deep());
        }
        self.open.push(Open { anchor, key: None, node });
        Ok(())
    }

    fn count(&mut self, more: usize) -> Result<(), Fault> {
        self.nodes += more;
        if self.nodes > MOST_NODES {
            return Err(Fault::new(format!("more than {MOST_NODES} values, aliases included")));
        }
        Ok(())
    }

    /// A value is complete: it goes where it belongs.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            // A copy is kept for the aliases; anchors may stand in each other.
            self.count(measured(&node).0)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            (Value::Map(entries), None) => {
                let Value::Scalar(Scalar { text: name, .. }) = node.value else {
                    return Err(Fault::new("a key must be a text").at(node.place));
                };
                if entries.iter().any(|(known, _)| known.name == name) {
                    return Err(super::twice(&name).at(node.place));
                }
                open.key = Some(Key { name, place: node.place });
            }
            (Value::Scalar(_), _) => {}
        }
        Ok(())
    }
}

/// How many values it counts for, and how deep lists and maps are in each other in it.
fn measured(node: &Node) -> (usize, usize) {
    let sum = |sizes: &mut dyn Iterator<Item = (usize, usize)>| {
        sizes.fold((1, 1), |(all, deepest), (size, depth)| (all + size, deepest.max(depth + 1)))
    };
    match &node.value {
        Value::List(items) => sum(&mut items.iter().map(measured)),
        Value::Map(entries) => sum(&mut entries.iter().map(|(key, node)| {
            let (size, depth) = measured(node);
            (size + key.name.len() / LONG, depth)
        })),
        Value::Scalar(scalar) => (1 + scalar.text.len() / LONG, 0),
    }
}
