use super::*;
use crate::util::rng::Rng;

/// Of words that a cassette has, and of others; some of the lines are right.
fn soup(rng: &mut Rng) -> Vec<u8> {
    const WORDS: [&[u8]; 30] = [
        b"{\"cassette\":1}\n",
        b"{\"request\":\"POST https://a.b/c\",\"provider\":\"p\",\"headers\":[],\"body\":\"\"}\n",
        b"{\"response\":200,\"us\":1,\"headers\":[[\"a\",\"b\"]]}\n",
        b"{\"us\":1,\"frame\":{\"json\":{}}}\n",
        b"{\"end\":\"whole\"}\n",
        b"{\"end\":\"torn\"}\n",
        b"{\"end\":\"interrupted\",\"why\":\"x\"}\n",
        b"{\"us\":1,\"frame\":",
        b"\"body\":",
        b"\"request\":",
        b"\"headers\":",
        b"{\"json\":",
        b"{\"base64\":\"",
        b"{\"indented\":",
        b"\"recorded\":{\"at\":\"\",\"by\":\"\"}",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\\ud800",
        b"\n",
        b"\r\n",
        b"null",
        b"1e999",
        b"\xff",
        b"\xf0\x9f\x98",
    ];
    let mut soup = Vec::new();
    if rng.below(4) != 0 {
        soup.extend_from_slice(WORDS[0]);
    }
    for _ in 0..rng.below(8) {
        match rng.below(4) {
            0 => soup.extend_from_slice(WORDS[rng.below(WORDS.len() as u64) as usize]),
            1 => soup.extend_from_slice(WORDS[rng.below(7) as usize]),
            _ => [1, 2, 3, 4].iter().for_each(|line| soup.extend_from_slice(WORDS[*line])),
        }
    }
    if rng.below(5) == 0 && !soup.is_empty() {
        let at = rng.below(soup.len() as u64) as usize;
        soup[at] = rng.next() as u8;
    }
    soup
}

#[test]
fn whatever_bytes_are_a_cassette_or_an_error_with_their_place() {
    let mut rng = Rng::new(11);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let bytes = soup(&mut rng);
        let lines = bytes.split(|byte| *byte == b'\n').count();
        match Deck::read("x.jsonl", bytes.into()) {
            Ok(mut deck) => {
                read += usize::from(deck.len() > 0);
                for take in deck.takes() {
                    let (whole, answer) = (take.interaction().unwrap(), take.answer().unwrap());
                    assert_eq!(whole.frames, answer.frames);
                    assert_eq!(take.line(), whole.line);
                }
                // All of them are found that were not interrupted, each once.
                let whole: Vec<_> =
                    deck.takes().iter().filter(|take| !take.is_interrupted()).cloned().collect();
                for take in whole {
                    let key = take.asked().unwrap().key(&[]);
                    let next = deck.next(key);
                    assert!(matches!(next, Next::Take(found) if found.id() == take.id()));
                }
            }
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                let line = error.strip_prefix("x.jsonl:").and_then(|rest| rest.split(':').next());
                let line: usize = line.unwrap().parse().unwrap();
                assert!((1..=lines).contains(&line), "{error}");
            }
        }
    }
    assert!(read > 400 && refused > 400, "{read} {refused}");
}

#[test]
fn a_recording_that_cannot_be_read_is_none_that_is_empty() {
    for lines in [
        "",
        "\n",
        "{\"request\":\"GET /\"}\n",
        "{\"request\":\"GET /\"}\n{\"end\":\"whole\"}\n",
        "{\"request\":\"GET /\"}\n{\"response\":200,\"us\":1,\"headers\":[]}\n",
        "{\"request\":\"GET /\"}\n{\"response\":200,\"us\":1,\"headers\":[]}\n{\"us\":1",
    ] {
        let take = Take::found(lines.into(), 7);
        assert!(take.answer().is_none() && take.interaction().is_none());
    }
}

/// It was said that "0 recordings" of it had all been replayed.
#[test]
fn what_was_interrupted_when_it_was_recorded_anew_is_not_there() {
    let mut deck = Deck::default();
    let interrupted = Some("the connection was lost".to_owned());
    let interaction = Interaction { status: 200, interrupted, ..Interaction::default() };
    deck.add(7, interaction, &Purpose::Again);
    assert!(matches!(deck.next(7), Next::None));
    deck.add(7, Interaction { status: 200, ..Interaction::default() }, &Purpose::Again);
    assert!(matches!(deck.next(7), Next::Exhausted(1)));
    deck.rewind();
    assert!(matches!(deck.next(7), Next::Take(_)));
}
