//! A recording that is near enough, where the user said how near that is.

use serde_json::Value;

use super::canon::{Asked, canonical};
use super::deck::{Deck, Settings};
use super::diff::{Difference, DifferenceClass, class};
use super::redact::place;
use super::take::Take;

/// A recording of another request, and how far that is away.
#[derive(Debug)]
pub(super) struct Near {
    pub(super) distance: f64,
    pub(super) differences: Vec<Difference>,
}

impl Deck {
    /// The nearest of the recordings that would be replayed next, if it is near enough, and its key.
    pub(super) fn near(
        &mut self,
        asked: &Asked,
        settings: &Settings,
        threshold: f64,
    ) -> Option<(u128, Take, Near)> {
        /// As many are compared: in a large library the newest.
        const COMPARED: usize = 1000;
        let compared = settings.normal.apply(asked);
        let unseen = settings.unseen();
        let question = Question::of(&compared, settings)?;
        let due = self.due();
        let nearest = self
            .takes()
            .iter()
            .rev()
            .filter(|take| due.contains_key(&take.id()))
            .filter_map(|take| Some((take, take.asked()?)))
            .filter(|(_, recorded)| recorded.provider == asked.provider)
            .take(COMPARED)
            .filter_map(|(take, recorded)| {
                let recorded = settings.normal.apply(&recorded);
                let distance = question.distance(&Question::of(&recorded, settings)?)?;
                (distance <= threshold).then(|| (take.clone(), distance))
            })
            // Of equals the one that was recorded first, which comes last.
            .reduce(|best, other| if other.1 <= best.1 { other } else { best });
        let (take, distance) = nearest?;
        let key = due[&take.id()];
        self.advance(key);
        let differences = settings.differences(&take.asked()?, asked, &unseen);
        Some((key, take, Near { distance, differences }))
    }
}

/// A request, for the distance to another.
struct Question<'a> {
    asked: &'a Asked,
    body: Value,
    words: usize,
}

impl<'a> Question<'a> {
    /// Nothing, for a body that is no JSON.
    fn of(asked: &'a Asked, settings: &Settings) -> Option<Self> {
        let body = canonical(asked.json()?, &settings.unseen());
        let mut words = 0;
        each_text(&body, "", "", &mut |text| words += text.split_whitespace().count());
        Some(Self { asked, body, words })
    }

    /// How many of a hundred words of the prompt are others, as a fraction; nothing, if anything else
    /// differs.
    fn distance(&self, recorded: &Self) -> Option<f64> {
        let is_elsewhere = self.asked.method != recorded.asked.method
            || place(&self.asked.url) != place(&recorded.asked.url);
        if is_elsewhere {
            return None;
        }
        let mut edits = 0;
        compare(&recorded.body, &self.body, "", "", &mut edits)?;
        Some(edits as f64 / self.words.max(recorded.words).max(1) as f64)
    }
}

/// Whether a text may be another one: something that somebody said, and no role or name.
fn may_differ(field: &str, name: &str) -> bool {
    const TEXTS: [&str; 8] =
        ["content", "input", "instructions", "output", "prompt", "system", "text", "thinking"];
    class(&format!("/{field}")) == DifferenceClass::Prompt && TEXTS.contains(&name)
}

/// Calls for each text that may differ.
fn each_text(value: &Value, field: &str, name: &str, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) if may_differ(field, name) => found(text),
        Value::Array(elements) => {
            elements.iter().for_each(|element| each_text(element, field, name, found));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let field = if field.is_empty() { name } else { field };
                each_text(value, field, name, found);
            }
        }
        _ => {}
    }
}

