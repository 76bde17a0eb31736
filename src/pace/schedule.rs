//! What a pace makes of one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::distribution::unit;
use super::{Kind, Pace, Shape};
use crate::provider::Entropy;
use crate::reply::Usage;
use crate::util::rng::Rng;

/// When the parts of one answer are due.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// How long the first token takes.
    pub(crate) head: Duration,
    /// When the others are due, counted from the first.
    pub(crate) gaps: Gaps,
    /// Counts the answer, where the count matters, until it is dropped.
    pub(crate) playing: Option<Playing>,
}

impl Pace {
    /// The schedule of an answer. The same entropy gives the same one, but for the load.
    pub(crate) fn schedule(
        &self,
        entropy: Entropy,
        usage: &Usage,
        playing: &Arc<AtomicUsize>,
    ) -> Schedule {
        let shape = match &self.0 {
            Kind::Even { first, gap } => {
                return Schedule { head: *first, gaps: Gaps::Even(*gap), playing: None };
            }
            Kind::Shaped(shape) => shape,
        };
        let playing = (shape.load > 0.0).then(|| Playing::new(playing));
        let mut rng = entropy.rng(SALT);
        let first = shape.first.draw(&mut rng);
        let steady = shape.steady.as_ref().map(|steady| steady.draw(&mut rng));
        let mut drawn = Drawn {
            shape: Arc::clone(shape),
            rng,
            steady,
            playing: playing.as_ref().map(|playing| Arc::clone(&playing.0)),
            tokens: 0,
            at: Duration::ZERO,
        };
        let head = drawn.stretched(first.saturating_add(shape.prefill_of(usage)));
        Schedule { head, gaps: Gaps::Drawn(Box::new(drawn)), playing }
    }
}

const SALT: u64 = 0x7061_6365;

impl Shape {
    fn prefill_of(&self, usage: &Usage) -> Duration {
        if self.prefill.is_zero() {
            return Duration::ZERO;
        }
        let cached = usage.cached.min(usage.input);
        let tokens = (cached as f64).mul_add(self.cached, (usage.input - cached) as f64);
        times(self.prefill, tokens)
    }
}

/// When each token is due.
#[derive(Debug)]
pub(crate) enum Gaps {
    Even(Duration),
    Drawn(Box<Drawn>),
}

/// Times that are drawn one by one.
#[derive(Debug)]
pub(crate) struct Drawn {
    shape: Arc<Shape>,
    rng: Rng,
    steady: Option<Duration>,
    playing: Option<Arc<AtomicUsize>>,
    /// How many tokens were drawn, and when the last of them is due.
    tokens: u64,
    at: Duration,
}

impl Gaps {
    /// When so many tokens are there, counted from the first. Asked for growing numbers.
    pub(crate) fn until(&mut self, tokens: u64) -> Duration {
        match self {
            Self::Even(gap) => {
                let gaps = u32::try_from(tokens.saturating_sub(1)).unwrap_or(u32::MAX);
                gap.saturating_mul(gaps)
            }
            Self::Drawn(drawn) => {
                while drawn.tokens < tokens {
                    drawn.next();
                }
                drawn.at
            }
        }
    }

    /// The same for an answer that comes as a whole, whose usage may claim any number.
    pub(crate) fn whole(&mut self, tokens: u64) -> Duration {
        /// As many as are drawn one by one; beyond, it goes on at the same rate.
        const DRAWN: u64 = 100_000;
        match self {
            Self::Drawn(_) if tokens > DRAWN => {
                times(self.until(DRAWN), tokens as f64 / DRAWN as f64)
            }
            _ => self.until(tokens),
        }
    }

    /// Whether no token ever waits.
    pub(crate) fn are_none(&self) -> bool {
        matches!(self, Self::Even(Duration::ZERO))
    }
}

impl Drawn {
    fn next(&mut self) {
        if let Some(gap) = self.tokens.checked_sub(1) {
            let time = self.gap(gap);
            self.at = self.at.saturating_add(self.stretched(time));
        }
        self.tokens += 1;
    }

    /// The gap of this number, from 0.
    fn gap(&mut self, number: u64) -> Duration {
        let Self { shape, rng, steady, .. } = self;
        let gap = match (&shape.recorded, steady) {
            (Some(gaps), _) if gaps.is_empty() => Duration::ZERO,
            (Some(gaps), _) => gaps[(number % gaps.len() as u64) as usize],
            (None, Some(steady)) => *steady,
            (None, None) => shape.gap.draw(rng),
        };
        match &shape.bursts {
            Some((tokens, pause)) if (number + 1).is_multiple_of(*tokens) => {
                gap.saturating_add(pause.draw(rng))
            }
            _ => gap,
        }
    }

    /// A time with jitter and load.
    fn stretched(&mut self, time: Duration) -> Duration {
        let mut factor = 1.0;
        if self.shape.jitter > 0.0 {
            factor += self.shape.jitter * (2.0 * unit(&mut self.rng) - 1.0);
        }
        if let Some(playing) = &self.playing {
            let others = playing.load(Ordering::Relaxed).saturating_sub(1);
            factor *= self.shape.load.mul_add(others as f64, 1.0);
        }
        if factor == 1.0 { time } else { times(time, factor) }
    }
}

