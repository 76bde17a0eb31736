//! Which attempt of the same request it is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::request::LlmRequest;
use crate::util::rng::hash;

/// Counts requests that are alike. Nothing is counted unless trouble asks for it.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    counts: HashMap<u64, u32>,
    /// In the order in which they came first, so that the oldest can be forgotten.
    order: VecDeque<u64>,
}

/// So many requests that differ are told apart; of more, the oldest are forgotten.
const MOST: usize = 65_536;

impl Attempts {
    /// The number of this attempt, from 1.
    pub(crate) fn count(&self, fingerprint: u64) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &mut *counts;
        let count = counts.counts.entry(fingerprint).or_insert(0);
        *count = count.saturating_add(1);
        let count = *count;
        if count == 1 {
            counts.order.push_back(fingerprint);
            if counts.order.len() > MOST
                && let Some(oldest) = counts.order.pop_front()
            {
                counts.counts.remove(&oldest);
            }
        }
        count
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Counts::default();
    }
}

/// Requests are alike when method, path, key and body are.
pub(crate) fn fingerprint(request: &LlmRequest) -> u64 {
    let head = request.head.as_head();
    let mut state = hash(0, head.method.as_str().as_bytes());
    for text in [head.path, head.api_key().unwrap_or_default()] {
        state = hash(state, text.as_bytes());
    }
    hash(state, &request.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_a_count_of_its_own_and_the_oldest_are_forgotten() {
        let attempts = Attempts::default();
        assert_eq!([attempts.count(1), attempts.count(1), attempts.count(2)], [1, 2, 1]);
        for other in 3..MOST as u64 + 3 {
            attempts.count(other);
        }
        assert_eq!(attempts.0.lock().unwrap().counts.len(), MOST);
        assert_eq!(attempts.count(MOST as u64 + 2), 2);
        assert_eq!(attempts.count(1), 1);
        attempts.clear();
        assert_eq!(attempts.count(2), 1);
    }
}
