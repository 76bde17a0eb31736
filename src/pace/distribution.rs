//! How a time is spread, and how it is drawn.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use crate::util::rng::Rng;

/// How long something takes: always the same, or spread in one of the usual ways.
///
/// What is drawn is never negative and is rounded to microseconds. The draws of an answer follow from
/// the layer's seed and the request: the same request takes the same time again. A [`Duration`] is
/// the distribution that always gives it.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{Distribution, Pace};
///
/// let ms = Duration::from_millis;
/// // Half of all answers begin within 400 ms; a token comes after 18 to 22 ms.
/// let pace = Pace::INSTANT
///     .first_token(Distribution::log_normal(ms(400), 0.5))
///     .gap(Distribution::uniform(ms(18), ms(22)));
/// assert_ne!(pace, Pace::INSTANT);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Empirical(Arc<[Duration]>),
    Fixed(Duration),
    Gamma { shape: f64, scale: Duration },
    LogNormal { median: Duration, sigma: f64 },
    Normal { mean: Duration, deviation: Duration },
    Uniform { low: Duration, high: Duration },
}

impl Distribution {
    /// Always this.
    pub const fn fixed(time: Duration) -> Self {
        Self(Kind::Fixed(time))
    }

    /// One of these, each as likely as it is often in the list: times that were measured. To play a
    /// recording in its order, see [`Pace::recorded`](crate::Pace::recorded).
    ///
    /// # Panics
    ///
    /// If the list is empty.
    #[track_caller]
    pub fn empirical(times: impl IntoIterator<Item = Duration>) -> Self {
        let times: Arc<[Duration]> = times.into_iter().collect();
        assert!(!times.is_empty(), "an empirical distribution needs one time at the least");
        Self(Kind::Empirical(times))
    }

    /// A gamma distribution: its mean is `shape * scale`, its variance `shape * scale²`.
    ///
    /// # Panics
    ///
    /// If `shape` is not a positive number.
    #[track_caller]
    pub fn gamma(shape: f64, scale: Duration) -> Self {
        assert!(shape.is_finite() && shape > 0.0, "shape must be a positive number, not {shape}");
        Self(Kind::Gamma { shape, scale })
    }

    /// A log-normal distribution, which latencies are often near to: half of all draws are below
    /// `median`, and the logarithm has the standard deviation `sigma`. 95 in 100 are below
    /// `median * exp(1.645 * sigma)`: with 0.5, below 2.3 times the median.
    ///
    /// # Panics
    ///
    /// If `sigma` is negative or not a number.
    #[track_caller]
    pub fn log_normal(median: Duration, sigma: f64) -> Self {
        assert!(sigma.is_finite() && sigma >= 0.0, "sigma must be 0 or more, not {sigma}");
        Self(Kind::LogNormal { median, sigma })
    }

    /// A normal distribution. What would be negative is zero, so that the mean of what is drawn is
    /// higher than `mean` where `deviation` comes near to it.
    pub const fn normal(mean: Duration, deviation: Duration) -> Self {
        Self(Kind::Normal { mean, deviation })
    }

    /// Anything from `low` to `high`, all equally likely.
    ///
    /// # Panics
    ///
    /// If `low` is above `high`.
    #[track_caller]
    pub fn uniform(low: Duration, high: Duration) -> Self {
        assert!(low <= high, "the lowest time, {low:?}, is above the highest, {high:?}");
        Self(Kind::Uniform { low, high })
    }

    /// The time that it always gives, if it does.
    pub(super) fn as_fixed(&self) -> Option<Duration> {
        match self.0 {
            Kind::Fixed(time) => Some(time),
            _ => None,
        }
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> Duration {
        let seconds = match &self.0 {
            Kind::Fixed(time) => return *time,
            Kind::Empirical(times) => return times[rng.below(times.len() as u64) as usize],
            Kind::Gamma { shape, scale } => gamma(*shape, rng) * scale.as_secs_f64(),
            Kind::LogNormal { median, sigma } => {
                median.as_secs_f64() * (sigma * standard_normal(rng)).exp()
            }
            Kind::Normal { mean, deviation } => {
                deviation.as_secs_f64().mul_add(standard_normal(rng), mean.as_secs_f64())
            }
            Kind::Uniform { low, high } => {
                let width = high.as_secs_f64() - low.as_secs_f64();
                width.mul_add(unit(rng), low.as_secs_f64())
            }
        };
        seconds_rounded(seconds)
    }
}

/// Seconds as a time in whole microseconds: what platforms compute differs in the last digits, and
/// the same seed must give the same times everywhere.
pub(super) fn seconds_rounded(seconds: f64) -> Duration {
    // The cast takes care of what is negative, too large or not a number.
    Duration::from_micros((seconds * 1e6).round() as u64)
}

impl From<Duration> for Distribution {
    fn from(time: Duration) -> Self {
        Self::fixed(time)
    }
}

/// A number between 0 and 1, and neither of them.
pub(super) fn unit(rng: &mut Rng) -> f64 {
    const STEPS: f64 = (1_u64 << 53) as f64;
    ((rng.next() >> 11) as f64 + 0.5) / STEPS
}

/// After Box and Muller. The second of the pair is not kept: draws must not depend on each other.
fn standard_normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * unit(rng).ln()).sqrt();
    radius * (TAU * unit(rng)).cos()
}

