//! Keys that are known by their form.

use super::mask::{Mask, is_pseudonym};
use crate::util::base64::{base64, from_base64};

/// How a key begins, and how many letters follow at least. The vendors' own are as their consoles give
/// them out; the others are what prompts carry along by accident.
const KEYS: [(&[u8], usize); 22] = [
    (b"sk-", 16),
    (b"AIza", 30),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AQ.", 30),
    (b"gho_", 30),
    (b"ghp_", 30),
    (b"ghs_", 30),
    (b"github_pat_", 30),
    (b"glpat-", 20),
    (b"gsk_", 20),
    (b"hf_", 20),
    (b"org-", 16),
    (b"pplx-", 20),
    (b"proj_", 16),
    (b"r8_", 20),
    (b"sess-", 16),
    (b"tgp_v1_", 20),
    (b"xai-", 20),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"ya29.", 20),
];

/// The shortest of them.
const SHORTEST: usize = 19;

/// Masks all keys. Whether there were any, and how long the longest run of letters was: base64 has no
/// others.
pub(super) fn mask(bytes: &mut [u8], mask: &Mask) -> (bool, usize) {
    let mut changed = false;
    let (mut at, mut longest) = (0, 0);
    while let Some((start, end)) = run(bytes, at, is_letter, SHORTEST.min(BEARER)) {
        at = end;
        longest = longest.max(end - start);
        if is_after_bearer(bytes, start) && end - start >= BEARER && has_digit(&bytes[start..end]) {
            let lead = if mask.has_names() { lead(&bytes[start..end]) } else { 0 };
            changed |= !is_pseudonym(&bytes[start + lead..end]);
            mask.fill(&mut bytes[start + lead..end]);
            continue;
        }
        let escape = escape(&bytes[..start], &bytes[start..end]);
        changed |= mask_run(&mut bytes[start..end], escape, mask);
    }
    (changed, longest)
}

/// How many letters at the start of a run belong to an escape that begins before it: the `n` of `\n`,
/// the `u003c` of `\u003c`, the `20` of `%20`.
fn escape(before: &[u8], run: &[u8]) -> usize {
    match (before.last(), run) {
        (Some(b'\\'), [b'u', ..]) => 5,
        (Some(b'\\'), [b'b' | b'f' | b'n' | b'r' | b't', ..]) => 1,
        (Some(b'%'), _) => 2,
        _ => 0,
    }
}

/// `escape`: so many letters are perhaps none of the text.
fn mask_run(run: &mut [u8], escape: usize, mask: &Mask) -> bool {
    let mut changed = false;
    let mut at = 0;
    while at + SHORTEST <= run.len() {
        // A key begins where a word does.
        let is_start = at == 0
            || at == escape
            || !(run[at - 1].is_ascii_alphanumeric() || b"-_".contains(&run[at - 1]));
        let length = if is_start { key(&run[at..]) } else { None };
        match length {
            Some((lead, length)) => {
                mask.fill(&mut run[at + lead..at + length]);
                at += length;
                changed = true;
            }
            None => at += 1,
        }
    }
    changed
}

/// The length of the sign that begins a key, and of the whole key, if this begins with one.
fn key(bytes: &[u8]) -> Option<(usize, usize)> {
    for (lead, least) in KEYS {
        if let Some(rest) = bytes.strip_prefix(lead) {
            let is_end = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-_".contains(byte));
            let length = rest.iter().position(is_end).unwrap_or(rest.len());
            let rest = &rest[..length];
            if length >= least && has_digit(rest) && !is_pseudonym(rest) {
                return Some((lead.len(), lead.len() + length));
            }
        }
    }
    // A JSON Web Token: three parts or five, perhaps at the end of a sentence.
    if bytes.starts_with(b"eyJ") {
        let is_end = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
        let length = bytes.iter().position(is_end).unwrap_or(bytes.len());
        if length >= 40 && bytes[..length].iter().filter(|byte| **byte == b'.').count() >= 2 {
            return Some((3, length));
        }
    }
    None
}

/// The length of the sign that begins a key, if this is one.
pub(super) fn lead(bytes: &[u8]) -> usize {
    let masked =
        || KEYS.iter().find(|(lead, _)| bytes.strip_prefix(*lead).is_some_and(is_pseudonym));
    match key(bytes) {
        Some((lead, length)) if length == bytes.len() => lead,
        _ => masked().map_or(0, |(lead, _)| lead.len()),
    }
}

fn has_digit(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_digit)
}

fn is_after_bearer(bytes: &[u8], start: usize) -> bool {
    bytes[..start].ends_with(b"earer ")
}

const BEARER: usize = 16;

