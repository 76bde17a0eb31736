//! A text that a pattern matches.

use super::{Class, Node};
use crate::util::rng::Rng;

/// Beyond this the text is long enough for anyone, and the checks that follow refuse it.
const LONGEST: usize = 1 << 18;

/// Writes a text that `node` matches: with `plain` the first of each choice, else any.
pub(super) fn write(node: &Node, extra: u32, plain: bool, rng: &mut Rng, out: &mut String) {
    match node {
        Node::Alternate(branches) => {
            let chosen = if plain { 0 } else { rng.below(branches.len() as u64) as usize };
            write(&branches[chosen], extra, plain, rng, out);
        }
        Node::Boundary { .. } | Node::End | Node::Look { .. } | Node::Start => {}
        Node::Class(class) => out.extend(pick(class, plain, rng)),
        Node::Concat(nodes) => {
            nodes.iter().for_each(|node| write(node, extra, plain, rng, out));
        }
        Node::Repeat { inner, least, most } => {
            let times = least.saturating_add(extra).min(most.unwrap_or(u32::MAX));
            for _ in 0..times {
                if out.len() > LONGEST {
                    break;
                }
                write(inner, extra, plain, rng, out);
            }
        }
    }
}

fn pick(class: &Class, plain: bool, rng: &mut Rng) -> Option<char> {
    if class.negated {
        let fits = |it: &char| class.contains(*it);
        let skip = if plain { 0 } else { rng.below(KNOWN.len() as u64) as usize };
        let known = KNOWN.chars().cycle().skip(skip).take(KNOWN.len()).find(fits);
        return known.or_else(|| ('\u{a1}'..'\u{3000}').find(fits));
    }
    let (low, high) = match class.ranges.len() {
        0 => return None,
        _ if plain => class.ranges[0],
        count => class.ranges[rng.below(count as u64) as usize],
    };
    // A range that reaches beyond ASCII is read as text where it can be.
    let high = if low <= '~' { high.min('~') } else { high };
    let low = if high >= ' ' { low.max(' ') } else { low };
    let width = u64::from(u32::from(high) - u32::from(low)) + 1;
    let step = rng.below(width) as u32;
    char::from_u32(u32::from(low) + step).or(Some(low))
}

const KNOWN: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.!\n\t";
