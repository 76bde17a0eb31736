//! Times as vendors write them.

use std::time::Duration;

/// `seconds` since 1970 as RFC 3339 in UTC: `2026-01-14T21:35:51Z`. Years end with 9999.
pub(crate) fn rfc3339(seconds: u64) -> [u8; 20] {
    let (year, month, day) = civil(seconds / 86_400);
    let mut text = *b"0000-00-00T00:00:00Z";
    for (at, digits, mut number) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, seconds / 3600 % 24),
        (14, 2, seconds / 60 % 60),
        (17, 2, seconds % 60),
    ] {
        for digit in text[at..at + digits].iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
    }
    text
}

/// The seconds since 1970 of a time that [`rfc3339`] wrote.
#[cfg(feature = "cassette")]
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let bytes = <&[u8; 20]>::try_from(text.as_bytes()).ok()?;
    let number = |at: usize, digits: usize| {
        let digits = &bytes[at..at + digits];
        let digit = |number: u64, digit: &u8| {
            digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
        };
        digits.iter().try_fold(0, digit)
    };
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    // `days_from_civil`, the other way round.
    let year = year.checked_sub(u64::from(month <= 2))?;
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day.checked_sub(1)?;
    let of_era = year % 400;
    let days = (year / 400 * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year)
        .checked_sub(719_468)?;
    let seconds = days * 86_400 + number(11, 2)? * 3600 + number(14, 2)? * 60 + number(17, 2)?;
    // There is no 31st of February.
    (rfc3339(seconds) == *bytes).then_some(seconds)
}

/// A span as OpenAI writes it, to the millisecond: `12ms`, `1.5s`, `6m0s`, `1h0m0s`.
///
/// After <https://platform.openai.com/docs/guides/rate-limits> (read 2026-11-21) and recorded
/// headers, which are Go's `Duration.String()`.
pub(crate) fn span(span: Duration) -> String {
    // Rounded up: a client that waits that long must not be early.
    let milliseconds = span.as_nanos().div_ceil(1_000_000);
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    if seconds == 0 {
        return if rest == 0 { "0s".to_owned() } else { format!("{rest}ms") };
    }
    let fraction = match format!("{rest:03}").trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    };
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}{fraction}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}{fraction}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

/// Year, month and day of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`:
/// years begin in March, so that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_the_vendor_writes_them() {
        for (milliseconds, text) in [
            (0, "0s"),
            (6, "6ms"),
            (644, "644ms"),
            (1000, "1s"),
            (1268, "1.268s"),
            (8640, "8.64s"),
            (20_000, "20s"),
            (60_000, "1m0s"),
            (360_000, "6m0s"),
            (432_000, "7m12s"),
            (86_400_000, "24h0m0s"),
        ] {
            assert_eq!(span(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(span(Duration::from_nanos(1)), "1ms");
    }

    #[cfg(feature = "cassette")]
    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-02-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T24:00:00Z",
            "1969-12-31T23:59:59Z",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_seconds_fall_where_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (1_768_426_551, "2026-01-14T21:35:51Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text.as_bytes());
            #[cfg(feature = "cassette")]
            assert_eq!(super::seconds(text), Some(seconds));
        }
    }
}
