//! Colours, where somebody looks at them.

use std::borrow::Cow;
use std::env::VarError;
use std::io::IsTerminal;

/// Where colours are shown.
///
/// ```
/// use tower_mock_llm::cli::Colors;
///
/// // A test's output is no terminal, or else one that somebody looks at.
/// let colors = Colors::of_terminal();
/// # let _ = colors;
/// assert!(!Colors::default().out);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Colors {
    /// On standard output.
    pub out: bool,
    /// On standard error.
    pub err: bool,
}

impl Colors {
    /// As the process has it: on a terminal, unless `NO_COLOR` is set to anything
    /// (<https://no-color.org>, read 2026-11-21), or `TERM` is `dumb`.
    pub fn of_terminal() -> Self {
        let allowed = allowed(&|name| std::env::var(name));
        Self {
            out: allowed && std::io::stdout().is_terminal(),
            err: allowed && std::io::stderr().is_terminal(),
        }
    }
}

fn allowed(env: &dyn Fn(&str) -> Result<String, VarError>) -> bool {
    let is_empty = |value: Result<String, VarError>| match value {
        Ok(value) => value.is_empty(),
        Err(VarError::NotPresent) => true,
        Err(VarError::NotUnicode(_)) => false,
    };
    is_empty(env("NO_COLOR")) && env("TERM").as_deref() != Ok("dumb")
}

/// What a text means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Bad,
    Good,
    Odd,
}

/// The text in the colour of its meaning, if there are colours.
pub(super) fn paint(colored: bool, tone: Tone, text: &str) -> Cow<'_, str> {
    if !colored {
        return text.into();
    }
    let code = match tone {
        Tone::Bad => 31,
        Tone::Good => 32,
        Tone::Odd => 33,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_may_be_refused() {
        let with = |no_color: Option<&'static str>, term: Option<&'static str>| {
            allowed(&move |name| {
                let value = if name == "NO_COLOR" { no_color } else { term };
                value.map(str::to_owned).ok_or(VarError::NotPresent)
            })
        };
        assert!(with(None, None) && with(Some(""), Some("xterm")));
        assert!(!with(Some("1"), None) && !with(None, Some("dumb")));
    }

    #[test]
    fn without_colours_a_text_is_as_it_is() {
        assert_eq!(paint(false, Tone::Bad, "a"), "a");
        assert_eq!(paint(true, Tone::Bad, "a"), "\u{1b}[31ma\u{1b}[0m");
    }
}
