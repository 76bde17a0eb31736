use super::usual::Usual;
use super::*;
use crate::util::rng::Rng;

fn key(body: &str) -> u128 {
    asked(body).key(&[])
}

fn asked(body: &str) -> Asked {
    Asked {
        provider: "openai".into(),
        method: "POST".into(),
        url: "https://api.openai.com/v1/chat/completions".into(),
        content_type: None,
        body: body.to_owned().into(),
    }
}

const PLAIN: &str = r#"{"model":"m","temperature":1,"messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn what_says_the_same_has_the_same_key() {
    for same in [
        r#"{"messages": [{"content": "hi", "role": "user"}], "temperature": 1.0, "model": "m"}"#,
        r#"{"model":"m","temperature":1,"user":"u1","metadata":{"a":"b"},"stream":false,
            "stream_options":null,"messages":[{"role":"user","content":"h\u0069"}]}"#,
    ] {
        assert_eq!(key(same), key(PLAIN), "{same}");
    }
    let streamed =
        |options: &str| key(&PLAIN.replacen('{', &format!("{{\"stream\":true{options},"), 1));
    assert_eq!(streamed(""), streamed(r#","stream_options":{"include_usage":true}"#));
    assert_ne!(streamed(""), key(PLAIN));
}

#[test]
fn what_is_left_out_is_what_it_would_be() {
    const MORE: &str = r#"{"model":"m","temperature":1.0,"top_p":1,"n":1,"logprobs":false,
        "presence_penalty":0.0,"frequency_penalty":0,"parallel_tool_calls":true,"tool_choice":"aut\u006f",
        "service_tier":"auto","messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(key(MORE), key(PLAIN));
    assert_eq!(key(&PLAIN.replace("\"temperature\":1,", "")), key(PLAIN));
    for (from, to) in [
        ("\"temperature\":1.0", "\"temperature\":0.9"),
        ("\"temperature\":1.0", "\"temperature\":\"1\""),
        ("\"top_p\":1", "\"top_p\":0"),
        ("\"n\":1", "\"n\":2"),
        ("\"logprobs\":false", "\"logprobs\":true"),
        ("\"parallel_tool_calls\":true", "\"parallel_tool_calls\":false"),
        ("aut\\u006f", "none"),
    ] {
        let other = MORE.replace(from, to);
        assert_ne!(other, MORE, "{from}");
        assert_ne!(key(&other), key(PLAIN), "{to}");
        // The tree is of the same mind.
        let tree = |body: &str| canonical(asked(body).json().unwrap(), &[]);
        assert_ne!(tree(&other), tree(PLAIN), "{to}");
        assert_eq!(tree(MORE), tree(PLAIN));
    }
}

/// Deep inside, where the vendors document it.
#[test]
fn what_is_left_out_at_depth_is_what_it_would_be() {
    let with = |fields: &str| key(&PLAIN.replacen('{', &format!("{{{fields},"), 1));
    for fields in [
        r#""response_format":{"type":"text"}"#,
        r#""text":{"format":{"type":"text"},"verbosity":"medium"}"#,
        r#""text":{"format":{"type":"te\u0078t"}}"#,
        r#""text":{}"#,
        r#""verbosity":"medium","truncation":"disabled","background":false"#,
        r#""tool_choice":{"type":"auto"}"#,
        r#""tool_choice":{"disable_parallel_tool_use":false,"type":"auto"}"#,
        r#""generationConfig":{"candidateCount":1.0,"responseMimeType":"text/plain"}"#,
        r#""generation_config":{"candidate_count":1}"#,
        r#""toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}"#,
        r#""tool_config":{"function_calling_config":{}}"#,
    ] {
        assert_eq!(with(fields), key(PLAIN), "{fields}");
    }
    for fields in [
        r#""response_format":{"type":"json_object"}"#,
        r#""response_format":[]"#,
        r#""response_format":"text""#,
        r#""text":{"format":{"type":"text","x":1}}"#,
        r#""text":"text""#,
        r#""text":{"verbosity":"low"}"#,
        r#""tool_choice":{"type":"any"}"#,
        r#""tool_choice":{"disable_parallel_tool_use":true,"type":"auto"}"#,
        r#""generationConfig":{"candidateCount":2}"#,
        r#""generationConfig":{"temperature":1}"#,
        r#""toolConfig":{"functionCallingConfig":{"mode":"ANY"}}"#,
        r#""response":{"type":"text"}"#,
        r#""tools":[]"#,
    ] {
        assert_ne!(with(fields), key(PLAIN), "{fields}");
    }
    let image = |detail: &str| {
        key(&format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"u"{detail}}}}}]}}]}}"#
        ))
    };
    assert_eq!(image(""), image(r#","detail":"auto""#));
    assert_ne!(image(""), image(r#","detail":"low""#));
    let responses = |detail: &str| {
        key(&format!(
            r#"{{"input":[{{"role":"user","content":[{{"type":"input_image","image_url":"u"{detail}}}]}}]}}"#
        ))
    };
    assert_eq!(responses(""), responses(r#","detail":"auto""#));
    assert_ne!(responses(""), responses(r#","detail":"high""#));
    let tool = |strict: &str| {
        key(&format!(r#"{{"tools":[{{"type":"function","function":{{"name":"f"{strict}}}}}]}}"#))
    };
    assert_eq!(tool(""), tool(r#","strict":false"#));
    assert_ne!(tool(""), tool(r#","strict":true"#));
    // What a tool is told is nobody's default, and neither is what stands elsewhere.
    let told = |detail: &str| {
        key(&format!(
            r#"{{"messages":[{{"content":[{{"type":"tool_use","input":{{"image_url":{{"a":1{detail}}}}}}}]}}]}}"#
        ))
    };
    assert_ne!(told(""), told(r#","detail":"auto""#));
}

#[test]
fn when_and_by_whom_it_was_asked_counts_for_nothing() {
    const MORE: &str = r#"{"model":"m","temperature":1,"session_id":"s","request_id":"r","trace_id":"t",
        "timestamp":1,"created":2,"created_at":"now","idempotency_key":"i",
        "messages":[{"role":"user","content":"hi","timestamp":5,"created_at":{"a":1}}]}"#;
    assert_eq!(key(MORE), key(PLAIN));
    // What a tool is told or says is no such time.
    let said = |at: &str| {
        key(&format!(
            r#"{{"messages":[{{"content":[{{"type":"tool_use","input":{{"timestamp":{at}}}}}]}}],
                "schema":{{"created":{at}}}}}"#
        ))
    };
    assert_ne!(said("1"), said("2"));
}

#[test]
fn what_says_another_thing_has_another() {
    for (from, to) in [
        ("\"m\"", "\"n\""),
        ("1", "1.5"),
        ("1", "\"1\""),
        ("hi", "hi "),
        ("user", "system"),
        ("[{", "[{},{"),
        ("\"content\"", "\"contents\""),
    ] {
        assert_ne!(key(&PLAIN.replacen(from, to, 1)), key(PLAIN), "{from} {to}");
    }
    let elsewhere = |url: &str| Asked { url: url.into(), ..asked(PLAIN) }.key(&[]);
    assert_ne!(elsewhere("https://api.openai.com/v1/responses"), key(PLAIN));
    assert_eq!(elsewhere("http://127.0.0.1:9/v1/chat/completions?key=redacted"), key(PLAIN));
}

#[test]
fn ids_of_calls_count_by_their_place() {
    let turn = |one: &str, two: &str, first: &str, city: &str| {
        key(&format!(
            r#"{{"model":"m","messages":[
                {{"role":"assistant","tool_calls":[
                    {{"id":"{one}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}},
                    {{"id":"{two}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},
                {{"role":"tool","tool_call_id":"{first}","content":"{city}"}}]}}"#
        ))
    };
    assert_eq!(turn("call_a", "call_b", "call_a", "Rome"), turn("x", "y", "x", "Rome"));
    assert_ne!(turn("call_a", "call_b", "call_b", "Rome"), turn("x", "y", "x", "Rome"));
    assert_ne!(turn("call_a", "call_b", "call_a", "Oslo"), turn("x", "y", "x", "Rome"));
    let order = |id: &str| {
        key(&format!(
            r#"{{"messages":[{{"role":"assistant","content":[
                {{"type":"tool_use","id":"toolu_1","name":"f","input":{{"id":"{id}"}}}}]}}]}}"#
        ))
    };
    assert_ne!(order("7"), order("8"));
}

#[test]
fn what_is_ignored_counts_for_nothing() {
    let ignored = [Pointer::parse("/messages/*/content").unwrap()];
    let other = PLAIN.replace("hi", "ho");
    assert_eq!(asked(&other).key(&ignored), asked(PLAIN).key(&ignored));
    assert_ne!(asked(&other.replace("\"m\"", "\"n\"")).key(&ignored), asked(PLAIN).key(&ignored));
}

#[test]
fn the_marks_of_a_form_count_for_nothing() {
    let form = |boundary: &str, text: &str| {
        let content_type = Some(format!("multipart/form-data; boundary={boundary}"));
        let body = format!("--{boundary}\r\n\r\n{text}\r\n--{boundary}--");
        Asked { content_type, body: body.into(), ..asked("") }.key(&[])
    };
    assert_eq!(form("a1b2", "x"), form("zz", "x"));
    assert_ne!(form("a1b2", "x"), form("a1b2", "y"));
}

/// By the tree, whatever the body.
fn by_tree(body: &str, ignored: &[Pointer]) -> u128 {
    asked(body).question().by_tree(ignored)
}

fn by_scan(body: &str, ignored: &[Pointer]) -> Option<u128> {
    Keyer::default().of_bytes(body.as_bytes(), ignored)
}

#[test]
fn what_is_scanned_has_the_key_of_its_tree() {
    for body in [
        PLAIN,
        " [ ] ",
        "{}",
        "\"a\"",
        "-0",
        "[0, -0, -0.0, 1E2, 1e-7, 0.1, 100.0, 9007199254740993, 9007199254740993.0]",
        "[999999999999999999, 9223372036854775807, 9223372036854775808, 18446744073709551616]",
        r#"["\u0061\/\b\f\n\r\t\"\\", "a", "\ud83d\ude00", "😀", "\u00e9", "é", ""]"#,
        r#"{"messages":[{"id":"b","call_id":"a","content":[{"id":"a"}]},{"id":"b"}]}"#,
        r#"{"input":[{"id":7,"output":{"id":"x"}},[{"id":"x"}]],"contents":{"id":"x"}}"#,
        r#"{"stream":false,"x":null,"y":{"x":null,"user":"u"},"metadata":{"\"":[]}}"#,
    ] {
        assert_eq!(by_scan(body, &[]), Some(by_tree(body, &[])), "{body}");
    }
}

/// A tree tells the key of these, or that they are no JSON.
#[test]
fn what_is_odd_is_left_alone() {
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(by_scan(&deep(127), &[]).is_some() && asked(&deep(127)).json().is_some());
    assert!(by_scan(&deep(128), &[]).is_none() && asked(&deep(128)).json().is_none());
    assert!(by_scan(&deep(1_000_000), &[]).is_none());
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(by_scan(&nested(127), &[]).is_some() && by_scan(&nested(128), &[]).is_none());
    for odd in [
        r#"{"a":1,"a":2}"#,
        r#"{"b":{"a":1,"c":0,"a":2}}"#,
        r#"{"\u0061":1}"#,
        r#"{"$serde_json::private::RawValue":"[1]"}"#,
        r#"{"metadata":1e999}"#,
        "1e100",
    ] {
        assert_eq!(by_scan(odd, &[]), None, "{odd}");
    }
    assert_eq!(key(r#"{"a":1,"a":2}"#), key(r#"{"a":2}"#));
    assert_eq!(key(r#"{"\u0061":1}"#), key(r#"{"a":1}"#));
    assert_eq!(key("1e100"), key("10e99"));
    for broken in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "{\"a\" 1}",
        "]",
        "[}",
        "{]",
        "nul",
        "nulll",
        "tru",
        "+1",
        "-",
        "01",
        "1.",
        ".1",
        "1e",
        "1e+",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"",
        "\"a\nb\"",
        "\"12345678\u{1f}\"",
        "1 1",
        "\u{feff}1",
        "\u{a0}1",
        "'a'",
        "[1]]",
        "{\"metadata\":\"\\q\"}",
        "{\"metadata\":[1,]}",
    ] {
        assert_eq!(by_scan(broken, &[]), None, "{broken}");
        assert!(asked(broken).json().is_none(), "{broken}");
    }
    assert_eq!(Keyer::default().of_bytes(b"\"\xff\"", &[]), None);
}

fn each(known: &'static [usual::Known], found: &mut dyn FnMut(&'static usual::Known)) {
    for known in known {
        found(known);
        each(known.inside, found);
    }
}

/// Makes JSON of all kinds, with names and values that matter to a key, and spells it in many ways.
struct Maker(Rng);

impl Maker {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.0.below(of.len() as u64) as usize]
    }

    fn value(&mut self, depth: usize) -> Value {
        const NUMBERS: [&str; 9] = [
            "0",
            "1",
            "-1",
            "1.5",
            "7e3",
            "1e25",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
        ];
        const TEXTS: [&str; 10] = [
            "",
            "auto",
            "a",
            "b",
            "#1",
            "é\n",
            "\"\\/",
            "😀",
            "a text that is longer than eight",
            "\u{7f}\u{1}",
        ];
        match self.0.below(if depth == 0 { 5 } else { 9 }) {
            0 => Value::Null,
            1 => self.0.below(2).eq(&0).into(),
            2 => serde_json::from_str(self.pick(&NUMBERS)).unwrap(),
            3 | 4 => self.pick(&TEXTS).into(),
            5 | 6 => (0..self.0.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.0.below(5)).map(|_| (self.name(), self.value(depth - 1))).collect(),
        }
    }

    fn name(&mut self) -> String {
        let mut usual = Vec::new();
        each(usual::BODY, &mut |known| usual.push(known.name));
        let others = ["a", "b", "0", "é"];
        let names = [&IDS[..], &LITERAL, &VOLATILE, &CONVERSATIONS, &TIMES, &usual, &others];
        self.pick(&names.concat()).to_owned()
    }

    /// Fields of this table, each as usual or not.
    fn of_table(&mut self, known: &'static [usual::Known]) -> Value {
        let mut fields = serde_json::Map::new();
        for known in known.iter().filter(|_| self.0.below(3) == 0).collect::<Vec<_>>() {
            let mut value = match known.usual {
                _ if self.0.below(6) == 0 => self.value(2),
                Usual::Bool(usual) => (usual == (self.0.below(3) > 0)).into(),
                Usual::Text(usual) => self.pick(&[usual, usual, "a"]).into(),
                Usual::Whole(usual) => (usual + self.0.below(2) as i64).into(),
                Usual::Empty | Usual::Open => self.of_table(known.inside),
            };
            if matches!(known.usual, Usual::Open) || self.0.below(9) == 0 {
                value = (0..self.0.below(3)).map(|_| value.clone()).collect();
            }
            fields.insert(known.name.to_owned(), value);
        }
        fields.into()
    }

    fn body(&mut self) -> Value {
        let fields = (0..self.0.below(6)).map(|_| (self.name(), self.value(5)));
        let mut body: serde_json::Map<_, _> = fields.collect();
        let turns: Vec<_> = (0..self.0.below(4)).map(|_| self.value(4)).collect();
        body.insert(self.pick(&CONVERSATIONS).to_owned(), turns.into());
        if let (0, Value::Object(known)) = (self.0.below(2), self.of_table(usual::BODY)) {
            body.extend(known);
        }
        body.into()
    }

    /// The same, otherwise written.
    fn spell(&mut self, value: &Value, text: &mut String) {
        self.blank(text);
        match value {
            Value::String(value) => self.text(value, text),
            Value::Number(number) if number.as_i64() == Some(1) => {
                *text += self.pick(&["1", "1.0", "10e-1"])
            }
            Value::Array(elements) => {
                text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    *text += if index > 0 { "," } else { "" };
                    self.spell(element, text);
                }
                self.blank(text);
                text.push(']');
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                for place in (1..fields.len()).rev() {
                    fields.swap(place, self.0.below(place as u64 + 1) as usize);
                }
                text.push('{');
                for (index, (name, value)) in fields.into_iter().enumerate() {
                    *text += if index > 0 { "," } else { "" };
                    self.blank(text);
                    *text += &Value::from(name.as_str()).to_string();
                    self.blank(text);
                    text.push(':');
                    self.spell(value, text);
                }
                self.blank(text);
                text.push('}');
            }
            other => *text += &other.to_string(),
        }
        self.blank(text);
    }

    fn blank(&mut self, text: &mut String) {
        *text += self.pick(&["", "", "", " ", "\n", "\t\r "]);
    }

    fn text(&mut self, value: &str, text: &mut String) {
        text.push('"');
        for letter in value.chars() {
            let must = letter < ' ' || matches!(letter, '"' | '\\');
            if must || self.0.below(8) == 0 {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    *text += &format!("\\u{unit:04x}");
                }
            } else {
                text.push(letter);
            }
        }
        text.push('"');
    }
}

/// What two canonical forms come to where numbers are compared by value.
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) if number.as_f64() == Some(1.0) => "1".to_owned(),
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(plain).collect::<Vec<_>>().join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name:?}:{}", plain(value))).collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn keys_are_equal_exactly_where_canonical_forms_are() {
    let pointers = ["/messages/*/content", "/input/0", "/*/1/a", "/a", "/contents/*/*", "/b/é/0"];
    let pointers = pointers.map(|pointer| Pointer::parse(pointer).unwrap());
    let mut maker = Maker(Rng::new(7));
    let mut keyer = Keyer::default();
    let mut known: HashMap<u128, String> = HashMap::new();
    let mut forms: HashMap<String, u128> = HashMap::new();
    let mut scanned = 0;
    for round in 0..6_000 {
        let body = maker.body();
        // Equal bodies are compared under equal pointers only.
        let ignored = if round % 2 == 0 { &[][..] } else { &pointers };
        for _ in 0..2 {
            let mut text = String::new();
            maker.spell(&body, &mut text);
            let value: Value = serde_json::from_str(&text).unwrap();
            let tree = of_value(&canonical(value.clone(), ignored));
            if let Some(key) = keyer.of_bytes(text.as_bytes(), ignored) {
                assert_eq!(key, tree, "{text}");
                scanned += 1;
            }
            let form = plain(&canonical(value, ignored));
            assert_eq!(*known.entry(tree).or_insert_with(|| form.clone()), form);
            assert_eq!(*forms.entry(form).or_insert(tree), tree, "{text}");
        }
    }
    // No name has an escape here, and none stands twice.
    assert_eq!(scanned, 12_000);
}

#[test]
fn bytes_of_all_kinds_are_no_trouble() {
    let mut rng = Rng::new(11);
    let mut maker = Maker(Rng::new(12));
    for _ in 0..3_000 {
        let body = maker.body();
        let mut text = String::new();
        maker.spell(&body, &mut text);
        let mut bytes = text.into_bytes();
        for _ in 0..=rng.below(3) {
            let at = rng.below(bytes.len() as u64) as usize;
            match rng.below(3) {
                0 => bytes[at] = rng.next() as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"{}[]\",:\\0e-"[rng.below(11) as usize]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let scanned = Keyer::default().of_bytes(&bytes, &[]);
        if let Some(key) = scanned {
            let value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(key, of_value(&canonical(value, &[])));
        }
    }
}
