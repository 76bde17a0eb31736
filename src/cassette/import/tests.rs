use super::*;

fn imported(text: &str) -> Imported {
    import("x", text.as_bytes(), None, &Redaction::default()).unwrap()
}

fn said(interaction: &Interaction) -> String {
    let bytes: Vec<u8> = interaction.frames.iter().flat_map(|it| it.bytes.to_vec()).collect();
    String::from_utf8(bytes).unwrap()
}

fn pair<'a>(name: &'a str, value: &'a str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// After the spec's own words on each field.
const HAR: &str = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [
    {"startedDateTime": "2026-11-21T10:00:00.000Z", "time": 350.5,
     "request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages?beta=true", "httpVersion": "h2",
       "headers": [{"name": "X-Api-Key", "value": "sk-ant-api03-CANARYaaaa0123456789"},
                   {"name": "Anthropic-Version", "value": "2023-06-01"}, {"name": ":authority", "value": "x"}],
       "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 40,
       "postData": {"mimeType": "application/json", "text": "{\"model\":\"claude-sonnet-4-5\",\"stream\":true}"}},
     "response": {"status": 200, "statusText": "", "httpVersion": "h2", "cookies": [],
       "headers": [{"name": "Content-Type", "value": "text/event-stream"}, {"name": "Content-Encoding", "value": "br"},
                   {"name": "Set-Cookie", "value": "a=b"}],
       "content": {"size": 60, "mimeType": "text/event-stream",
         "text": "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
       "redirectURL": "", "headersSize": -1, "bodySize": -1},
     "cache": {}, "timings": {"blocked": 0.5, "dns": -1, "connect": -1, "send": 10, "wait": 140, "receive": 200}},
    {"request": {"method": "GET", "url": "https://api.openai.com/v1/models", "headers": []},
     "response": {"status": 200, "headers": [{"name": "content-type", "value": "application/json"}],
       "content": {"size": 2, "encoding": "base64", "text": "e30="}}, "timings": {"send": 0, "wait": 1, "receive": 0}},
    {"request": {"method": "GET", "url": "https://example.com/logo.png?token=CANARY0", "headers": []},
     "response": {"status": 200, "headers": [], "content": {"size": 0}}},
    {"request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "headers": []},
     "response": {"status": 0, "headers": [], "content": {"size": 0}}},
    {"request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "headers": []},
     "response": {"status": 200, "headers": [], "content": {"size": 800}}}
]}}"#;

