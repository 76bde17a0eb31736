//! A pace as text: for a header, a command line, a file.

use std::str::FromStr;
use std::time::Duration;

use http::HeaderValue;

use super::{Distribution, Pace};
use crate::error::Error;
use crate::request::RequestHead;

/// The header by which a request asks for a pace.
const HEADER: &str = "x-mock-llm-pace";

/// The pace that the head of a request asks for, or what is wrong with it.
pub(crate) fn asked(head: &RequestHead) -> Result<Option<Pace>, Error> {
    let Some(value) = head.headers.get(HEADER) else { return Ok(None) };
    HeaderValue::to_str(value)
        .map_err(|_| Error::config("it is not plain ASCII"))
        .and_then(str::parse)
        .map(Some)
        .map_err(|error| Error::config(format!("the header `{HEADER}`: {error}")))
}

/// Reads a pace from text: `instant`, or settings with semicolons between them.
///
/// | setting | as in Rust |
/// |---|---|
/// | `first=300ms` | [`first_token`](Pace::first_token) |
/// | `gap=20ms` | [`gap`](Pace::gap) |
/// | `steady=20ms` | [`steady_gap`](Pace::steady_gap) |
/// | `rate=50` | a gap of a second through 50 |
/// | `jitter=0.1` | [`jitter`](Pace::jitter) |
/// | `burst=16/250ms` | [`bursts`](Pace::bursts) |
/// | `prefill=100us` | [`prefill`](Pace::prefill) |
/// | `cached=0.1` | [`cached_prefill`](Pace::cached_prefill) |
/// | `load=0.05` | [`load`](Pace::load) |
/// | `recorded=310ms,331ms,402ms` | [`Pace::recorded`]; goes first |
/// | `model=gpt-4o` | [`Pace::of_model`]; goes first |
///
/// A time is a number and `us`, `ms` or `s`. Where Rust takes a [`Distribution`], it may be
/// `normal(300ms, 50ms)`, `log-normal(300ms, 0.5)`, `gamma(2.5, 100ms)`, `uniform(10ms, 30ms)` or
/// `empirical(10ms, 10ms, 40ms)`.
///
/// ```
/// use std::time::Duration;
/// use tower_mock_llm::{Distribution, Pace};
///
/// let ms = Duration::from_millis;
/// let pace: Pace = "first=log-normal(300ms, 0.5); gap=20ms".parse()?;
/// assert_eq!(pace, Pace::new(ms(0), ms(20)).first_token(Distribution::log_normal(ms(300), 0.5)));
/// let error = "first=300".parse::<Pace>().unwrap_err();
/// assert_eq!(error.to_string(), "`first=300`: `300` is no time; write 20ms, 1.5s or 100us");
/// # Ok::<(), tower_mock_llm::Error>(())
/// ```
impl FromStr for Pace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut pace = Self::INSTANT;
        let settings = text.split(';').map(str::trim).filter(|setting| !setting.is_empty());
        for (index, setting) in settings.enumerate() {
            pace = set(pace, index, setting)
                .map_err(|why| Error::config(format!("`{setting}`: {why}")))?;
        }
        Ok(pace)
    }
}

fn set(pace: Pace, index: usize, setting: &str) -> Result<Pace, String> {
    let (name, value) = match setting.split_once('=') {
        Some((name, value)) => (name.trim_end(), value.trim_start()),
        None if setting == "instant" && index == 0 => return Ok(pace),
        None => return Err(format!("a setting is `name=value`, or all is `instant`; {NAMES}")),
    };
    Ok(match name {
        "first" => pace.first_token(distribution(value)?),
        "gap" => pace.gap(distribution(value)?),
        "steady" => pace.steady_gap(distribution(value)?),
        "rate" => {
            let rate = number(value, |n| n > 0.0)?;
            pace.gap(super::distribution::seconds_rounded(1.0 / rate))
        }
        "jitter" => pace.jitter(share(value)?),
        "burst" => {
            let form = || format!("`{value}` is no burst; write 16/250ms");
            let (tokens, pause) = value.split_once('/').ok_or_else(form)?;
            pace.bursts(tokens.trim().parse().map_err(|_| form())?, distribution(pause.trim())?)
        }
        "prefill" => pace.prefill(time(value)?),
        "cached" => pace.cached_prefill(share(value)?),
        "load" => pace.load(number(value, |n| n >= 0.0)?),
        "model" | "recorded" if index > 0 => return Err("it goes first".to_owned()),
        "model" => Pace::of_model(value).ok_or_else(|| {
            format!("there are no figures for `{value}`; `Pace::of_model` lists those that are")
        })?,
        "recorded" => {
            Pace::recorded(value.split(',').map(time).collect::<Result<Vec<_>, String>>()?)
        }
        other => return Err(format!("there is no setting `{other}`; {NAMES}")),
    })
}

const NAMES: &str = "settings are first, gap, steady, rate, jitter, burst, prefill, cached, load, \
                     recorded and model";

