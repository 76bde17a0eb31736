//! `mock-llm validate`.

use std::io::Write;

use serde::Serialize;

use super::args::{Expect, Validate};
use super::style::{Tone, paint};
use super::{Failure, config, print_json};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    file: String,
    /// Whether it can be read and makes sense.
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    mocked: Vec<String>,
    live: Vec<String>,
    warnings: Vec<String>,
    /// Whether it is as expected, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
}

pub(super) fn validate(
    options: &Validate,
    colored: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let file = options.file.display().to_string();
    let config = match config(&options.file, options.profile.as_deref()) {
        Ok(config) => config,
        Err(failure) if options.json => {
            let error = Some(failure.to_string());
            let (mocked, live, warnings, met) = <_>::default();
            print_json(out, &Report { file, valid: false, error, mocked, live, warnings, met })?;
            return Err(Failure::Said);
        }
        Err(failure) => return Err(failure),
    };
    let (mocked, live, warnings) = (config.mocked(), config.live(), config.warnings());
    let wrong = match options.expect {
        None => &[][..],
        Some(Expect::Development) => &live,
        Some(Expect::Production) => &mocked,
    };
    let met = options.expect.map(|_| wrong.is_empty());
    let unmet = options.expect.filter(|_| !wrong.is_empty()).map(|expect| {
        let (wanted, what) = match expect {
            Expect::Development => ("development", "could go live"),
            Expect::Production => ("production", "would be mocked"),
        };
        format!("{file} is not fit for {wanted}: something {what}:\n  {}", wrong.join("\n  "))
    });
    if options.json {
        let report = Report { file, valid: true, error: None, mocked, live, warnings, met };
        print_json(out, &report)?;
        return unmet.map_or(Ok(()), |_| Err(Failure::UnmetSaid));
    }
    if let Some(unmet) = unmet {
        return Err(Failure::Unmet(unmet));
    }
    writeln!(out, "{file}: {}", paint(colored, Tone::Good, "valid"))?;
    for (what, tone, lines) in [
        ("mocked", Tone::Good, mocked),
        ("live", Tone::Odd, live),
        ("warning", Tone::Bad, warnings),
    ] {
        for line in lines {
            writeln!(out, "{}: {line}", paint(colored, tone, what))?;
        }
    }
    Ok(())
}
