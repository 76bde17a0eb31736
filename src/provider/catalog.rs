//! Which models there are: what the endpoints that tell it share.

use bytes::Bytes;
use http::Method;

use super::{Call, Context, Operation, Provider};
use crate::reply::{ApiError, ErrorKind, Models};
use crate::request::{Head, LlmRequest};
use crate::util::percent;

/// The client is judged leniently, so every name is a model's.
const ANY_NAME: u32 = 1 << 31;

/// A row of a room's table.
pub(super) trait Row: 'static {
    /// The name by which a client asks for it.
    fn name(&self) -> &'static str;
}

/// A model in a room's list.
#[derive(Debug)]
pub(super) enum Entry<'a, R> {
    /// What the vendor tells of it is known.
    Known(&'a R),
    /// A name that the user gave.
    Named(&'a str),
}

impl<R> Clone for Entry<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Entry<'_, R> {}

impl<R: Row> Entry<'_, R> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Known(row) => row.name(),
            Self::Named(name) => name,
        }
    }
}

/// The call for what is below `root`: for the list, or for one model by its name.
pub(super) fn call(head: &Head<'_>, root: &str) -> Option<Call> {
    let rest = head.path.strip_prefix(root)?;
    if head.method != Method::GET {
        return None;
    }
    let call = Call::new(Operation::Models);
    match rest.strip_prefix('/') {
        None => rest.is_empty().then_some(call),
        Some("") => None,
        Some(name) => Some(call.model(percent::decoded(name))),
    }
}

pub(super) fn parse(
    provider: Provider,
    mut call: Call,
    head: &Head<'_>,
    body: &Bytes,
) -> Result<LlmRequest, ApiError> {
    if head.lacks_key() {
        return Err(ApiError::new(ErrorKind::MissingKey));
    }
    if head.is_lenient() {
        call.flags |= ANY_NAME;
    }
    let mut request = LlmRequest::new(provider, call, body.clone());
    request.model = request.call.model.clone().unwrap_or_default();
    Ok(request)
}

/// All of them: the user's own first, where they are seen.
pub(super) fn all<'a, R: Row>(models: &'a Models, table: &'static [R]) -> Vec<Entry<'a, R>> {
    let mut all: Vec<Entry<'a, R>> = Vec::new();
    for name in models.names() {
        let known = row(table, name);
        let is_there = all.iter().any(|entry| entry.name() == name);
        match known {
            _ if is_there => {}
            Some(row) if models.is_only() => all.push(Entry::Known(row)),
            // It has its place below.
            Some(_) => {}
            None => all.push(Entry::Named(name)),
        }
    }
    if !models.is_only() {
        all.extend(table.iter().map(Entry::Known));
    }
    all
}

/// The one that is asked for, which the vendor may have under a longer name too.
pub(super) fn find<'a, R: Row>(
    cx: &Context<'a>,
    models: &'a Models,
    table: &'static [R],
    alias: impl Fn(&'a str) -> &'a str,
) -> Option<Entry<'a, R>> {
    let asked = cx.request.model.as_str();
    let all = all(models, table);
    let by_name = |name: &str| all.iter().find(|entry| entry.name() == name).copied();
    by_name(asked).or_else(|| by_name(alias(asked))).or_else(|| {
        let is_any = cx.request.call.flags & ANY_NAME != 0 && !models.is_only();
        is_any.then_some(Entry::Named(asked))
    })
}

fn row<R: Row>(table: &'static [R], name: &str) -> Option<&'static R> {
    table.iter().find(|row| row.name() == name)
}
