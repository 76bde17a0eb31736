//! Cassettes, made of what was written.

use crate::config::de::At;
use crate::config::words::TextOr;
use crate::config::words::settings::CassetteMap;

/// As a file says it: a path, or all of it.
type Written = At<TextOr<CassetteMap>>;

#[cfg(not(feature = "cassette"))]
pub(in crate::config) fn check(
    At { place, .. }: &Written,
) -> Result<(), crate::config::fault::Fault> {
    let fault = crate::config::fault::Fault::new(
        "a cassette takes the feature `cassette` of tower-mock-llm",
    );
    Err(fault.at(*place))
}

#[cfg(feature = "cassette")]
pub(in crate::config) use self::made::{check, open};

#[cfg(feature = "cassette")]
mod made {
    use std::path::Path;

    use super::Written;
    use crate::cassette::{Cassette, RecordMode, Stale};
    use crate::config::de::At;
    use crate::config::fault::Fault;
    use crate::config::make::{texts, time};
    use crate::config::words::TextOr;
    use crate::config::words::settings::{CassetteMap, StaleName};
    use crate::error::Error;
    use crate::respond::last_user;

    /// What is wrong with a cassette, seen before it is opened.
    pub(in crate::config) fn check(At { value, .. }: &Written) -> Result<(), Fault> {
        let TextOr::Map(map) = value else { return Ok(()) };
        if let Some(mode) = &map.mode {
            record_mode(mode).map_err(|fault| fault.under("mode"))?;
        }
        if let Some(timing) = &map.timing
            && !(timing.value.is_finite() && timing.value >= 0.0)
        {
            let why = format!("expected a number of 0 or more, but it is {}", timing.value);
            return Err(Fault::new(why).at(timing.place).under("timing"));
        }
        if let Some(fuzzy) = &map.fuzzy
            && !(0.0..=1.0).contains(&fuzzy.value)
        {
            let why = format!("expected a number from 0 to 1, but it is {}", fuzzy.value);
            return Err(Fault::new(why).at(fuzzy.place).under("fuzzy"));
        }
        for (key, pointers) in pointers(map) {
            for (index, At { place, value }) in pointers.iter().enumerate() {
                if !value.starts_with('/') {
                    let why = format!("a JSON pointer begins with `/`: {value:?} does not");
                    let fault = Fault::new(why).at(*place);
                    return Err(fault.under(format!("[{index}]")).under(key));
                }
            }
        }
        for (index, pattern) in map.redact_regex.iter().enumerate() {
            texts::regex(last_user(), pattern)
                .map_err(|fault| fault.under(format!("[{index}]")).under("redact_regex"))?;
        }
        for (index, change) in map.normalize.iter().enumerate() {
            texts::regex(last_user(), &change.regex).map_err(|fault| {
                fault.under("regex").under(format!("[{index}]")).under("normalize")
            })?;
        }
        if let Some(age) = &map.max_age {
            time(&age.age).map_err(|fault| fault.under("age").under("max_age"))?;
        }
        let Some(fork) = &map.fork else { return Ok(()) };
        if path(&fork.cassette.value) == map.path.value {
            let fault = Fault::new("a cassette cannot be a branch of itself");
            return Err(fault.at(fork.cassette.place).under("cassette").under("fork"));
        }
        check(&fork.cassette).map_err(|fault| fault.under("cassette").under("fork"))
    }

    /// The cassette; its path is from `folder` on.
    pub(in crate::config) fn open(
        written: &TextOr<CassetteMap>,
        folder: &Path,
    ) -> Result<Cassette, Error> {
        let mut cassette = Cassette::open(folder.join(path(written)))?;
        let TextOr::Map(map) = written else { return Ok(cassette) };
        cassette = cassette.repeat(map.repeat).transcode(map.transcode);
        if let Some(mode) = &map.mode {
            cassette = cassette.mode(record_mode(mode)?);
        }
        if let Some(timing) = &map.timing {
            cassette = cassette.timing(timing.value);
        }
        if let Some(fuzzy) = &map.fuzzy {
            cassette = cassette.fuzzy(fuzzy.value);
        }
        let set: [fn(Cassette, &str) -> Cassette; 4] =
            [Cassette::ignore, Cassette::exact, Cassette::volatile, Cassette::redact];
        for ((_, pointers), set) in pointers(map).into_iter().zip(set) {
            for pointer in pointers {
                cassette = set(cassette, &pointer.value);
            }
        }
        #[cfg(feature = "regex")]
        for pattern in &map.redact_regex {
            cassette = cassette.redact_regex(&pattern.value);
        }
        #[cfg(feature = "regex")]
        if !map.normalize.is_empty() {
            let change = |change: &crate::config::words::settings::NormalizeMap| {
                let regex = regex::Regex::new(&change.regex.value);
                regex.map(|regex| (regex, change.with.clone()))
            };
            let changes: Result<Vec<_>, _> = map.normalize.iter().map(change).collect();
            let changes = changes.map_err(|error| Error::config(error.to_string()))?;
            cassette = cassette.normalize(move |text| {
                changes.iter().fold(text.to_owned(), |text, (regex, with)| {
                    regex.replace_all(&text, with.as_str()).into_owned()
                })
            });
        }
        if let Some(age) = &map.max_age {
            let stale = match age.stale {
                StaleName::Fail => Stale::Fail,
                StaleName::Refresh => Stale::Refresh,
                StaleName::Warn => Stale::Warn,
            };
            cassette = cassette.max_age(time(&age.age)?, stale);
        }
        Ok(match &map.fork {
            Some(fork) => cassette.fork_at(fork.turn, open(&fork.cassette.value, folder)?),
            None => cassette,
        })
    }

    fn path(written: &TextOr<CassetteMap>) -> &str {
        match written {
            TextOr::Text(path) => path,
            TextOr::Map(map) => &map.path.value,
        }
    }

    /// The lists of places, by their keys.
    fn pointers(map: &CassetteMap) -> [(&'static str, &[At<String>]); 4] {
        [
            ("ignore", &map.ignore),
            ("exact", &map.exact),
            ("volatile", &map.volatile),
            ("redact", &map.redact),
        ]
    }

    fn record_mode(At { place, value }: &At<String>) -> Result<RecordMode, Fault> {
        let mode = if value == "off" { Some(RecordMode::Off) } else { RecordMode::parse(value) };
        mode.ok_or_else(|| {
            let known = ["off", "replay", "record_missing", "record_all", "refresh", "verify"];
            Fault::unknown("value", value, &known).at(*place)
        })
    }
}
