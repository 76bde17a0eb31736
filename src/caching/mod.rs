//! The vendors' prompt caches, played: how much of a prompt was there before.

mod cacheable;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use self::cacheable::{Cacheable, Piece};
use crate::pace;
use crate::provider::ResponseSynth;
use crate::reply::Usage;
use crate::request::LlmRequest;
use crate::util::rng::hash;

/// How the vendors' prompt caches are played; see
/// [`MockLlmLayer::prompt_caching`](crate::MockLlmLayer::prompt_caching).
///
/// Each vendor's cache has its own terms: OpenAI's and Gemini's work of their own accord from 1,024
/// tokens on (more for some of Gemini's models), in steps of 128 at OpenAI; Anthropic's keeps what
/// the client marks with `cache_control`, for five minutes or an hour, from 1,024 to 4,096 tokens
/// on, by model. Time is tokio's, so that a paused clock moves it.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{MockLlmLayer, PromptCaching};
///
/// let layer = MockLlmLayer::new()
///     .prompt_caching(PromptCaching::new().ttl(Duration::from_secs(3600)));
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PromptCaching {
    ttl: Option<Duration>,
}

impl PromptCaching {
    /// The vendors' own terms.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long caches that work of their own accord (OpenAI's, Gemini's) keep a prompt from its last
    /// use on, in place of five minutes. Where the client says how long, it is as the client says.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// What was asked before, as hashes of beginnings of prompts.
#[derive(Debug, Default)]
pub(crate) struct Caches(Mutex<HashMap<u64, Entry>>);

/// A beginning of a prompt.
#[derive(Clone, Copy, Debug)]
struct Entry {
    until: Instant,
    ttl: Duration,
}

/// A place in a prompt: what is before it, as a hash and in tokens.
#[derive(Clone, Copy, Debug)]
struct Place {
    before: u64,
    tokens: u64,
    mark: Option<Duration>,
}

/// What the caches have to say about a prompt, in tokens from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Served {
    /// Up to here it came from a cache.
    read: u64,
    /// From there up to here it was written, to be kept for an hour.
    written_1h: u64,
    /// From there up to here it was written.
    written: u64,
}

impl Caches {
    /// Looks the prompt up, keeps it, and says so in the usage.
    pub(crate) fn serve(
        &self,
        caching: PromptCaching,
        room: &dyn ResponseSynth,
        request: &LlmRequest,
        usage: &mut Usage,
    ) {
        let Some(mut cacheable) = room.cacheable(request) else { return };
        if let (Some(ttl), Some(given)) = (&mut cacheable.ttl, caching.ttl) {
            *ttl = given;
        }
        let whose = format!(
            "{}\n{}\n{}",
            request.provider,
            request.model,
            request.api_key().unwrap_or_default()
        );
        let places = places(hash(0, whose.as_bytes()), &cacheable.pieces);
        let counted = places.last().map_or(0, |place| place.tokens).max(1);
        let served = self.look_up(&cacheable, &places);
        // Pieces are counted by the estimate; a tokenizer may have counted otherwise.
        let scaled = |tokens: u64| match usage.input {
            input if input >= counted && input - counted <= 3 => tokens,
            input => (u128::from(tokens) * u128::from(input) / u128::from(counted)) as u64,
        };
        let step = cacheable.step.max(1);
        // The last token is always computed anew.
        let most = usage.input.saturating_sub(u64::from(cacheable.ttl.is_some()));
        let read = scaled(served.read).min(most) / step * step;
        usage.cached = read;
        usage.cache_write_1h = scaled(served.written_1h).saturating_sub(read);
        usage.cache_write = scaled(served.written).min(usage.input).saturating_sub(read);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn look_up(&self, cacheable: &Cacheable, places: &[Place]) -> Served {
        let now = pace::now();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() > MOST_ENTRIES {
            entries.retain(|_, entry| entry.until > now);
            if entries.len() > MOST_ENTRIES {
                entries.clear();
            }
        }
        match cacheable.ttl {
            Some(ttl) => by_itself(&mut entries, cacheable.least, places, ttl, now),
            None => as_marked(&mut entries, cacheable.least, places, now),
        }
    }
}

fn places(whose: u64, pieces: &[Piece]) -> Vec<Place> {
    let (mut before, mut tokens) = (whose, 0);
    let place = |piece: &Piece| {
        before = hash(before, &piece.hash.to_le_bytes());
        tokens += piece.tokens;
        Place { before, tokens, mark: piece.mark }
    };
    pieces.iter().map(place).collect()
}

/// Reads the longest beginning that is there, and keeps the whole.
fn by_itself(
    entries: &mut HashMap<u64, Entry>,
    least: u64,
    places: &[Place],
    ttl: Duration,
    now: Instant,
) -> Served {
    if places.last().is_none_or(|place| place.tokens < least) {
        return Served::default();
    }
    let is_there = |place: &&Place| entries.get(&place.before).is_some_and(|e| e.until > now);
    let read = places.iter().take_while(is_there).last().map_or(0, |place| place.tokens);
    let until = later(now, ttl);
    entries.extend(places.iter().map(|place| (place.before, Entry { until, ttl })));
    // What is written is not told.
    Served { read: if read < least { 0 } else { read }, ..Served::default() }
}

/// Reads up to the last marked place that is there, or one that was marked before and is not far
/// from it; keeps up to each mark.
///
/// After <https://platform.claude.com/docs/en/build-with-claude/prompt-caching> (read 2026-11-21).
fn as_marked(
    entries: &mut HashMap<u64, Entry>,
    least: u64,
    places: &[Place],
    now: Instant,
) -> Served {
    let marks = || {
        let marked = places.iter().enumerate().filter_map(|(at, p)| Some((at, p, p.mark?)));
        marked.filter(|(_, place, _)| place.tokens >= least)
    };
    let mut read = 0;
    let mut found = None;
    for (at, _, _) in marks() {
        let near = &places[at.saturating_sub(LOOK_BACK)..=at];
        let there = near
            .iter()
            .rev()
            .find(|place| entries.get(&place.before).is_some_and(|entry| entry.until > now));
        if let Some(place) = there.filter(|place| place.tokens > read) {
            read = place.tokens;
            found = Some(place.before);
        }
    }
    // Its use is a new lease.
    if let Some(entry) = found.and_then(|before| entries.get_mut(&before)) {
        entry.until = later(now, entry.ttl);
    }
    let mut served = Served { read, written_1h: read, written: read };
    for (_, place, ttl) in marks() {
        let until = later(now, ttl);
        let entry = entries.entry(place.before).or_insert(Entry { until, ttl });
        // What was there keeps its own terms, and is used now.
        if entry.until <= now {
            *entry = Entry { until, ttl };
        } else {
            entry.until = later(now, entry.ttl);
        }
        served.written = served.written.max(place.tokens);
        if ttl >= HOUR {
            served.written_1h = served.written_1h.max(place.tokens);
        }
    }
    served
}

/// `ttl` from now on; what is longer than a clock can say is as good as for ever.
fn later(now: Instant, ttl: Duration) -> Instant {
    now.checked_add(ttl).unwrap_or_else(|| now + CENTURY)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Pieces before a mark in which a beginning that was kept is looked for.
const LOOK_BACK: usize = 20;

const HOUR: Duration = Duration::from_secs(3600);

/// A server may run for long.
const MOST_ENTRIES: usize = 1 << 20;
