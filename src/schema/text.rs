//! Texts.

use std::borrow::Cow;

use super::maker::{Halt, Maker};
use super::parts::Part;
use super::place::Place;
use super::{format, words};
use crate::util::rng::{Rng, hash};

/// The longest text that is made.
const LONGEST: u64 = 65_536;

/// A text that all parts allow.
pub(super) fn text<'a>(
    maker: &Maker<'a>,
    parts: &[Part<'a>],
    place: &Place<'a, '_>,
) -> Result<Cow<'a, str>, Halt> {
    let mut least = 0;
    let mut most = u64::MAX;
    for part in parts {
        let wanted = part.count("minLength").unwrap_or(0);
        if wanted > LONGEST {
            let what = format!("a text of {wanted} characters (the mock makes up to {LONGEST})");
            return Err(Halt::Fault(part.at, what));
        }
        least = least.max(wanted);
        most = most.min(part.count("maxLength").unwrap_or(u64::MAX));
    }
    let first = parts.first().map_or(maker.root, |part| part.at);
    if least > most {
        return Err(Halt::Fault(first, "a minLength above the maxLength".to_owned()));
    }
    let (least, most) = (least as usize, usize::try_from(most).unwrap_or(usize::MAX));
    maker.spend(1 + least / 16)?;

    let patterned = parts.iter().find(|part| part.get("pattern").is_some());
    let fits = |text: &str| -> Result<bool, Halt> {
        let length = text.chars().count();
        if length < least || length > most {
            return Ok(false);
        }
        for part in parts {
            if let Some(pattern) = part.get("pattern")
                && !maker.matches(pattern, text)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    };

    for part in parts {
        let Some(format) = part.get("format").and_then(serde_json::Value::as_str) else { continue };
        let Some(texts) = format::texts(format, place.variant, least) else { continue };
        for text in texts {
            if fits(&text)? {
                return Ok(text.into());
            }
        }
        let what = format!("the format `{format}` together with its length or pattern");
        return Err(Halt::Fault(part.at, what));
    }

    let word = words::text(place.name, maker.seed);
    let Some(part) = patterned else { return Ok(sized(word, least, most, place.variant)) };
    if place.variant == 0 && fits(word)? {
        return Ok(word.into());
    }
    let source = part.get("pattern").and_then(serde_json::Value::as_str).unwrap_or_default();
    let pattern = maker.pattern(part.at, source)?;
    let mut rng = Rng::new(hash(maker.seed ^ place.variant, source.as_bytes()));
    for attempt in 0..64 {
        // Short ones first, then about as long as they must be, then any.
        let extra = match attempt {
            0..8 => attempt,
            8..24 => (least as u32).saturating_sub(24 - attempt),
            24..40 => (least as u32).div_ceil(attempt - 22) + 1,
            _ => rng.below(least as u64 + 12) as u32,
        };
        maker.spend(8 + source.len() + extra as usize / 4)?;
        let mut text = pattern.write(extra, attempt == 0, &mut rng);
        let length = text.chars().count();
        if length < least && !source.ends_with('$') {
            text.extend(std::iter::repeat_n('x', least - length));
        }
        if fits(&text)? {
            return Ok(text.into());
        }
    }
    Err(Halt::Fault(part.at, "this pattern (with its length)".to_owned()))
}

/// `word` cut or filled to its length; other variants end otherwise.
fn sized(word: &'static str, least: usize, most: usize, variant: u64) -> Cow<'static, str> {
    if variant == 0 && (least..=most).contains(&word.len()) {
        return word.into();
    }
    let mut text = word.to_owned();
    if variant > 0 {
        let mark = format!(" {}", variant + 1);
        if text.len() + mark.len() <= most {
            text.push_str(&mark);
        } else {
            text.clear();
            let mut rest = variant - 1;
            while text.len() < most.min(8) {
                text.push(char::from(b'a' + (rest % 26) as u8));
                rest /= 26;
            }
        }
    }
    // All words are ASCII: a byte is a character.
    let filler = if word == "mock" { " mock" } else { " and more" };
    while text.len() < least {
        text.push_str(filler);
    }
    if text.len() > most.min(least.max(text.len())) || least > word.len() {
        text.truncate(most.min(text.len()));
    }
    text.into()
}
