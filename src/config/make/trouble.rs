//! Trouble, made of what was written.

use std::time::Duration;

use super::answer::{is_said, said};
use super::{fault, range, time, when};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::answer::{DuringMap, TroubleMap};
use crate::fault::Trouble;
use crate::pace;
use crate::respond::Boxed;

pub(in crate::config) fn troubles(written: &[At<TroubleMap>]) -> Result<Vec<Trouble>, Fault> {
    let trouble = |(index, At { place, value }): (usize, &At<TroubleMap>)| {
        trouble(value)
            .map_err(|fault| fault.at(*place).under(format!("[{index}]")).under("trouble"))
    };
    written.iter().enumerate().map(trouble).collect()
}

fn trouble(written: &TroubleMap) -> Result<Trouble, Fault> {
    let TroubleMap {
        when: condition,
        on_attempts,
        probability,
        during,
        between,
        fault: what,
        pace,
        ..
    } = written;
    let answer = written.said();
    let mut trouble = match what {
        // A fault alone befalls whatever the rules say.
        Some(what) if !is_said(&answer) => {
            if let Some(pace) = pace {
                let fault = Fault::new("only an answer has it, and a fault alone is none");
                return Err(fault.at(pace.place).under("pace"));
            }
            Trouble::fault(fault::fault(what).map_err(|fault| fault.under("fault"))?)
        }
        _ => Trouble::answer(said(&answer)?),
    };
    if let Some(condition) = when::when(condition).map_err(|fault| fault.under("when"))? {
        trouble = trouble.when(Boxed(condition));
    }
    if let Some(attempts) = on_attempts {
        let (first, last) = range(attempts).map_err(|fault| fault.under("on_attempts"))?;
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        trouble = trouble.on_attempts((first.map(number), last.map(number)));
    }
    if let Some(At { place, value }) = probability {
        if !(0.0..=1.0).contains(value) {
            let fault = Fault::new(format!("expected a number from 0 to 1, but it is {value}"));
            return Err(fault.at(*place).under("probability"));
        }
        trouble = trouble.probability(*value);
    }
    if let Some(during) = during {
        let (from, to) = window(during).map_err(|fault| fault.under("during"))?;
        trouble = trouble.during(from..to);
    }
    if let Some(between) = between {
        let (from, to) = window(between).map_err(|fault| fault.under("between"))?;
        let now = pace::now();
        let at = |time: Duration| now.checked_add(time).unwrap_or(now + NEVER);
        trouble = trouble.between(at(from)..at(to));
    }
    Ok(trouble)
}

/// Later than any process ends.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

fn window(written: &DuringMap) -> Result<(Duration, Duration), Fault> {
    let at = |text: &Option<At<String>>, key, otherwise| match text {
        None => Ok(otherwise),
        Some(text) => time(text).map_err(|fault| fault.under(key)),
    };
    Ok((at(&written.from, "from", Duration::ZERO)?, at(&written.to, "to", NEVER)?))
}
