//! Whether there is a provider that has words for what a rule says, told when it is mounted.

use std::fmt::Write;

use super::condition::{Source, Subject, Want};
use super::mounted::Mounted;
use crate::provider::{Room, registry};
use crate::reply::Reply;

/// Why no provider that the rule is for can say what it says, if so. `own` are the rooms beside
/// the built-in ones.
pub(super) fn unsayable(mounted: &Mounted, own: &[Room]) -> Option<String> {
    let replies = mounted.rule.says();
    let mut special = replies.iter().filter(|reply| !reply.is_plain()).peekable();
    special.peek()?;
    let names = providers(mounted);
    let rooms: Vec<Room> = own
        .iter()
        .cloned()
        .chain(registry::builtin())
        .filter(|room| {
            names.as_ref().is_none_or(|names| names.iter().any(|n| n == room.provider().as_str()))
        })
        .collect();
    // A provider that is not known yet may be added later.
    if rooms.is_empty() {
        return None;
    }
    let mut message = None;
    for reply in special {
        let whys: Vec<_> = rooms.iter().filter_map(|room| why(room, reply)).collect();
        if whys.len() == rooms.len() {
            message = Some(whys);
            break;
        }
    }
    let mut text = format!("no provider can say what rule {} says", mounted.label);
    if names.is_some() {
        let _ = write!(text, ", when {}", mounted.rule.describe());
    }
    for why in message? {
        let _ = write!(text, "\n  {why}");
    }
    Some(text)
}

/// What the room has no words for in this reply, and why.
pub(crate) fn why(room: &Room, reply: &Reply) -> Option<String> {
    reply.features().find_map(|feature| {
        let why = room.can_say(feature).err()?;
        Some(format!("{} cannot say {}: {why}", room.provider(), feature.describe()))
    })
}

/// The names of the providers that the rule's condition demands, if it does.
fn providers(mounted: &Mounted) -> Option<Vec<String>> {
    let needs = mounted.rule.needs();
    needs.0.iter().find_map(|clause| {
        let names = clause.iter().map(|probe| match (&probe.source, &probe.want) {
            (Source::Text(Subject::Provider), Want::Equals(name)) => Some(name.clone()),
            _ => None,
        });
        names.collect()
    })
}