/// Adds up how many words differ; nothing, if more than words does. `field` is that of the body that
/// this stands in, `name` the last one.
fn compare(was: &Value, is: &Value, field: &str, name: &str, edits: &mut usize) -> Option<()> {
    match (was, is) {
        (Value::String(was), Value::String(is)) if was != is => {
            if !may_differ(field, name) {
                return None;
            }
            *edits += words_apart(was, is);
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (was, is) in was.iter().zip(is) {
                compare(was, is, field, name, edits)?;
            }
        }
        (Value::Object(was), Value::Object(is)) if was.len() == is.len() => {
            for (name, was) in was {
                let field = if field.is_empty() { name } else { field };
                compare(was, is.get(name)?, field, name, edits)?;
            }
        }
        (Value::Number(was), Value::Number(is)) if was.as_f64() == is.as_f64() => {}
        _ if was == is => {}
        _ => return None,
    }
    Some(())
}

/// How many words must be put in, taken out or changed: Levenshtein's distance, but that where two texts
/// are very long all words between the first and the last difference count.
fn words_apart(was: &str, is: &str) -> usize {
    const LONGEST: usize = 2000;
    let (was, is): (Vec<_>, Vec<_>) =
        (was.split_whitespace().collect(), is.split_whitespace().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = was.iter().zip(&is).take_while(same).count();
    let (was, is) = (&was[head..], &is[head..]);
    let tail = was.iter().rev().zip(is.iter().rev()).take_while(same).count();
    let (was, is) = (&was[..was.len() - tail], &is[..is.len() - tail]);
    if was.len().max(is.len()) > LONGEST {
        return was.len().max(is.len());
    }
    let mut row: Vec<usize> = (0..=is.len()).collect();
    for (index, was) in was.iter().enumerate() {
        let mut above_left = index;
        row[0] = index + 1;
        for (column, is) in is.iter().enumerate() {
            let above = row[column + 1];
            let changed = above_left + usize::from(was != is);
            row[column + 1] = changed.min(above + 1).min(row[column] + 1);
            above_left = above;
        }
    }
    row[is.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(was: &str, is: &str) -> Option<f64> {
        let asked = |body: &str| Asked {
            provider: "openai".into(),
            method: "POST".into(),
            url: "https://api.openai.com/v1/chat/completions".into(),
            content_type: None,
            body: body.to_owned().into(),
        };
        let (was, is, settings) = (asked(was), asked(is), Settings::default());
        Question::of(&is, &settings)?.distance(&Question::of(&was, &settings)?)
    }

    #[test]
    fn words_are_counted() {
        for (was, is, apart) in [
            ("a b c", "a b c", 0),
            ("a b c", "a x c", 1),
            ("a b c", "b c", 1),
            ("a b c", "x a b c y", 2),
            ("a b c d", "d c b a", 4),
            ("", "a b", 2),
        ] {
            assert_eq!(words_apart(was, is), apart, "{was} {is}");
            assert_eq!(words_apart(is, was), apart, "{is} {was}");
        }
        let (long, other) = ("w ".repeat(5000), "x ".repeat(4000));
        assert_eq!(words_apart(&long, &other), 5000);
    }

    #[test]
    fn only_what_is_said_may_differ() {
        const WAS: &str = r#"{"model":"m","temperature":1,"stop":["x"],"messages":[
            {"role":"system","content":"be brief please"},{"role":"user","content":[{"type":"text",
            "text":"how is the weather in Rome"}]}],"tools":[{"name":"f","description":"a b c"}]}"#;
        assert_eq!(distance(WAS, &WAS.replace("Rome", "Oslo")), Some(1.0 / 9.0));
        assert_eq!(
            distance(WAS, &WAS.replace("\"temperature\":1", "\"temperature\":1.0")),
            Some(0.0)
        );
        for (from, to) in [
            ("\"m\"", "\"n\""),
            (":1", ":0.5"),
            ("[\"x\"]", "[\"y\"]"),
            ("a b c", "a b d"),
            ("\"user\"", "\"assistant\""),
            ("\"text\",", "\"input_text\","),
            ("{\"role\":\"system\",\"content\":\"be brief please\"},", ""),
        ] {
            assert_eq!(distance(WAS, &WAS.replacen(from, to, 1)), None, "{from} {to}");
        }
        assert_eq!(distance("no json", "no json"), None);
    }
}
