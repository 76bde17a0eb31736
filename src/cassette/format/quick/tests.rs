use super::*;
use crate::cassette::canon::Asked;
use crate::cassette::format::{first_line, read, write};
use crate::cassette::stamp::Stamp;
use crate::util::rng::Rng;

/// Every recording, read at once and read by its entry, with its key.
fn both(file: &[u8], ignored: &[Pointer]) -> Option<usize> {
    let file = Bytes::copy_from_slice(file);
    let entries = survey(&file, ignored)?;
    let all = read("x.jsonl", &file).expect("what is looked at can be read");
    assert_eq!(entries.len(), all.len());
    for (entry, whole) in entries.iter().zip(&all) {
        assert_eq!(interaction(&entry.lines, entry.number).unwrap(), *whole);
        let answered = answer(&entry.lines, entry.answer, entry.number).unwrap();
        assert_eq!((answered.status, answered.after), (whole.status, whole.after));
        assert_eq!((&answered.headers, &answered.frames), (&whole.headers, &whole.frames));
        assert_eq!(entry.is_interrupted, whole.interrupted.is_some());
        let content_type = whole.request_headers.iter().find(|(name, _)| name == "content-type");
        let asked = Asked {
            provider: whole.provider.clone().into(),
            method: whole.method.clone().into(),
            url: whole.url.clone(),
            content_type: content_type.map(|(_, value)| value.clone()),
            body: whole.body.clone(),
        };
        assert_eq!(entry.key, asked.key(ignored));
        assert_eq!(key(&entry.lines, &mut Keyer::default(), ignored).unwrap(), entry.key);
    }
    Some(all.len())
}

fn all_kinds() -> Vec<Interaction> {
    let bodies: [&[u8]; 10] = [
        b"",
        b"{\"model\": \"m\",\"messages\":[{\"content\":\"a\\n\\\"b\\\"\"}]}",
        b"{\n  \"model\": \"m\",\n  \"messages\": []\n}",
        b"{\"model\":\"m\",\"model\":\"n\"}",
        b"{\"\\u006dodel\":1}",
        b"--b\r\nx\r\n--b--",
        b"\xff\x00",
        "no JSON: \u{e9}".as_bytes(),
        b"{\"a\":1}\n{\"b\":2}\n",
        b"[1]",
    ];
    let frames: [&[&[u8]]; 4] = [
        &[],
        &[b"{\"a\":1}"],
        &[b"data: {\"a\":\"\\u00e9\"}\n\n", b"data: [DO", b"NE]\n\n", b""],
        &[b"\x00\xff", b"[{\n  \"a\": 1\n}\n", b",\r\n"],
    ];
    let frame = |bytes: &&[u8]| Frame { at: 17, bytes: Bytes::copy_from_slice(bytes) };
    let pairs = bodies.into_iter().zip(frames.iter().cycle());
    pairs
        .enumerate()
        .map(|(index, (body, frames))| Interaction {
            method: if index == 0 { "GET" } else { "POST" }.to_owned(),
            url: "https://api.openai.com/v1/chat/completions?b=2&a=1".to_owned(),
            provider: "openai".to_owned(),
            request_headers: vec![
                ("accept".to_owned(), "*/*".to_owned()),
                ("content-type".to_owned(), "multipart/form-data; boundary=\"b\"".to_owned()),
            ],
            body: Bytes::from_static(body),
            status: 200,
            after: 5,
            headers: vec![("alt-svc".to_owned(), "h3=\":443\"".to_owned())],
            frames: frames.iter().map(frame).collect(),
            recorded: (index % 4 != 0).then(|| Stamp {
                at: "2026-11-21T18:00:00Z".to_owned(),
                by: "tower-mock-llm \"0\"".to_owned(),
                model: (index % 4 != 1).then(|| "gpt-\u{e9}\n".to_owned()),
            }),
            interrupted: (index % 3 == 1).then(|| "gone: \"x\"".to_owned()),
            line: 0,
        })
        .collect()
}