fn distribution(text: &str) -> Result<Distribution, String> {
    let Some((name, arguments)) = text.strip_suffix(')').and_then(|call| call.split_once('('))
    else {
        return time(text).map(Distribution::fixed);
    };
    let arguments: Vec<_> = arguments.split(',').map(str::trim).collect();
    Ok(match (name.trim_end(), &arguments[..]) {
        ("normal", [mean, deviation]) => Distribution::normal(time(mean)?, time(deviation)?),
        ("log-normal", [median, sigma]) => {
            Distribution::log_normal(time(median)?, number(sigma, |n| n >= 0.0)?)
        }
        ("gamma", [shape, scale]) => Distribution::gamma(number(shape, |n| n > 0.0)?, time(scale)?),
        ("uniform", [low, high]) => match (time(low)?, time(high)?) {
            (low, high) if low <= high => Distribution::uniform(low, high),
            _ => return Err(format!("{low} is above {high}")),
        },
        ("empirical", times) => Distribution::empirical(
            times.iter().map(|text| time(text)).collect::<Result<Vec<_>, String>>()?,
        ),
        _ => {
            return Err(format!(
                "`{text}` is no distribution; write normal(mean, deviation), log-normal(median, \
                 sigma), gamma(shape, scale), uniform(low, high) or empirical(times)"
            ));
        }
    })
}

fn time(text: &str) -> Result<Duration, String> {
    let form = || format!("`{text}` is no time; write 20ms, 1.5s or 100us");
    let text = text.trim();
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(form)?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(form()),
    };
    let number: f64 = number.trim_end().parse().map_err(|_| form())?;
    if !(0.0..=1e12).contains(&number) {
        return Err(form());
    }
    Ok(super::distribution::seconds_rounded(number * unit))
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |n| n <= 1.0)
        .map_err(|_| format!("`{text}` is no share; write a number from 0 to 1"))
}

fn number(text: &str, fits: impl FnOnce(f64) -> bool) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|number: &f64| (0.0..=1e12).contains(number));
    number.filter(|number| fits(*number)).ok_or_else(|| format!("`{text}` is no number that fits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn every_setting_can_be_written() {
        for (text, pace) in [
            ("", Pace::INSTANT),
            ("instant", Pace::INSTANT),
            ("first=300ms;gap=20ms", Pace::new(ms(300), ms(20))),
            (" first = 1.5s ; rate = 50 ; ", Pace::new(ms(1500), ms(20))),
            ("gap=20ms; jitter=0.1", Pace::new(ms(0), ms(20)).jitter(0.1)),
            ("burst=16/250ms", Pace::INSTANT.bursts(16, ms(250))),
            (
                "prefill=100us; cached=0; load=0.05",
                Pace::INSTANT.prefill(Duration::from_micros(100)).cached_prefill(0.0).load(0.05),
            ),
            ("recorded=310ms, 331ms", Pace::recorded([ms(310), ms(331)])),
            ("model=gpt-4o", Pace::of_model("gpt-4o").unwrap()),
            (
                "steady=gamma(2.5, 100ms)",
                Pace::INSTANT.steady_gap(Distribution::gamma(2.5, ms(100))),
            ),
            ("gap=normal(9ms,1ms)", Pace::INSTANT.gap(Distribution::normal(ms(9), ms(1)))),
            ("gap=uniform(1ms,9ms)", Pace::INSTANT.gap(Distribution::uniform(ms(1), ms(9)))),
            ("gap=empirical(1ms)", Pace::INSTANT.gap(Distribution::empirical([ms(1)]))),
        ] {
            assert_eq!(text.parse::<Pace>().unwrap(), pace, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_form() {
        for (text, why) in [
            ("slow", "a setting is `name=value`"),
            ("first=1ms; instant", "a setting is `name=value`"),
            ("speed=9", "there is no setting `speed`; settings are first, gap,"),
            ("first=20", "`20` is no time; write 20ms"),
            ("first=-20ms", "`-20ms` is no time"),
            ("first=NaNs", "is no time"),
            ("first=1e99s", "is no time"),
            ("gap=weird(1ms)", "is no distribution; write normal("),
            ("gap=normal(1ms)", "is no distribution"),
            ("gap=gamma(0, 1ms)", "`0` is no number that fits"),
            ("gap=uniform(9ms, 1ms)", "9ms is above 1ms"),
            ("gap=empirical()", "`` is no time"),
            ("rate=0", "is no number that fits"),
            ("rate=inf", "is no number that fits"),
            ("jitter=1.1", "`1.1` is no share; write a number from 0 to 1"),
            ("cached=-1", "is no share"),
            ("load=-1", "is no number that fits"),
            ("burst=16", "`16` is no burst; write 16/250ms"),
            ("burst=x/1ms", "is no burst"),
            ("model=nobody", "there are no figures for `nobody`"),
            ("gap=1ms; model=gpt-4o", "it goes first"),
            ("recorded=", "`` is no time"),
        ] {
            let error = text.parse::<Pace>().unwrap_err();
            assert!(error.is_config(), "{text}");
            let error = error.to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
