//! Which calls are wanted: the query of `/__mock/calls`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::mask::Shown;
use super::respond::Refusal;
use super::trace::Trace;
use crate::journal::Received;
use crate::respond::glob;

/// The parameters of a query, each once.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        let mut all: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            if all.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::bad(format!("the parameter `{name}` stands here twice")));
            }
            all.push((name, value));
        }
        Ok(Self(all))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Refuses parameters that nobody asks for: a filter that is misspelt would let everything through.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::bad(format!(
                "there is no parameter `{name}`; there are {}",
                known.join(", ")
            ))),
        }
    }

    /// A parameter that is there, or says `true` or `1`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(other) => {
                Err(Refusal::bad(format!("`{name}` must be `true` or `false`, and is `{other}`")))
            }
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let number = |text: &str| {
            let wrong = || Refusal::bad(format!("`{name}` must be a number, and is `{text}`"));
            text.parse().map_err(|_| wrong())
        };
        self.get(name).map(number).transpose()
    }
}

/// Undoes the encoding of a query or a path: `%20`, and `+` for a space.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
        at += 1;
        match (byte, hex(at), hex(at + 1)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', _, _) => decoded.push(b' '),
            (byte, _, _) => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Which calls are wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    provider: Option<String>,
    wire: Option<String>,
    model: Option<String>,
    key: Option<String>,
    status: Option<Statuses>,
    rule: Option<String>,
    session: Option<String>,
    since: Option<SystemTime>,
    until: Option<SystemTime>,
}

/// The parameters that it is made of.
pub(super) const FILTERS: [&str; 9] =
    ["provider", "wire", "model", "key", "status", "rule", "session", "since", "until"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Statuses {
    /// 400 and more, and what broke off.
    Errors,
    /// `4xx`, by its first digit.
    Class(u16),
    One(u16),
}

impl Filter {
    /// `now`: what a span of time is counted back from.
    pub(super) fn of(query: &Query, now: SystemTime) -> Result<Self, Refusal> {
        let text = |name| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let time = |name| {
            let parse = |text: &str| {
                moment(text, now).ok_or_else(|| {
                    Refusal::bad(format!(
                        "`{name}` must be a span of time (`90s`, `5m`, `2h`, `1d`), seconds since \
                         1970 or a time such as `2026-11-21T18:00:00Z`, and is `{text}`"
                    ))
                })
            };
            query.get(name).filter(|text| !text.is_empty()).map(parse).transpose()
        };
        let statuses = |text: &str| {
            Statuses::parse(text).ok_or_else(|| {
                Refusal::bad(format!(
                    "`status` must be a status (`429`), a class of them (`5xx`) or `error`, and is \
                     `{text}`"
                ))
            })
        };
        Ok(Self {
            provider: text("provider"),
            wire: text("wire"),
            model: text("model"),
            key: text("key"),
            status: text("status").as_deref().map(statuses).transpose()?,
            rule: text("rule"),
            session: text("session"),
            since: time("since")?,
            until: time("until")?,
        })
    }

    pub(super) fn takes(&self, received: &Received, trace: &Trace) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        is(&self.provider, trace.answered_by())
            && is(&self.wire, trace.wire.as_str())
            && self.status.is_none_or(|status| status.takes(trace))
            && self.model.as_ref().is_none_or(|wanted| {
                let model = super::calls::model(received, trace).unwrap_or_default();
                glob(wanted, model)
            })
            && self.key.as_ref().is_none_or(|wanted| {
                let key = received.head.as_head().api_key();
                key.is_some_and(|key| Shown::is_meant(key, wanted))
            })
            && self.rule.as_ref().is_none_or(|wanted| {
                let rule = received.rule.as_deref().unwrap_or_default();
                rule == wanted || rule.trim_matches('`') == wanted
            })
            && self.session.as_ref().is_none_or(|wanted| {
                super::calls::session(received).as_deref() == Some(wanted.as_str())
            })
            && self.since.is_none_or(|since| trace.observer().time_of(trace.at) >= since)
            && self.until.is_none_or(|until| trace.observer().time_of(trace.at) <= until)
    }
}

