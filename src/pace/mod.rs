//! Time: when each token of an answer is due.
//!
//! A [`Pace`] is data in an answer or a setting of the layer. What it makes of one request is a
//! [`Schedule`]; what waits for it is the [`Timer`]. Deadlines are absolute, counted from the moment
//! the answer is ready, so that a stream takes as long as its pace says however late each frame was
//! picked up. Everything waits on tokio's clock: under a paused clock
//! (`#[tokio::test(start_paused = true)]`) it takes no time at all.

mod distribution;
mod preset;
mod schedule;
mod timer;
mod words;

use std::sync::Arc;
use std::time::Duration;

pub use self::distribution::Distribution;
pub(crate) use self::schedule::{Gaps, Playing, Schedule};
#[cfg(any(feature = "cassette", feature = "server"))]
pub(crate) use self::timer::wall;
pub(crate) use self::timer::{Timer, now};
pub(crate) use self::words::asked;

/// How fast an answer comes: the time to its first token, and the time between two tokens.
///
/// The head of a stream comes with its first token; frames that say nothing by themselves (a role, an
/// end) come with the token before or after them. A chunk of several tokens, as
/// [`Chunking::Words`](crate::Chunking) cuts them, comes when its last one is due. An answer that is no
/// stream waits for the whole of it before its head is sent; an error waits for the first token. The
/// default is [`Pace::INSTANT`].
///
/// Where an answer takes its pace from, first to last: the header
/// [`x-mock-llm-pace`](crate::MockLlmLayer::pace_header), the answer's own
/// [`pace`](crate::Answer::pace), the layer's [`pace_when`](crate::MockLlmLayer::pace_when) and
/// [`pace_fn`](crate::MockLlmLayer::pace_fn), its [`pace`](crate::MockLlmLayer::pace).
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{MockLlmLayer, Pace};
///
/// let ms = Duration::from_millis;
/// let fifty_a_second = Pace::new(ms(400), ms(20));
/// assert_eq!(fifty_a_second, Pace::tokens_per_second(50.0).first_token(ms(400)));
/// let layer = MockLlmLayer::new().pace(fifty_a_second.jitter(0.2));
/// # let _ = layer;
/// ```
///
/// It can be written as text too, for the header and the command line: see its `FromStr`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// What most have: two times.
    Even {
        first: Duration,
        gap: Duration,
    },
    Shaped(Arc<Shape>),
}

/// All that a pace may have.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    first: Distribution,
    gap: Distribution,
    /// Drawn once for an answer, in place of `gap`.
    steady: Option<Distribution>,
    /// Gaps in this order, in place of `gap`.
    recorded: Option<Arc<[Duration]>>,
    jitter: f64,
    /// After so many tokens, this on top of the gap.
    bursts: Option<(u64, Distribution)>,
    /// For each token of the prompt.
    prefill: Duration,
    /// What a cached token of the prompt costs of that.
    cached: f64,
    /// How much longer gaps are for each other answer that is being played.
    load: f64,
}

impl Pace {
    /// Without any time: whatever is ready is sent. It needs no timer, and no runtime.
    pub const INSTANT: Self = Self::new(Duration::ZERO, Duration::ZERO);

    /// `first` until the first token, then `gap` between two tokens.
    pub const fn new(first: Duration, gap: Duration) -> Self {
        Self(Kind::Even { first, gap })
    }

    /// So many tokens a second, the first at once.
    ///
    /// # Panics
    ///
    /// If `rate` is not a positive number.
    #[track_caller]
    pub fn tokens_per_second(rate: f64) -> Self {
        assert!(rate.is_finite() && rate > 0.0, "the rate must be a positive number, not {rate}");
        Self::new(Duration::ZERO, distribution::seconds_rounded(1.0 / rate))
    }

    /// The times of a recording, each counted from the request: the first is that of the first token,
    /// and the others follow in their order. An answer of more tokens goes on with the recorded gaps
    /// from the first; a time that lies before the one that it follows has no gap.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::Pace;
    ///
    /// let pace = Pace::recorded([310, 331, 358, 358, 402].map(Duration::from_millis));
    /// # let _ = pace;
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no time at all.
    #[track_caller]
    pub fn recorded(times: impl IntoIterator<Item = Duration>) -> Self {
        let times: Vec<_> = times.into_iter().collect();
        let Some(&first) = times.first() else { panic!("a recording needs one time at the least") };
        let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        Self::INSTANT.first_token(first).with(|shape| shape.recorded = Some(gaps))
    }

    /// How long the first token takes: a time, or a distribution of which each answer draws.
    #[must_use]
    pub fn first_token(self, time: impl Into<Distribution>) -> Self {
        self.with(|shape| shape.first = time.into())
    }

