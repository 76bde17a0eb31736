use super::*;

fn interaction(text: &str) -> Interaction {
    Interaction {
        method: "POST".into(),
        url: "https://api.openai.com/v1/chat/completions".into(),
        provider: "openai".into(),
        request_headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::from(format!("{{\"model\": \"gpt-4o\", \"input\": \"{text}\"}}")),
        status: 200,
        after: 312_004,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        frames: vec![
            Frame { at: 0, bytes: Bytes::from_static(b"data: {\"a\":1}\n\n") },
            Frame { at: 1500, bytes: Bytes::from_static(b"data: [DONE]\n\n") },
        ],
        recorded: None,
        interrupted: None,
        line: 2,
    }
}

fn file(interactions: &[Interaction]) -> String {
    first_line() + &interactions.iter().map(write).collect::<String>()
}

fn bodies(bytes: &[u8]) -> Vec<Bytes> {
    read("x.jsonl", bytes).unwrap().into_iter().map(|it| it.body).collect()
}

#[test]
fn what_is_said_of_a_recording_stands_beside_its_request() {
    let (at, by) = ("2026-11-21T18:00:00Z".to_owned(), "tower-mock-llm 0.1.0".to_owned());
    let stamp = Stamp { at, by, model: Some("gpt-4o-2024-08-06".to_owned()) };
    let stamped = Interaction { recorded: Some(stamp), ..interaction("hi") };
    let text = file(std::slice::from_ref(&stamped));
    let beside = r#","provider":"openai","recorded":{"at":"2026-11-21T18:00:00Z","by":"tower-mock-llm 0.1.0","model":"gpt-4o-2024-08-06"},"headers":["#;
    assert!(text.contains(beside), "{text}");
    assert_eq!(read("x.jsonl", text.as_bytes()).unwrap(), [stamped]);
    for (from, to) in [("\"at\"", "\"when\""), ("\"by\":\"tower-mock-llm 0.1.0\"", "\"by\":1")] {
        let error = read("x.jsonl", text.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("x.jsonl:2:"), "{error}");
    }
}

#[test]
fn the_format_stays_what_it_is() {
    let text = file(&[interaction("hi")]);
    assert_eq!(
        text,
        r#"{"cassette":1}
{"request":"POST https://api.openai.com/v1/chat/completions","provider":"openai","headers":[["content-type","application/json"]],"body":{"json":{"model": "gpt-4o", "input": "hi"}}}
{"response":200,"us":312004,"headers":[["content-type","text/event-stream"]]}
{"us":0,"frame":["data: ",{"json":{"a":1}},"\n\n"]}
{"us":1500,"frame":"data: [DONE]\n\n"}
{"end":"whole"}
"#
    );
    assert_eq!(read("x.jsonl", text.as_bytes()).unwrap(), [interaction("hi")]);
    assert!(read("x.jsonl", b"").unwrap().is_empty());
}

#[test]
fn an_interruption_is_kept() {
    let mut cut = interaction("hi");
    cut.interrupted = Some("connection reset".into());
    let text = file(&[cut.clone()]);
    assert!(text.ends_with("{\"end\":\"interrupted\",\"why\":\"connection reset\"}\n"), "{text}");
    assert_eq!(read("x.jsonl", text.as_bytes()).unwrap(), [cut]);
}

#[test]
fn cut_off_anywhere_it_loses_the_last_interaction_only() {
    let two = file(&[interaction("one"), interaction("two")]);
    let first = file(&[interaction("one")]).len();
    let one = interaction("one").body;
    for length in first..two.len() {
        let torn = &two.as_bytes()[..length];
        // Without its last line break it is whole all the same.
        let left = if length + 1 == two.len() { 2 } else { 1 };
        assert_eq!(bodies(torn).len(), left, "{length}");
        // What is appended afterwards is read.
        let mut more = torn.to_vec();
        more.extend(joint(torn).as_bytes());
        more.extend(write(&interaction("three")).as_bytes());
        let bodies = bodies(&more);
        assert_eq!(bodies[0], one);
        assert_eq!(bodies.len(), left + 1, "{length}");
        assert_eq!(bodies[left], interaction("three").body);
    }
}

#[test]
fn a_mangled_file_is_refused_with_its_place() {
    let text = file(&[interaction("one"), interaction("two")]);
    for (from, to, place) in [
        ("{\"cassette\":1}", "{\"cassette\":2}", "x.jsonl:1: this cassette has version 2"),
        ("{\"cassette\":1}", "{\"vcr\":1}", "x.jsonl:1:6: unknown field `vcr`"),
        ("{\"cassette\":1}\n", "", "x.jsonl:1:1: a cassette begins with"),
        ("\"response\":200", "\"response\":99", "x.jsonl:3:1: this is no HTTP status"),
        ("\"response\":200,", "\"response\":200", "x.jsonl:3:"),
        ("{\"end\":\"whole\"}\n", "", "x.jsonl:6:1: the interaction at line 2 has no end"),
        ("POST ", "", "x.jsonl:2:1: a request is a method and a URL"),
        ("\"data: [DONE]\\n\\n\"", "7", "x.jsonl:5:1: a text is a string"),
        ("whole", "hole", "x.jsonl:6:1: an end is"),
    ] {
        assert!(text.contains(from));
        let mangled = text.replacen(from, to, 1);
        let error = read("x.jsonl", mangled.as_bytes()).unwrap_err();
        assert!(error.is_cassette());
        let error = error.to_string();
        assert!(error.starts_with(place), "{place}: {error}");
    }
    let mut no_text = text.clone().into_bytes();
    no_text[20] = 0xff;
    let error = read("x.jsonl", &no_text).unwrap_err().to_string();
    assert!(error.starts_with("x.jsonl:2:6: this is no UTF-8"), "{error}");
}
