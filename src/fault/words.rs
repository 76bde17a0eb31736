//! Faults as a header asks for them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::kind::{Fault, Kind};
use super::trouble::is_drawn;
use super::{Happening, Recut};
use crate::error::Error;
use crate::provider::Entropy;
use crate::reply::{ApiError, ErrorKind};

/// The header of a request that asks for trouble.
pub(crate) const HEADER: &str = "x-mock-llm-fault";

/// What the header may say, for the message that refuses anything else.
const USAGE: &str = "abort_after=N, end_after=N, stall_after=N, pause_after=N,MILLISECONDS, \
    error_after=N,ERROR, drop_frame=N, duplicate_frame=N, swap_frames=N, corrupt_frame=N, \
    truncate_frame=N, without_terminator, without_finish, repeat_finish, content_type=TYPE, \
    content_length=N, trailing=TEXT, adversary, recut=WORDS (of frames, anywhere, bytes, \
    in_characters, in_line_ends, together, comments, keep_alives, bom, crlf, no_last_blank_line, \
    joined by +), error=ERROR; behind it `; attempt=N` and `; probability=P`. ERROR is one of";

/// The same with the errors.
fn usage() -> String {
    let errors: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.word()).collect();
    format!("{USAGE} {}", errors.join(", "))
}

/// The call that makes this error, or all that it is.
pub(super) fn call(error: &ApiError) -> String {
    let kind = error.kind;
    match kind {
        _ if *error != ApiError::new(kind) => format!("{error:?}"),
        // Nothing makes these from no arguments.
        ErrorKind::InvalidParameter
        | ErrorKind::InvalidRequest
        | ErrorKind::Malformed
        | ErrorKind::MethodNotAllowed
        | ErrorKind::MissingKey
        | ErrorKind::NotFound => format!("ApiError::new(ErrorKind::{kind:?})"),
        _ => format!("ApiError::{}()", kind.word()),
    }
}

fn error(word: &str) -> Option<ApiError> {
    ErrorKind::ALL.into_iter().find(|kind| kind.word() == word).map(ApiError::new)
}

/// What the header says, for the attempt that this is.
pub(crate) fn asked(
    value: &str,
    entropy: Entropy,
    attempt: impl FnOnce() -> u32,
) -> Result<Option<Happening>, ApiError> {
    let mut parts = value.split(';').map(str::trim);
    let what = parts.next().unwrap_or_default();
    let happening = match what.strip_prefix("error=").map(error) {
        Some(None) => return Err(refusal(value)),
        Some(Some(error)) => Happening::Answer(error.into()),
        None => Happening::Fault(parse(what).ok_or_else(|| refusal(value))?),
    };
    let (mut on_attempt, mut probability) = (None, None);
    for part in parts.filter(|part| !part.is_empty()) {
        let known = match part.split_once('=') {
            Some(("attempt", number)) => number.parse().map(|n: u32| on_attempt = Some(n)).is_ok(),
            Some(("probability", number)) => match number.parse::<f64>() {
                Ok(p) if (0.0..=1.0).contains(&p) => {
                    probability = Some(p);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !known {
            return Err(refusal(value));
        }
    }
    if on_attempt.is_none() && probability.is_none() {
        return Ok(Some(happening));
    }
    let attempt = attempt();
    let happens = on_attempt.is_none_or(|wanted: u32| wanted == attempt)
        && probability.is_none_or(|p| is_drawn(p, u64::from(u32::MAX), attempt, entropy));
    Ok(happens.then_some(happening))
}

fn refusal(value: &str) -> ApiError {
    ApiError::invalid_request(format!(
        "tower-mock-llm: the header {HEADER} says {value:?}, which is no fault. It takes {}.",
        usage()
    ))
}

fn parse(text: &str) -> Option<Fault> {
    let (name, argument) = match text.split_once('=') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (text.trim(), None),
    };
    let number = || argument?.parse::<usize>().ok();
    let two = || {
        let (first, second) = argument?.split_once(',')?;
        Some((first.trim().parse::<usize>().ok()?, second.trim()))
    };
    let fault = match name {
        "abort_after" => Fault::abort_after(number()?),
        "content_length" => Fault::content_length(argument?.parse().ok()?),
        "content_type" => {
            let value = argument.filter(|a| !a.is_empty())?.parse().ok()?;
            Fault(Kind::ContentType(Arc::new(value)))
        }
        "corrupt_frame" => Fault::corrupt_frame(number()?),
        "drop_frame" => Fault::drop_frame(number()?),
        "duplicate_frame" => Fault::duplicate_frame(number()?),
        "end_after" => Fault::end_after(number()?),
        "error_after" => {
            let (after, word) = two()?;
            Fault::error_after(after, error(word)?)
        }
        "pause_after" => {
            let (after, milliseconds) = two()?;
            Fault::pause_after(after, Duration::from_millis(milliseconds.parse().ok()?))
        }
        "recut" => Fault::recut(
            argument?.split('+').try_fold(Recut::frames(), |recut, word| recut.named(word))?,
        ),
        "stall_after" => Fault::stall_after(number()?),
        "swap_frames" => Fault::swap_frames(number()?),
        "trailing" => Fault::trailing(argument?),
        "truncate_frame" => Fault::truncate_frame(number()?),
        _ if argument.is_some() => return None,
        "adversary" => Fault::adversary(),
        "repeat_finish" => Fault::repeat_finish(),
        "without_finish" => Fault::without_finish(),
        "without_terminator" => Fault::without_terminator(),
        _ => return None,
    };
    Some(fault)
}

/// As the header has it: `abort_after=3`.
impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text)
            .ok_or_else(|| Error::config(format!("{text:?} is no fault: it takes {}", usage())))
    }
}

