use super::*;
use crate::cassette::interaction::{Frame, Interaction};
use crate::cassette::store::Folder;
use crate::cassette::{Cassette, format};
use crate::util::rng::Rng;

/// A whole index of these words.
fn of(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let words = [keying()].into_iter().chain(words);
    let rest: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    [&MAGIC.to_le_bytes()[..], &sum(&rest).to_le_bytes(), &rest].concat()
}

#[test]
fn keys_are_found_however_they_are_spread() {
    let mut rng = Rng::new(3);
    for count in [0, 1, 2, 7, 500, 5_000] {
        let spreads: [&mut dyn FnMut(u64) -> u64; 4] = [
            &mut |_| rng.next(),
            &mut |number| number / 3,
            &mut |number| u64::MAX - number / 3,
            &mut |number| if number % 2 == 0 { 0 } else { u64::MAX },
        ];
        for spread in spreads {
            let mut keys: Vec<(u64, u64)> =
                (0..count).map(|number| (spread(number), number % 2)).collect();
            keys.sort_unstable();
            let entries =
                keys.iter().zip(0..).flat_map(|((high, low), nth)| [*high, *low, nth, 0, 0]);
            let head = [0, count, 0, 0, 0, count];
            let index = Index::read(of(head.into_iter().chain(entries))).unwrap();
            assert_eq!(index.recordings() as u64, count);
            let keys: Vec<_> =
                keys.iter().map(|(high, low)| u128::from(*high) << 64 | u128::from(*low)).collect();
            let near = keys.iter().flat_map(|key| [key.wrapping_sub(1), *key, key.wrapping_add(1)]);
            for key in near.chain([0, 1, u128::MAX]) {
                let first = keys.partition_point(|it| *it < key);
                assert_eq!(index.first(key), first, "{count} {key}");
                let same = keys[first..].iter().take_while(|it| **it == key).count();
                for nth in 0..same {
                    assert_eq!(index.place(key, first, nth).unwrap().start, (first + nth) as u64);
                }
                for nth in [same, usize::MAX] {
                    assert!(index.place(key, first, nth).is_none());
                }
            }
        }
    }
}

#[test]
fn any_words_are_no_panic() {
    let mut rng = Rng::new(4);
    for _ in 0..2_000 {
        let words: Vec<u64> = (0..rng.below(40))
            .map(|_| match rng.below(4) {
                0 => u64::MAX,
                1 => rng.below(9),
                _ => rng.next(),
            })
            .collect();
        let bytes = of(words.iter().copied());
        let Some(index) = Index::read(bytes) else {
            assert!(words.len() < 6 || !(words.len() - 6).is_multiple_of(ENTRY));
            continue;
        };
        let keys: Vec<_> = (0..index.entries()).map(|entry| index.key(entry)).collect();
        for key in keys.into_iter().chain([0, u128::MAX]) {
            let _ = index.place(key, index.first(key), rng.below(3) as usize);
        }
        let _ = (index.recordings(), index.snapshot(&Bytes::from_static(b"x")));
    }
    for length in 0..300 {
        let bytes: Vec<u8> = (0..length).map(|_| rng.next() as u8).collect();
        assert!(Index::read(bytes).is_none());
    }
}

#[test]
fn an_index_is_of_forty_bytes_for_a_recording() {
    let folder = std::env::temp_dir().join(format!("tower-mock-llm-idx-{}", std::process::id()));
    let store = Folder::new(&folder);
    let recording = |number: usize| Interaction {
        method: "POST".to_owned(),
        url: "https://api.openai.com/v1/chat/completions".to_owned(),
        provider: "openai".to_owned(),
        body: format!("{{\"input\":{}}}", number / 2).into(),
        status: 200,
        frames: vec![Frame { at: 0, bytes: format!("{number}").into() }],
        interrupted: (number == 3).then(|| "gone".to_owned()),
        ..Interaction::default()
    };
    let text: String = (0..8).map(|number| format::write(&recording(number))).collect();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("x.jsonl"), format::first_line() + &text).unwrap();
    // What was interrupted is counted, and never played.
    let written = write(&store, "x.jsonl", &[]).unwrap();
    assert_eq!(written, Written { recordings: 8, bytes: 72 + 7 * 40 });
    let bytes = std::fs::read(folder.join("x.jsonl.idx")).unwrap();
    assert_eq!((bytes.len(), &bytes[..8]), (written.bytes, &b"mockidx1"[..]));
    // The same file, the same index: nothing in it is made up.
    write(&store, "x.jsonl", &[]).unwrap();
    assert_eq!(std::fs::read(folder.join("x.jsonl.idx")).unwrap(), bytes);
    // A line that was edited so that only the slow way reads it.
    let odd = (format::first_line() + &text).replacen("\"us\":0", "\"\\u0075s\":0", 1);
    std::fs::write(folder.join("x.jsonl"), odd).unwrap();
    let why = write(&store, "x.jsonl", &[]).unwrap_err().to_string();
    assert!(why.contains("x.jsonl cannot have an index: its lines are not as"), "{why}");
    assert_eq!(Cassette::open(folder.join("x.jsonl")).unwrap().len(), 8);
    // A broken one has no index either, and says where it is broken.
    std::fs::write(folder.join("x.jsonl"), format::first_line() + &text[..40] + "\n{}\n").unwrap();
    let why = write(&store, "x.jsonl", &[]).unwrap_err().to_string();
    assert!(why.contains("x.jsonl:2:"), "{why}");
    std::fs::remove_dir_all(folder).unwrap();
}