/// Shorter runs of base64 say nothing that is a key.
pub(super) const BASE64: usize = 24;

/// Masks, by `mask`, what long runs of base64 say. Whether there was anything.
pub(super) fn inside_base64(bytes: &mut [u8], mask: impl Fn(&mut [u8]) -> bool) {
    let mut at = 0;
    while let Some((start, end)) = run(bytes, at, is_base64, BASE64) {
        at = end;
        // The `n` of JSON's `\n` is none of it.
        let escaped = start > 0 && bytes[start - 1] == b'\\';
        let whole = start + usize::from(escaped);
        let letters = &bytes[whole..end];
        let letters = &letters[..letters.len() - usize::from(letters.len() % 4 == 1)];
        let length = letters.len();
        let Some(mut decoded) = from_base64(letters) else { continue };
        if !mask(&mut decoded) {
            continue;
        }
        let is_url_safe = letters.iter().any(|byte| b"-_".contains(byte));
        let encoded = base64(&decoded);
        for (place, letter) in bytes[whole..whole + length].iter_mut().zip(encoded.bytes()) {
            *place = match letter {
                b'+' if is_url_safe => b'-',
                b'/' if is_url_safe => b'_',
                letter => letter,
            };
        }
    }
}

/// The next run of at least so many such bytes, which are more than a few.
fn run(
    bytes: &[u8],
    mut at: usize,
    is_part: impl Fn(u8) -> bool,
    least: usize,
) -> Option<(usize, usize)> {
    // Wherever it begins, it has one of the blocks from here on in it.
    const BLOCK: usize = size_of::<u64>();
    debug_assert!(least >= 2 * BLOCK - 1);
    let mut block = at;
    while let Some(eight) = bytes.get(block..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        if has_gap(u64::from_le_bytes(*eight)) || !eight.iter().all(|byte| is_part(*byte)) {
            block += BLOCK;
            continue;
        }
        let mut start = block;
        while start > at && is_part(bytes[start - 1]) {
            start -= 1;
        }
        let mut end = block + BLOCK;
        while end < bytes.len() && is_part(bytes[end]) {
            end += 1;
        }
        if end - start >= least {
            return Some((start, end));
        }
        (at, block) = (end, end);
    }
    None
}

/// Whether one of eight bytes is a space, a quote, or another that comes before all that a run has.
fn has_gap(eight: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    eight.wrapping_sub(ONES * b'+' as u64) & !eight & (ONES << 7) != 0
}

/// What a key is made of, and what may stand beside it without a gap.
fn is_letter(byte: u8) -> bool {
    const LETTERS: [bool; 256] = table(b"-_./+=");
    LETTERS[usize::from(byte)]
}

fn is_base64(byte: u8) -> bool {
    const LETTERS: [bool; 256] = table(b"+/-_");
    LETTERS[usize::from(byte)]
}

/// Letters and digits, and these: every byte of a body is looked up.
const fn table(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::rng::Rng;

    #[test]
    fn runs_are_found_wherever_they_begin_and_end() {
        /// Whatever comes, one byte after the other.
        fn plainly(
            bytes: &[u8],
            is_part: impl Fn(u8) -> bool,
            least: usize,
        ) -> Vec<(usize, usize)> {
            let mut runs = Vec::new();
            let mut start = 0;
            for end in 0..=bytes.len() {
                if bytes.get(end).is_none_or(|byte| !is_part(*byte)) {
                    runs.extend((end - start >= least).then_some((start, end)));
                    start = end + 1;
                }
            }
            runs
        }
        let mut rng = Rng::new(7);
        let mut found = 0;
        for round in 0..20_000 {
            // Few gaps, so that there are long runs; all bytes there are, so that each is one once.
            let bytes: Vec<u8> = (0..rng.below(120))
                .map(|_| match rng.below(20) {
                    0 => rng.below(256) as u8,
                    1 => b" \",:*+,-./09:=@AZ[_`az{\x7f\x80\xff"[rng.below(25) as usize],
                    _ => b'a' + rng.below(26) as u8,
                })
                .collect();
            let check = |is_part: fn(u8) -> bool, least| {
                let mut at = 0;
                let next = || {
                    let found = run(&bytes, at, is_part, least)?;
                    at = found.1;
                    Some(found)
                };
                let runs: Vec<_> = std::iter::from_fn(next).collect();
                assert_eq!(runs, plainly(&bytes, is_part, least), "{round} {bytes:?}");
                runs.len()
            };
            found += check(is_letter, SHORTEST.min(BEARER)) + check(is_base64, BASE64);
        }
        assert!(found > 10_000, "{found}");
    }
}