    /// How long each further token takes: a time, or a distribution that is drawn anew for each.
    #[must_use]
    pub fn gap(self, time: impl Into<Distribution>) -> Self {
        self.with(|shape| {
            shape.gap = time.into();
            (shape.steady, shape.recorded) = (None, None);
        })
    }

    /// How long each further token takes, drawn once for an answer: one answer is fast and another
    /// slow, and each keeps its speed.
    #[must_use]
    pub fn steady_gap(self, time: impl Into<Distribution>) -> Self {
        self.with(|shape| {
            shape.steady = Some(time.into());
            shape.recorded = None;
        })
    }

    /// Makes every time longer or shorter by up to this share of it: with 0.1, anything from 0.9 to 1.1
    /// of it, all equally likely.
    ///
    /// # Panics
    ///
    /// If `share` is not between 0 and 1.
    #[must_use]
    #[track_caller]
    pub fn jitter(self, share: f64) -> Self {
        assert!((0.0..=1.0).contains(&share), "jitter must be between 0 and 1, not {share}");
        self.with(|shape| shape.jitter = share)
    }

    /// After each `tokens` tokens comes a pause, on top of the gap; without a gap, so many tokens come
    /// at once. 0 is no pause.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::Pace;
    ///
    /// // Sixteen at once, four times a second.
    /// let pace = Pace::INSTANT.bursts(16, Duration::from_millis(250));
    /// # let _ = pace;
    /// ```
    #[must_use]
    pub fn bursts(self, tokens: u64, pause: impl Into<Distribution>) -> Self {
        self.with(|shape| shape.bursts = (tokens > 0).then(|| (tokens, pause.into())))
    }

    /// What each token of the prompt adds to the time to the first token. Tokens are those of the
    /// usage that the answer reports.
    #[must_use]
    pub fn prefill(self, per_token: Duration) -> Self {
        self.with(|shape| shape.prefill = per_token)
    }

    /// What a token of the prompt that came from the cache ([`Usage::cached`](crate::Usage)) costs of
    /// that: 0 is nothing, 1 (the default) as much as any other.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::Pace;
    ///
    /// let pace = Pace::INSTANT.prefill(Duration::from_micros(100)).cached_prefill(0.1);
    /// # let _ = pace;
    /// ```
    ///
    /// # Panics
    ///
    /// If `share` is not between 0 and 1.
    #[must_use]
    #[track_caller]
    pub fn cached_prefill(self, share: f64) -> Self {
        assert!((0.0..=1.0).contains(&share), "the share must be between 0 and 1, not {share}");
        self.with(|shape| shape.cached = share)
    }

    /// Slows down under load: every time is longer by this share for each other answer of the layer
    /// that is being waited for or sent meanwhile, at a pace with a load. With 0.05 and twenty others
    /// everything takes twice as long.
    ///
    /// This is the one thing that does not follow from seed and request alone: it depends on what
    /// else is going on.
    ///
    /// # Panics
    ///
    /// If `share` is negative or not a number.
    #[must_use]
    #[track_caller]
    pub fn load(self, share: f64) -> Self {
        assert!(share.is_finite() && share >= 0.0, "the share must be 0 or more, not {share}");
        self.with(|shape| shape.load = share)
    }

    /// Whether it takes no time, ever.
    pub(crate) fn is_instant(&self) -> bool {
        matches!(self.0, Kind::Even { first: Duration::ZERO, gap: Duration::ZERO })
    }

    /// The time to the first token.
    #[cfg(test)]
    fn first(&self) -> Distribution {
        match &self.0 {
            Kind::Even { first, .. } => Distribution::fixed(*first),
            Kind::Shaped(shape) => shape.first.clone(),
        }
    }

    fn with(self, set: impl FnOnce(&mut Shape)) -> Self {
        let mut shape = match self.0 {
            Kind::Even { first, gap } => Arc::new(Shape::even(first, gap)),
            Kind::Shaped(shape) => shape,
        };
        set(Arc::make_mut(&mut shape));
        Self(match shape.as_even() {
            Some((first, gap)) => Kind::Even { first, gap },
            None => Kind::Shaped(shape),
        })
    }
}

impl Shape {
    fn even(first: Duration, gap: Duration) -> Self {
        Self {
            first: first.into(),
            gap: gap.into(),
            steady: None,
            recorded: None,
            jitter: 0.0,
            bursts: None,
            prefill: Duration::ZERO,
            cached: 1.0,
            load: 0.0,
        }
    }

    /// Its two times, if it has no more than those.
    fn as_even(&self) -> Option<(Duration, Duration)> {
        let (first, gap) = (self.first.as_fixed()?, self.gap.as_fixed()?);
        (*self == Self::even(first, gap)).then_some((first, gap))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::INSTANT
    }
}
