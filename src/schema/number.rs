//! Numbers within bounds.

use serde_json::{Number, Value};

use super::json::Json;
use super::maker::Halt;
use super::parts::Part;
use super::place::Place;
use super::verdict::Verdict;
use super::words;

/// Integers that every client can read.
const WIDEST: i128 = 1 << 53;

/// An integer within all bounds.
pub(super) fn integer<'a>(
    parts: &[Part<'a>],
    place: &Place<'a, '_>,
    seed: u64,
) -> Result<Json<'a>, Halt> {
    let range = Range::of(parts);
    range
        .integer(words::number(place.name, seed), place.variant)
        .map(Json::Number)
        .ok_or_else(|| Halt::Fault(at(parts), "an integer within these bounds".to_owned()))
}

/// A number within all bounds: with a fraction where it may have one, so that it is seen to be no
/// integer.
pub(super) fn number<'a>(
    parts: &[Part<'a>],
    place: &Place<'a, '_>,
    seed: u64,
) -> Result<Json<'a>, Halt> {
    let range = Range::of(parts);
    let step = parts.iter().find_map(|part| part.get("multipleOf").and_then(Value::as_f64));
    let wish = words::number(place.name, seed) as f64 + 0.5 + place.variant as f64;
    let wished = (step.is_none() && range.holds(wish)).then_some(wish);
    let made = wished.and_then(Number::from_f64);
    let made = made.or_else(|| range.integer(words::number(place.name, seed), place.variant));
    let made = made.or_else(|| range.fraction(step, place.variant).and_then(Number::from_f64));
    made.map(Json::Number)
        .ok_or_else(|| Halt::Fault(at(parts), "a number within these bounds".to_owned()))
}

/// Whether the bounds of `part` hold.
pub(super) fn fits(number: &Number, part: &Part<'_>) -> bool {
    let Some(value) = number.as_f64() else { return false };
    let exact = whole(number);
    let [low, high] = part.bounds();
    let above = low.is_none_or(|(bound, open)| compare(exact, value, bound, open, true));
    let below = high.is_none_or(|(bound, open)| compare(exact, value, bound, open, false));
    let step = part.get("multipleOf").and_then(Value::as_number);
    above && below && step.is_none_or(|step| is_multiple(exact, value, step))
}

/// The same as a verdict. A judge does not trust its own arithmetic with fractions.
pub(super) fn verdict(number: &Number, part: &Part<'_>, judges: bool) -> Verdict {
    if fits(number, part) {
        return Verdict::Valid;
    }
    let step = part.get("multipleOf").and_then(Value::as_f64);
    let near = match (number.as_f64(), step) {
        (Some(value), Some(step)) => {
            let times = value / step;
            let whole = whole(number).is_some() && step.fract() == 0.0;
            let off = (times - times.round()).abs();
            !whole && (off.is_nan() || off <= 1e-9 * times.abs().max(1.0))
        }
        (None, _) => true,
        (Some(_), None) => false,
    };
    if judges && near { Verdict::Unknown } else { Verdict::Invalid }
}

fn at(parts: &[Part<'_>]) -> *const Value {
    const KEYS: [&str; 5] =
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    let bound = parts.iter().find(|part| KEYS.iter().any(|key| part.get(key).is_some()));
    bound.or(parts.first()).map_or(std::ptr::null(), |part| part.at)
}

fn compare(exact: Option<i128>, value: f64, bound: &Value, open: bool, lower: bool) -> bool {
    let order = match (exact, bound.as_number().and_then(whole)) {
        (Some(value), Some(bound)) => Some(value.cmp(&bound)),
        _ => bound.as_f64().and_then(|bound| value.partial_cmp(&bound)),
    };
    order.is_some_and(|order| match (order.is_eq(), lower) {
        (true, _) => !open,
        (false, true) => order.is_gt(),
        (false, false) => order.is_lt(),
    })
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
        number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e15).map(|it| it as i128)
    })
}

