//! The right name for a wrong one.

/// The one of `known` that was probably meant: at most a third of its letters are others, or it
/// begins with `name`, or `name` with it.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = folded(name);
    let near = |other: &&str| {
        let other = folded(other);
        let steps = distance(&name, &other);
        let begins = name.len() >= 3 && (other.starts_with(&name) || name.starts_with(&other));
        (begins || 3 * steps <= name.len().max(other.len())).then_some(steps)
    };
    known.iter().filter_map(|other| Some((near(other)?, *other))).min().map(|found| found.1)
}

/// `latencyMs`, `latency-ms` and `latency_ms` are one name.
fn folded(name: &str) -> Vec<char> {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).take(64).collect()
}

/// How many letters are to be put in, left out, changed or swapped with the next.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let differs = usize::from(a[i - 1] != b[j - 1]);
                let mut least =
                    (rows[i - 1][j - 1] + differs).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_was_meant() {
        let known = ["api_key", "enabled", "failure_rate", "latency_ms", "responses"];
        for (name, meant) in [
            ("enabeld", Some("enabled")),
            ("latency", Some("latency_ms")),
            ("latencyMs", Some("latency_ms")),
            ("apikey", Some("api_key")),
            ("failurerate", Some("failure_rate")),
            ("response", Some("responses")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
    }
}