/// After Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    if shape < 1.0 {
        let boost = unit(rng).powf(1.0 / shape);
        return gamma(shape + 1.0, rng) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = standard_normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && unit(rng).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 100_000;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Draws in seconds, sorted.
    fn drawn(distribution: &Distribution) -> Vec<f64> {
        let mut rng = Rng::new(7);
        let mut all: Vec<f64> = (0..N).map(|_| distribution.draw(&mut rng).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn mean(all: &[f64]) -> f64 {
        all.iter().sum::<f64>() / all.len() as f64
    }

    fn deviation(all: &[f64]) -> f64 {
        let mean = mean(all);
        (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt()
    }

    fn quantile(all: &[f64], q: f64) -> f64 {
        all[(q * all.len() as f64) as usize]
    }

    #[track_caller]
    fn near(what: &str, is: f64, should: f64, tolerance: f64) {
        assert!((is / should - 1.0).abs() < tolerance, "{what}: {is}, expected {should}");
    }

    #[test]
    fn moments_of_each_kind_are_those_of_the_books() {
        // (distribution, mean, standard deviation)
        let log_mean = 0.4 * (0.5_f64.powi(2) / 2.0).exp();
        for (name, distribution, mean_of, deviation_of) in [
            ("normal", Distribution::normal(ms(500), ms(50)), 0.5, 0.05),
            (
                "log-normal",
                Distribution::log_normal(ms(400), 0.5),
                log_mean,
                log_mean * (0.5_f64.powi(2).exp() - 1.0).sqrt(),
            ),
            ("gamma", Distribution::gamma(2.5, ms(100)), 0.25, 2.5_f64.sqrt() * 0.1),
            ("gamma below 1", Distribution::gamma(0.5, ms(100)), 0.05, 0.5_f64.sqrt() * 0.1),
            ("uniform", Distribution::uniform(ms(10), ms(30)), 0.02, 0.02 / 12_f64.sqrt()),
            ("empirical", Distribution::empirical([ms(10), ms(10), ms(40)]), 0.02, 0.014_142),
        ] {
            let all = drawn(&distribution);
            near(name, mean(&all), mean_of, 0.01);
            near(name, deviation(&all), deviation_of, 0.02);
        }
    }

    #[test]
    fn quantiles_of_each_kind_are_those_of_the_tables() {
        for (name, distribution, q, value) in [
            ("normal p95", Distribution::normal(ms(500), ms(50)), 0.95, 0.5 + 1.644_854 * 0.05),
            ("normal p1", Distribution::normal(ms(500), ms(50)), 0.01, 0.5 - 2.326_348 * 0.05),
            ("log-normal p50", Distribution::log_normal(ms(400), 0.5), 0.5, 0.4),
            ("log-normal p99", Distribution::log_normal(ms(400), 0.5), 0.99, 0.4 * 3.200_17),
            // A gamma of shape n/2 and scale 2 is a chi-square with n degrees of freedom.
            ("chi-square 5, p95", Distribution::gamma(2.5, ms(2000)), 0.95, 11.070_5),
            ("chi-square 1, p95", Distribution::gamma(0.5, ms(2000)), 0.95, 3.841_46),
            // And one of shape 1 is exponential.
            ("exponential p90", Distribution::gamma(1.0, ms(1000)), 0.9, 10_f64.ln()),
            ("uniform p25", Distribution::uniform(ms(10), ms(30)), 0.25, 0.015),
        ] {
            near(name, quantile(&drawn(&distribution), q), value, 0.02);
        }
    }

    #[test]
    fn nothing_is_negative_and_nothing_overflows() {
        let all = drawn(&Distribution::normal(ms(1), ms(50)));
        assert_eq!(all[0], 0.0);
        let mut rng = Rng::new(1);
        for huge in [
            Distribution::fixed(Duration::MAX),
            Distribution::log_normal(Duration::MAX, 50.0),
            Distribution::normal(Duration::MAX, Duration::MAX),
            Distribution::uniform(Duration::ZERO, Duration::MAX),
            Distribution::gamma(1e300, Duration::MAX),
            Distribution::gamma(1e-300, Duration::MAX),
        ] {
            let _ = huge.draw(&mut rng);
        }
    }

    #[test]
    #[should_panic(expected = "sigma must be 0 or more, not NaN")]
    fn nonsense_is_refused_by_name() {
        let _ = Distribution::log_normal(ms(1), f64::NAN);
    }
}