fn is_multiple(exact: Option<i128>, value: f64, step: &Number) -> bool {
    match (exact, whole(step)) {
        (Some(value), Some(step)) => step != 0 && value % step == 0,
        _ => step.as_f64().is_some_and(|step| (value / step).fract() == 0.0),
    }
}

/// The bounds of all parts.
struct Range<'p, 'a> {
    parts: &'p [Part<'a>],
    low: Option<f64>,
    high: Option<f64>,
}

impl<'p, 'a> Range<'p, 'a> {
    fn of(parts: &'p [Part<'a>]) -> Self {
        let mut range = Self { parts, low: None, high: None };
        for part in parts {
            let [low, high] = part.bounds().map(|it| it.and_then(|(bound, _)| bound.as_f64()));
            range.low = low.map(|it| it.max(range.low.unwrap_or(it))).or(range.low);
            range.high = high.map(|it| it.min(range.high.unwrap_or(it))).or(range.high);
        }
        range
    }

    fn holds(&self, value: f64) -> bool {
        Number::from_f64(value)
            .is_some_and(|number| self.parts.iter().all(|part| fits(&number, part)))
    }

    fn integer(&self, wish: i64, variant: u64) -> Option<Number> {
        let mut step: i128 = 1;
        for part in self.parts {
            let Some(multiple) = part.get("multipleOf").and_then(Value::as_number) else {
                continue;
            };
            let multiple = match whole(multiple) {
                Some(multiple) => multiple.abs(),
                // 0.25 goes into every integer, 1.5 into every third: the first that it goes into.
                None => (1..=1000).find(|it| is_multiple(Some(*it), *it as f64, multiple))?,
            };
            step = least_common(step, multiple).filter(|it| *it <= WIDEST)?;
        }
        // Bounds beyond what clients can read are left alone, unless nothing else fits.
        let low = self.low.map_or(-WIDEST, |it| it.ceil() as i128);
        let high = self.high.map_or(WIDEST, |it| it.floor() as i128);
        let (low, high) = (low.max(i64::MIN.into()), high.min(u64::MAX.into()));
        let mut first = low.div_euclid(step) * step;
        first += if first < low { step } else { 0 };
        let mut last = high.div_euclid(step) * step;
        let fits = |value: i128| {
            let number = to_number(value);
            number.filter(|number| self.parts.iter().all(|part| fits(number, part)))
        };
        // Bounds that are left out themselves, and bounds cut to what a float can hold.
        for _ in 0..2 {
            first += if fits(first).is_none() { step } else { 0 };
            last -= if fits(last).is_none() { step } else { 0 };
        }
        if first > last {
            return None;
        }
        let count = (last - first) / step + 1;
        let wished = (i128::from(wish).clamp(first, last) - first) / step;
        let wished = if wished * step + first < i128::from(wish) && wished + 1 < count {
            wished + 1
        } else {
            wished
        };
        let index = (wished + i128::from(variant) % count) % count;
        fits(first + index * step)
    }

    fn fraction(&self, step: Option<f64>, variant: u64) -> Option<f64> {
        let low = self.low.or(self.high.map(|it| it - 1.0)).unwrap_or(0.0);
        let high = self.high.unwrap_or(low + 1.0);
        if let Some(step) = step.filter(|step| *step > 0.0) {
            let first = (low / step).ceil();
            let all = (0..256).map(|it| (first + it as f64) * step).filter(|it| self.holds(*it));
            return all.take(16).cycle().nth(variant as usize % 16);
        }
        let share = (variant % 64 + 1) as f64 / ((variant % 64 + 2) as f64);
        let between = low + (high - low) * share;
        [between, low, high, low.midpoint(high)].into_iter().find(|it| self.holds(*it))
    }
}

fn to_number(value: i128) -> Option<Number> {
    i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from)).ok()
}

fn least_common(a: i128, b: i128) -> Option<i128> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (x != 0).then(|| (a / x).checked_mul(b))?.filter(|it| *it > 0)
}