impl Statuses {
    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("error") {
            return Some(Self::Errors);
        }
        if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
            return class.parse().ok().filter(|class| (1..=9).contains(class)).map(Self::Class);
        }
        text.parse().ok().filter(|status| (100..=999).contains(status)).map(Self::One)
    }

    fn takes(self, trace: &Trace) -> bool {
        match self {
            Self::Errors => trace.status >= 400 || matches!(trace.ending(), "broken" | "no_answer"),
            Self::Class(class) => trace.status / 100 == class,
            Self::One(status) => trace.status == status,
        }
    }
}

/// `5m` ago, seconds since 1970, or RFC 3339 in UTC.
fn moment(text: &str, now: SystemTime) -> Option<SystemTime> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let of_unit = match unit {
        "" => {
            let since = Duration::try_from_secs_f64(number.parse().ok()?).ok()?;
            return UNIX_EPOCH.checked_add(since);
        }
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return rfc3339(text),
    };
    let span = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * of_unit).ok()?;
    Some(now.checked_sub(span).unwrap_or(UNIX_EPOCH).max(UNIX_EPOCH))
}

fn rfc3339(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix("+00:00"))?;
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (time.next()?.parse::<i64>().ok()?, time.next()?.parse::<i64>().ok()?);
    let seconds = time.next()?.parse::<f64>().ok().filter(|s| (0.0..61.0).contains(s))?;
    let is_date = (1970..10_000).contains(&year) && (1..=12).contains(&month);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute);
    if !is_date || !is_time || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the calendar, after Howard Hinnant's `days_from_civil`.
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, month) = (shifted.div_euclid(400), (month + 9) % 12);
    let of_era = shifted - era * 400;
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let whole = u64::try_from(days * 86_400 + hour * 3600 + minute * 60).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(whole) + Duration::try_from_secs_f64(seconds).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spans_seconds_and_dates() {
        let now = UNIX_EPOCH + Duration::from_secs(1_768_426_551);
        let at = |seconds: f64| Some(UNIX_EPOCH + Duration::from_secs_f64(seconds));
        for (text, expected) in [
            ("5m", at(1_768_426_251.0)),
            ("1.5h", at(1_768_421_151.0)),
            ("1768426551", at(1_768_426_551.0)),
            ("2026-01-14T21:35:51Z", at(1_768_426_551.0)),
            ("2026-01-14T21:35:51.5+00:00", at(1_768_426_551.5)),
            ("2000-02-29T00:00:00Z", at(951_782_400.0)),
            ("99999999d", at(0.0)),
            ("", None),
            ("soon", None),
            ("5 m", None),
            ("1e999", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-14T21:35:51", None),
            ("2026-01-14T99:35:51Z", None),
        ] {
            assert_eq!(moment(text, now), expected, "{text}");
        }
    }

    #[test]
    fn queries_are_decoded_and_misspelt_ones_refused() {
        let query = Query::parse(Some("model=gpt-4%2A&rule=a+b&follow&bad=%zz%4")).unwrap();
        assert_eq!(query.get("model"), Some("gpt-4*"));
        assert_eq!(query.get("rule"), Some("a b"));
        assert_eq!(query.get("bad"), Some("%zz%4"));
        assert!(query.flag("follow").unwrap());
        assert!(query.only(&["model", "rule"]).is_err());
        assert!(Query::parse(Some("a=1&a=2")).is_err());
        assert_eq!(Statuses::parse("4xx"), Some(Statuses::Class(4)));
        assert_eq!(Statuses::parse("429"), Some(Statuses::One(429)));
        assert_eq!(Statuses::parse("error"), Some(Statuses::Errors));
        assert_eq!(Statuses::parse("fine"), None);
    }
}