fn file() -> String {
    first_line() + &all_kinds().iter().map(write).collect::<String>()
}

#[test]
fn what_is_written_is_read_in_both_ways() {
    let ignored = [Pointer::parse("/messages/*/content").unwrap()];
    for ignored in [&[][..], &ignored] {
        assert_eq!(both(file().as_bytes(), ignored), Some(10));
        assert_eq!(both(file().replace('\n', "\r\n\n").as_bytes(), ignored), Some(10));
    }
    assert_eq!(both(b"", &[]), Some(0));
    assert_eq!(both(b"\n \n", &[]), Some(0));
    // A body is a part of the file, and no copy.
    let file = Bytes::from(file());
    let entry = &survey(&file, &[]).unwrap()[1];
    let body = interaction(&entry.lines, 1).unwrap().body;
    assert!(file.as_ptr_range().contains(&body.as_ptr()));
}

#[test]
fn what_is_cut_off_is_left_out_in_both_ways() {
    let whole = file();
    for length in (0..whole.len()).filter(|length| length % 3 == 0) {
        let torn = &whole.as_bytes()[..length];
        // Within a character, or within the first line, it is left to the other way.
        if std::str::from_utf8(torn).is_ok() && length >= 14 {
            let before = both(torn, &[]).unwrap();
            let more =
                [torn, b"\n{\"end\":\"torn\"}\n", write(&all_kinds()[0]).as_bytes()].concat();
            assert!(
                both(&more, &[]).is_some_and(|count| count > before || length + 1 == whole.len())
            );
        }
    }
}

/// What is taken here is what the other way takes; what is not, it tells about.
#[test]
fn a_mangled_file_is_never_read_otherwise() {
    let whole = file();
    let mut rng = Rng::new(5);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let (mut taken, mut left) = (0, 0);
    let mut check = |bytes: &[u8]| match both(bytes, &[]) {
        Some(_) => taken += 1,
        None => left += 1,
    };
    for _ in 0..1_500 {
        let mut bytes = whole.clone().into_bytes();
        let at = rng.below(bytes.len() as u64) as usize;
        match rng.below(4) {
            0 => bytes[at] = rng.next() as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"{}[]\",:\\0e- \n"[rng.below(13) as usize]),
            _ => {
                let mut lines = lines.clone();
                let (one, other) = (rng.below(lines.len() as u64), rng.below(lines.len() as u64));
                lines.swap(one as usize, other as usize);
                bytes = lines.concat().into_bytes();
            }
        }
        check(&bytes);
    }
    for (from, to) in [
        ("{\"json\":{\"a\":1}}", "{\"json\":null}"),
        ("{\"json\":{\"a\":1}}", "{\"json\":1,\"base64\":\"\"}"),
        ("{\"json\":{\"a\":1}}", "{\"json\":1e999}"),
        ("{\"json\":{\"a\":1}}", "null"),
        ("{\"json\":{\"a\":1}}", "[[\"a\"]]"),
        ("\"us\":17", "\"us\":-17"),
        ("\"us\":17", "\"us\":18446744073709551616"),
        ("\"us\":17", "\"us\":null"),
        ("\"us\":17", "\"us\":17,\"us\":17"),
        ("\"us\":17", "\"us\":17,\"at\":17"),
        ("\"response\":200", "\"response\":99"),
        ("\"response\":200", "\"response\":65736"),
        ("[\"accept\",\"*/*\"]", "[\"accept\",\"*/*\",\"\"]"),
        ("[\"accept\",\"*/*\"]", "{\"accept\":\"*/*\"}"),
        ("[\"accept\",\"*/*\"]", "[\"accept\",1]"),
        ("\"why\":", "\"why\":1,\"end\":"),
        ("\"provider\":\"openai\"", "\"provider\":null"),
        ("{\"base64\":\"/wA=\"}", "{\"base64\":\"*\"}"),
    ] {
        assert!(whole.contains(from), "{from}");
        check(whole.replacen(from, to, 1).as_bytes());
    }
    assert!(taken > 150 && left > 150, "{taken} {left}");
}