/// A time, so often; the longest there is, where that is too long.
fn times(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// One answer that is being played, counted while this lives.
#[derive(Debug)]
pub(crate) struct Playing(Arc<AtomicUsize>);

impl Playing {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Distribution;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn schedule(pace: &Pace, entropy: u64) -> Schedule {
        pace.schedule(Entropy::new(entropy), &Usage::default(), &Arc::default())
    }

    /// Head and tokens, in milliseconds.
    fn times_of(pace: &Pace, entropy: u64, tokens: u64) -> (u128, Vec<u128>) {
        let Schedule { head, mut gaps, .. } = schedule(pace, entropy);
        let due = (1..=tokens).map(|n| gaps.until(n).as_millis()).collect();
        (head.as_millis(), due)
    }

    #[test]
    fn even_deadlines_are_absolute_and_do_not_overflow() {
        let pace = Pace::new(ms(9000), ms(20));
        assert_eq!(times_of(&pace, 1, 3), (9000, vec![0, 20, 40]));
        assert_eq!(schedule(&pace, 1).gaps.whole(0), Duration::ZERO);
        let longest = Pace::new(Duration::MAX, Duration::MAX);
        assert_eq!(schedule(&longest, 1).gaps.whole(u64::MAX), Duration::MAX);
    }

    #[test]
    fn the_same_request_draws_the_same_times_and_another_does_not() {
        let pace = Pace::INSTANT
            .first_token(Distribution::gamma(2.0, ms(200)))
            .gap(Distribution::log_normal(ms(20), 0.4))
            .jitter(0.1);
        let seen = times_of(&pace, 1, 50);
        assert_eq!(seen, times_of(&pace, 1, 50));
        assert_ne!(seen, times_of(&pace, 2, 50));
        assert!(seen.1.is_sorted());
        // However it is asked: token by token, or for all of them.
        assert_eq!(schedule(&pace, 1).gaps.whole(50).as_millis(), seen.1[49]);
    }

    #[test]
    fn a_steady_gap_is_drawn_once() {
        let pace = Pace::INSTANT.steady_gap(Distribution::uniform(ms(10), ms(1000)));
        let mut gaps = schedule(&pace, 1).gaps;
        let at: Vec<_> = (1..=4).map(|n| gaps.until(n)).collect();
        assert_eq!([at[1], at[2] - at[1], at[3] - at[2]], [at[1]; 3]);
        assert_ne!(schedule(&pace, 2).gaps.until(2), at[1]);
    }

    #[test]
    fn bursts_come_at_once_and_then_pause() {
        let pace = Pace::INSTANT.bursts(3, ms(100));
        assert_eq!(times_of(&pace, 1, 7).1, [0, 0, 0, 100, 100, 100, 200]);
        let pace = pace.gap(ms(1));
        assert_eq!(times_of(&pace, 1, 5).1, [0, 1, 2, 103, 104]);
    }

    #[test]
    fn a_recording_is_played_in_its_order_and_then_again() {
        let pace = Pace::recorded([310, 330, 330, 400].map(ms));
        assert_eq!(times_of(&pace, 1, 6), (310, vec![0, 20, 20, 90, 110, 110]));
        assert_eq!(times_of(&Pace::recorded([ms(5)]), 1, 2), (5, vec![0, 0]));
        let backwards = Pace::recorded([310, 300, 350].map(ms));
        assert_eq!(times_of(&backwards, 1, 3), (310, vec![0, 0, 50]));
    }

    #[test]
    fn a_prompt_costs_time_and_a_cached_one_less() {
        let pace = Pace::new(ms(100), ms(0)).prefill(Duration::from_micros(500));
        let head = |pace: &Pace, cached| {
            let usage = Usage { cached, ..Usage::new(1000, 0) };
            pace.schedule(Entropy::new(1), &usage, &Arc::default()).head
        };
        assert_eq!(head(&pace, 800), ms(600));
        let discounted = pace.cached_prefill(0.25);
        assert_eq!(head(&discounted, 800), ms(100 + 100 + 100));
        // A usage that makes no sense is no reason to panic.
        assert_eq!(head(&discounted, u64::MAX), ms(225));
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let pace = Pace::new(ms(1000), ms(1000)).jitter(0.1);
        let mut all = Vec::new();
        for entropy in 0..200 {
            let Schedule { head, mut gaps, .. } = schedule(&pace, entropy);
            all.extend([head, gaps.until(2)]);
        }
        assert!(all.iter().all(|time| (ms(900)..=ms(1100)).contains(time)));
        assert!(all.iter().any(|time| *time < ms(920)));
        assert!(all.iter().any(|time| *time > ms(1080)));
    }

    #[test]
    fn load_counts_the_others_while_they_last() {
        let pace = Pace::new(ms(100), ms(100)).load(0.5);
        let count: Arc<AtomicUsize> = Arc::default();
        let new = || pace.schedule(Entropy::new(1), &Usage::default(), &count);
        let mut alone = new();
        let with_one = new();
        assert_eq!((alone.head, with_one.head), (ms(100), ms(150)));
        assert_eq!(alone.gaps.until(2), ms(150));
        drop(with_one);
        assert_eq!(alone.gaps.until(3), ms(150 + 100));
        drop(alone);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_usage_of_any_size_is_reckoned_in_no_time() {
        let pace = Pace::INSTANT.gap(Distribution::uniform(ms(10), ms(30)));
        let all = schedule(&pace, 1).gaps.whole(1_000_000_000);
        assert!((all.as_secs_f64() / 20e6 - 1.0).abs() < 0.01, "{all:?}");
        let _ = schedule(&pace, 1).gaps.whole(u64::MAX);
    }
}
