//! Conditions on numbers, made of what was written.

use super::when::{All, Condition, or, with};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::when::{NumberTests, Numbers, When};
use crate::config::words::{OneOrMany, TextOr};
use crate::respond::{self as on, Number};

pub(super) fn add(when: &When, all: &mut All) -> Result<(), Fault> {
    type Row<'a> = (&'a str, &'a Option<Numbers>, fn() -> Number);
    let numbers: [Row<'_>; 7] = [
        ("turn", &when.turn, on::turn_number),
        ("messages", &when.messages, on::messages),
        ("max_tokens", &when.max_tokens, on::max_tokens),
        ("n", &when.n, on::n),
        ("seed", &when.seed, on::seed),
        ("temperature", &when.temperature, on::temperature),
        ("top_p", &when.top_p, on::top_p),
    ];
    for (key, numbers, number) in numbers {
        let Some(At { place, value: OneOrMany(tests) }) = numbers else { continue };
        let under = |fault: Fault| fault.at(*place).under(key);
        let mut either = None;
        for test in tests {
            let condition: Condition = match test {
                TextOr::Text(text) => {
                    let wanted: f64 =
                        text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| {
                            under(Fault::new(format!("expected a number, but it is {text:?}")))
                        })?;
                    Box::new(number().equals(wanted))
                }
                TextOr::Map(tests) => {
                    let mut all = All(None);
                    let NumberTests { at_least, at_most, equals, exists } = **tests;
                    number_tests(number, (at_least, at_most), &mut all);
                    if let Some(wanted) = equals {
                        all.add(number().equals(wanted));
                    }
                    match exists {
                        None => {}
                        Some(true) => all.add(number().exists()),
                        Some(false) => all.add(number().missing()),
                    }
                    all.0.ok_or_else(|| under(Fault::new("no test is said here")))?
                }
            };
            either = or(either, condition);
        }
        all.0 = either.and_then(|either| with(all.0.take(), either));
    }
    Ok(())
}

pub(super) fn number_tests(
    number: impl Fn() -> Number,
    bounds: (Option<f64>, Option<f64>),
    all: &mut All,
) {
    match bounds {
        (None, None) => {}
        (Some(least), None) => all.add(number().at_least(least)),
        (None, Some(most)) => all.add(number().at_most(most)),
        (Some(least), Some(most)) => all.add(number().between(least..=most)),
    }
}
