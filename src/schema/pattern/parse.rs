//! From the source of a pattern to its tree.

use std::iter::Peekable;
use std::str::Chars;

use super::{Class, Node};

/// Groups within groups.
const DEEPEST: usize = 48;

/// The most that `{m,n}` may ask for.
const MOST: u32 = 65_536;

pub(super) fn parse(source: &str) -> Result<Node, &'static str> {
    let mut parser = Parser { rest: source.chars().peekable(), depth: 0 };
    let node = parser.alternate()?;
    match parser.rest.next() {
        None => Ok(node),
        Some(_) => Err("a `)` without its `(`"),
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, it: char) -> bool {
        self.rest.next_if_eq(&it).is_some()
    }

    fn alternate(&mut self) -> Result<Node, &'static str> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("groups nested this deep");
        }
        let mut branches = vec![self.concat()?];
        while self.eat('|') {
            branches.push(self.concat()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) })
    }

    fn concat(&mut self) -> Result<Node, &'static str> {
        let mut nodes = Vec::new();
        while self.rest.peek().is_some_and(|next| !matches!(next, '|' | ')')) {
            let atom = self.atom()?;
            nodes.push(self.repeat(atom)?);
        }
        Ok(Node::Concat(nodes))
    }

    fn repeat(&mut self, atom: Node) -> Result<Node, &'static str> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        self.rest.next();
        self.eat('?');
        if least > MOST || most.is_some_and(|most| most > MOST || most < least) {
            return Err("this count of repetitions");
        }
        Ok(Node::Repeat { inner: Box::new(atom), least, most })
    }

    /// `{m}`, `{m,}` or `{m,n}` up to its brace; or nothing, and the brace is a character.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, &'static str> {
        let inner: String = self.rest.clone().skip(1).take_while(|it| *it != '}').collect();
        let (least, most) = inner.split_once(',').unwrap_or((&inner, &inner));
        let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
        if least.is_empty() || !digits(least) || !digits(most) {
            return Ok(None);
        }
        for _ in 0..=inner.len() {
            self.rest.next();
        }
        let number = |text: &str| text.parse().map_err(|_| "this count of repetitions");
        let most = if most.is_empty() { None } else { Some(number(most)?) };
        Ok(Some((number(least)?, most)))
    }

    fn atom(&mut self) -> Result<Node, &'static str> {
        let next = self.rest.next().ok_or("an empty piece")?;
        Ok(match next {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::Class(Class {
                ranges: vec![('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')],
                negated: true,
            }),
            '(' => self.group()?,
            '[' => Node::Class(self.class()?),
            '*' | '+' | '?' => return Err("a repetition of nothing"),
            '\\' => match self.rest.peek() {
                Some('b' | 'B') => Node::Boundary { negated: self.rest.next() == Some('B') },
                Some('1'..='9' | 'k') => return Err("a back-reference"),
                _ => Node::Class(self.escape()?),
            },
            literal => Node::Class(Class::one(literal)),
        })
    }

    fn group(&mut self) -> Result<Node, &'static str> {
        let mut look = None;
        if self.eat('?') {
            match self.rest.next() {
                Some(':') => {}
                Some('=') => look = Some(false),
                Some('!') => look = Some(true),
                Some('P') if self.eat('<') => while self.rest.next().is_some_and(|it| it != '>') {},
                Some('<') => {
                    if matches!(self.rest.peek(), Some('=' | '!')) {
                        return Err("a look-behind");
                    }
                    while self.rest.next().is_some_and(|it| it != '>') {}
                }
                _ => return Err("this kind of group"),
            }
        }
        let inner = self.alternate()?;
        if !self.eat(')') {
            return Err("a `(` without its `)`");
        }
        Ok(match look {
            Some(negated) => Node::Look { negated, inner: Box::new(inner) },
            None => inner,
        })
    }

    /// What follows a `[`.
    fn class(&mut self) -> Result<Class, &'static str> {
        let mut class = Class { negated: self.eat('^'), ranges: Vec::new() };
        loop {
            let low = match self.rest.next().ok_or("a `[` without its `]`")? {
                ']' => return Ok(class),
                '\\' => self.escape()?,
                literal => Class::one(literal),
            };
            let dash = self.rest.peek() == Some(&'-');
            let closes = self.rest.clone().nth(1) == Some(']');
            let ([(low, end)], true, false) = (&low.ranges[..], dash, closes) else {
                class.ranges.append(&mut spelt(low)?);
                continue;
            };
            if low != end {
                return Err("this range in a class");
            }
            self.rest.next();
            let high = match self.rest.next().ok_or("a `[` without its `]`")? {
                '\\' => self.escape()?,
                literal => Class::one(literal),
            };
            match high.ranges[..] {
                [(high, end)] if high == end && *low <= high => class.ranges.push((*low, high)),
                _ => return Err("this range in a class"),
            }
        }
    }

    /// What follows a `\`.
    fn escape(&mut self) -> Result<Class, &'static str> {
        let next = self.rest.next().ok_or("a `\\` at the end")?;
        let of = |ranges: &[(char, char)], negated| Class { ranges: ranges.to_vec(), negated };
        Ok(match next {
            'd' | 'D' => of(&[('0', '9')], next == 'D'),
            'w' | 'W' => of(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], next == 'W'),
            's' | 'S' => of(&SPACES, next == 'S'),
            'n' => Class::one('\n'),
            'r' => Class::one('\r'),
            't' => Class::one('\t'),
            'f' => Class::one('\u{c}'),
            'v' => Class::one('\u{b}'),
            '0' => Class::one('\0'),
            'x' => Class::one(self.code(2)?),
            'u' if self.eat('{') => {
                let digits: String = self.rest.by_ref().take_while(|it| *it != '}').collect();
                Class::one(character(&digits)?)
            }
            'u' => Class::one(self.code(4)?),
            it if it.is_ascii_alphanumeric() => return Err("this escape"),
            literal => Class::one(literal),
        })
    }

    fn code(&mut self, digits: usize) -> Result<char, &'static str> {
        let digits: String = self.rest.by_ref().take(digits).collect();
        character(&digits)
    }
}

fn character(digits: &str) -> Result<char, &'static str> {
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or("this escape")
}

/// The ranges of a class within a class; of a negated one, what lies between its ranges.
fn spelt(class: Class) -> Result<Vec<(char, char)>, &'static str> {
    if !class.negated {
        return Ok(class.ranges);
    }
    let mut ranges = class.ranges;
    ranges.sort_unstable();
    let mut free = Vec::new();
    let mut next = Some('\0');
    for (low, high) in ranges {
        if let Some(from) = next
            && from < low
            && let Some(to) = (from..low).next_back()
        {
            free.push((from, to));
        }
        next = (high..=char::MAX).nth(1);
    }
    free.extend(next.map(|from| (from, char::MAX)));
    Ok(free)
}

const SPACES: [(char, char); 7] = [
    (' ', ' '),
    ('\t', '\r'),
    ('\u{a0}', '\u{a0}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];