/// As the header has it: `abort_after=3`. [`FromStr`] reads it, where the header has words for all of
/// it: of an error only the kind is told.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match &self.0 {
            Kind::Abort { after } | Kind::End { after } | Kind::Stall { after } => {
                write!(f, "={after}")
            }
            Kind::Corrupt { frame }
            | Kind::Drop { frame }
            | Kind::Duplicate { frame }
            | Kind::Swap { frame }
            | Kind::Truncate { frame } => write!(f, "={frame}"),
            Kind::ContentLength(bytes) => write!(f, "={bytes}"),
            Kind::ContentType(value) => {
                write!(f, "={}", String::from_utf8_lossy(value.as_bytes()))
            }
            Kind::Error { after, error } => {
                write!(f, "={after},{}", error.kind.word())
            }
            Kind::Pause { after, wait } => write!(f, "={after},{}", wait.as_millis()),
            Kind::Recut(recut) => {
                for (at, word) in recut.words().enumerate() {
                    write!(f, "{}{word}", if at == 0 { '=' } else { '+' })?;
                }
                Ok(())
            }
            Kind::Trailing(bytes) => write!(f, "={}", String::from_utf8_lossy(bytes)),
            Kind::Probe(_) | Kind::RepeatFinish | Kind::WithoutFinish | Kind::WithoutTerminator => {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_read_as_it_is_written() {
        for (fault, written, call) in [
            (Fault::abort_after(3), "abort_after=3", "Fault::abort_after(3)"),
            (Fault::end_after(0), "end_after=0", "Fault::end_after(0)"),
            (Fault::stall_after(1), "stall_after=1", "Fault::stall_after(1)"),
            (
                Fault::pause_after(2, Duration::from_secs(5)),
                "pause_after=2,5000",
                "Fault::pause_after(2, Duration::from_millis(5000))",
            ),
            (
                Fault::error_after(2, ApiError::rate_limit()),
                "error_after=2,rate_limit",
                "Fault::error_after(2, ApiError::rate_limit())",
            ),
            (
                Fault::error_after(2, ApiError::new(ErrorKind::Timeout)),
                "error_after=2,timeout",
                "Fault::error_after(2, ApiError::timeout())",
            ),
            (
                Fault::error_after(0, ApiError::new(ErrorKind::MissingKey)),
                "error_after=0,missing_key",
                "Fault::error_after(0, ApiError::new(ErrorKind::MissingKey))",
            ),
            (Fault::drop_frame(4), "drop_frame=4", "Fault::drop_frame(4)"),
            (Fault::duplicate_frame(4), "duplicate_frame=4", "Fault::duplicate_frame(4)"),
            (Fault::swap_frames(4), "swap_frames=4", "Fault::swap_frames(4)"),
            (Fault::corrupt_frame(4), "corrupt_frame=4", "Fault::corrupt_frame(4)"),
            (Fault::truncate_frame(4), "truncate_frame=4", "Fault::truncate_frame(4)"),
            (Fault::without_terminator(), "without_terminator", "Fault::without_terminator()"),
            (Fault::without_finish(), "without_finish", "Fault::without_finish()"),
            (Fault::repeat_finish(), "repeat_finish", "Fault::repeat_finish()"),
            (
                Fault::content_type("text/html"),
                "content_type=text/html",
                "Fault::content_type(\"text/html\")",
            ),
            (Fault::content_length(9), "content_length=9", "Fault::content_length(9)"),
            (Fault::trailing("a=b"), "trailing=a=b", "Fault::trailing(\"a=b\")"),
            (Fault::adversary(), "adversary", "Fault::adversary()"),
            (
                Fault::recut(Recut::bytes().bom().crlf()),
                "recut=bytes+bom+crlf",
                "Fault::recut(Recut::bytes().bom().crlf())",
            ),
        ] {
            assert_eq!(fault.to_string(), written);
            assert_eq!(format!("{fault:?}"), call);
            assert_eq!(written.parse::<Fault>().unwrap(), fault);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_known() {
        for text in [
            "",
            "abort",
            "abort_after",
            "abort_after=-1",
            "abort_after=x",
            "adversary=1",
            "content_type=",
            "content_type=a\nb",
            "error_after=1",
            "error_after=1,tired",
            "pause_after=1,1.5s",
            "recut=",
            "recut=bytes+",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains("abort_after=N"), "{text}: {error}");
        }
        let entropy = Entropy::new(1);
        for text in ["abort_after=1; attempt=x", "adversary; probability=2", "error=tired", "a; b"]
        {
            let error = asked(text, entropy, || 1).unwrap_err();
            let message = error.message.unwrap();
            assert!(message.contains(HEADER) && message.contains("rate_limit"), "{message}");
        }
    }

    #[test]
    fn conditions_follow_behind_a_semicolon() {
        let asked = |text: &str, attempt| asked(text, Entropy::new(1), || attempt).unwrap();
        assert!(asked("abort_after=1; attempt=2", 1).is_none());
        assert!(asked("abort_after=1; attempt=2", 2).is_some());
        assert!(asked("adversary;probability=0", 1).is_none());
        assert!(asked("adversary;probability=1;", 1).is_some());
        assert!(matches!(asked("error=overloaded; attempt=1", 1), Some(Happening::Answer(_))));
    }
}