#[test]
fn har_is_read() {
    let Imported { interactions, left_out } = imported(HAR);
    assert_eq!(interactions.len(), 2);
    let first = &interactions[0];
    assert_eq!((&*first.method, &*first.provider), ("POST", "anthropic"));
    assert_eq!(first.request_headers, [pair("anthropic-version", "2023-06-01")]);
    assert_eq!(first.headers, [pair("content-type", "text/event-stream")]);
    assert_eq!(first.body, r#"{"model":"claude-sonnet-4-5","stream":true}"#);
    assert_eq!(first.after, 150_500);
    let frames: Vec<_> = first.frames.iter().map(|frame| (frame.at, frame.bytes.len())).collect();
    assert_eq!(frames, [(100_000, 36), (200_000, 51)]);
    assert_eq!((&*interactions[1].provider, said(&interactions[1])), ("openai", "{}".to_owned()));
    assert_eq!(
        left_out,
        [
            "x: number 3: https://example.com/logo.png is no provider's; --provider says whose API it is",
            "x: number 4: there was no response",
            "x: number 5: its body was not saved",
        ]
    );
}

fn vcr(body: &str, encoding: &str) -> String {
    format!(
        "interactions:\n- request:\n    body: null\n    headers: &h\n      Accept: ['*/*']\n    \
         method: GET\n    uri: https://api.openai.com/v1/models\n  response:\n    body:\n      \
         string: {body}\n    headers:\n      content-encoding: [{encoding}]\n      \
         Content-Length: ['99']\n    status: {{code: 200, message: OK}}\nversion: 1\n"
    )
}

#[test]
fn what_is_compressed_is_unpacked_or_left_out() {
    // By Python's gzip and zlib.
    let gzip = "!!binary |\n        H4sIAAAAAAACA6tWykxRslIqSEzOTk1RqgUAxghWpw8AAAA=";
    let zlib = "!!binary eJyrVspMUbJSKkhMzk5NUaoFACYiBPA=";
    for (body, encoding) in [
        (gzip, "gzip"),
        (zlib, "deflate"),
        ("'{\"id\":\"packed\"}'", "br"),
        ("'{\"id\":\"packed\"}'", "gzip"),
    ] {
        let Imported { interactions, left_out } = imported(&vcr(body, encoding));
        assert_eq!(left_out, [""; 0], "{encoding}");
        assert_eq!(said(&interactions[0]), r#"{"id":"packed"}"#);
        assert_eq!(interactions[0].headers, [pair("content-length", "15")]);
    }
    let Imported { interactions, left_out } = imported(&vcr("!!binary /wA=", "br"));
    assert!(interactions.is_empty());
    let why = "x: number 1: its body is compressed by \"br\", which is not read here";
    assert_eq!(left_out, [why]);
    let cut = "!!binary H4sIAAAAAAACA6tWykxRslIqSEzO";
    assert!(imported(&vcr(cut, "gzip")).left_out[0].contains("its body cannot be unpacked"));
}

#[test]
fn rubys_vcr_and_bodies_as_yaml_are_read() {
    let ruby = r#"
---
http_interactions:
- request:
    method: post
    uri: https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=CANARY123
    body:
      encoding: UTF-8
      string: '{"contents":[]}'
    headers:
      Content-Type:
      - application/json
  response:
    status:
      code: 400
      message: Bad Request
    headers: {}
    body:
      encoding: ASCII-8BIT
      base64_string: |
        eyJl
        fQ==
  recorded_at: Sat, 21 Nov 2026 10:00:00 GMT
recorded_with: VCR 6.2.0
"#;
    let Imported { interactions, .. } = imported(ruby);
    let it = &interactions[0];
    assert_eq!((&*it.method, it.status, said(it)), ("POST", 400, "{\"e}".to_owned()));
    assert!(it.url.ends_with(":generateContent?key=redacted"), "{}", it.url);
    assert_eq!(it.body, r#"{"contents":[]}"#);

    let parsed = "interactions:\n- request:\n    method: POST\n    uri: \
                  https://api.openai.com/v1/responses\n    parsed_body: {store: false, n: 1.5, \
                  model: '4', input: null}\n  response:\n    parsed_body: {id: [1]}\n    status: {code: 200}\n";
    let Imported { interactions, .. } = imported(parsed);
    let body: Value = serde_json::from_slice(&interactions[0].body).unwrap();
    assert_eq!(body, serde_json::json!({"store": false, "n": 1.5, "model": "4", "input": null}));
    assert_eq!(said(&interactions[0]), r#"{"id":[1]}"#);
}

#[test]
fn what_is_none_of_it_is_refused() {
    for (text, why) in [
        ("", "x: there is nothing in it"),
        ("{", "x: no JSON: "),
        ("a: [", "x: no YAML: "),
        ("a: 1", "x: this is neither HAR"),
        ("{\"fixtures\": []}", "x: these are fixtures, which are rules"),
        ("[[1]: 2]", "x: line 1: a key must be a text"),
        ("a: &a [*a]", "x: line 1: an alias of itself"),
    ] {
        let error = import("x", text.as_bytes(), None, &Redaction::default()).unwrap_err();
        assert!(error.is_cassette());
        assert!(error.to_string().starts_with(why), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    import("x", deep.as_bytes(), None, &Redaction::default()).unwrap_err();
    // A billion laughs.
    let mut bomb = "a0: &a0 [lol]\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        bomb += &format!("a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]\n");
    }
    let error = import("x", bomb.as_bytes(), None, &Redaction::default()).unwrap_err();
    assert!(error.to_string().contains("make too much of it"), "{error}");
}
