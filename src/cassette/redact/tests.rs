use http::Request;

use super::*;

fn head(request: http::request::Builder) -> RequestHead {
    request.body(()).unwrap().into_parts().0.into()
}

fn scrubbed(text: &str) -> String {
    Redaction::default().text(&Secrets::default(), text)
}

/// Keys in the forms that vendors give out; none of them was ever valid.
const FORMS: [&str; 8] = [
    "sk-proj-abcDEF0123456789abcDEF",
    "sk-ant-api03-abcdefgh-ijklmnop_0123456789AA",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "gsk_0123456789abcdefghijklmnopqrst",
    "xai-0123456789abcdefghijklmnopqrst",
    "hf_0123456789abcdefghijklmnopqrstu",
    "org-0123456789abcdefABCDEF",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
];

#[test]
fn keys_are_masked_wherever_they_stand_and_nothing_else_is() {
    for key in FORMS {
        for (before, after) in [
            ("", ""),
            ("{\"k\": \"", "\"}"),
            ("export OPENAI_API_KEY=", "\n"),
            ("https://x.example/?a=b&c=", "&d"),
            ("data: {\"text\":\"my key is ", ", keep it\"}\n\n"),
            // Escapes, of JSON, of JSON in JSON, and of URLs.
            ("{\"text\":\"my key:\\n", "\\n\"}"),
            ("{\"arguments\":\"{\\\"k\\\":\\\"a\\\\t", "\\\"}\"}"),
            ("{\"text\":\"\\u003cb\\u003e\\u003c", "\\u003e\"}"),
            ("a\\\\", "\\\\b"),
            ("https://x.example/?c=a%20", "%20b"),
        ] {
            let text = format!("{before}{key}{after}");
            let masked = scrubbed(&text);
            assert_eq!(masked.len(), text.len());
            assert!(!masked.contains(&key[8..]), "{masked}");
            assert!(masked.starts_with(before) && masked.ends_with(after), "{masked}");
            assert_eq!(scrubbed(&masked), masked);
        }
    }
    assert_eq!(
        scrubbed("Authorization: Bearer abcdefgh01234567"),
        "Authorization: Bearer ****************"
    );
    // The end of a sentence is none of a token's parts.
    let token = FORMS[7];
    assert!(!scrubbed(&format!("It is {token}.")).contains(&token[8..]));
    for harmless in [
        "a task-force of risk-averse people, sk-learn, org-mode-is-a-way-of-writing-things",
        "chatcmpl-0123456789abcdefghijklmnopqrs msg_0123456789abcdefghij toolu_0123456789abcdef",
        "req_0123456789abcdef0123456789abcdef",
        "the bearer of this letter came yesterday",
        "https://api.openai.com/v1/chat/completions",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    ] {
        assert_eq!(scrubbed(harmless), harmless);
    }
}

#[test]
fn keys_inside_base64_are_masked() {
    for key in FORMS {
        for before in ["", "a", "ab", "abc"] {
            let inner = format!("{before} my key: {key} (secret)");
            let encoded = crate::util::base64::base64(inner.as_bytes());
            for encoded in [&encoded, encoded.trim_end_matches('=')] {
                let masked = scrubbed(&format!("{{\"data\": \"{encoded}\"}}"));
                let body = &masked[10..masked.len() - 2];
                let decoded = crate::util::base64::from_base64(body.as_bytes()).unwrap();
                let decoded = String::from_utf8(decoded).unwrap();
                assert!(!decoded.contains(&key[8..]), "{decoded}");
                assert!(decoded.ends_with(" (secret)"), "{decoded}");
            }
        }
    }
}

#[test]
fn what_a_request_shows_to_be_secret_is_masked_in_any_form() {
    let head = head(
        Request::post(
            "https://me:hunter22@api.example/v1/accounts/acc123456/ai?key=Plain-Key&alt=sse",
        )
        .header("x-api-key", "no known form")
        .header("cookie", "session=abc-def-ghi; theme=dark")
        .header("openai-organization", "Acme Corp 7"),
    );
    let secrets = Secrets::of(&head);
    let redaction = Redaction::default();
    let text = "no known form, abc-def-ghi, hunter22, acc123456, Plain-Key, Acme Corp 7; dark";
    assert_eq!(
        redaction.text(&secrets, text),
        "*************, ***********, ********, *********, *********, ***********; dark"
    );
    assert_eq!(
        url(&head, &redaction, &secrets),
        "https://api.example/v1/accounts/redacted/ai?key=redacted&alt=sse"
    );
    assert_eq!(
        place("https://api.example/v1/accounts/redacted/ai?key=redacted&b=1&alt=sse"),
        ("/v1/accounts/redacted/ai", vec!["alt=sse", "b=1"])
    );
    assert!(request_headers(&head.headers).is_empty());
}

#[test]
fn a_key_that_a_frame_cuts_is_found() {
    let frames = ["data: sk-proj-abcDEF01", "23456789abcDEF\n\n"];
    let mut interaction = Interaction {
        frames: frames.map(|text| Frame { at: 0, bytes: text.into() }).into(),
        ..Interaction::default()
    };
    Redaction::default().interaction(&Secrets::default(), &mut interaction);
    let bytes: Vec<_> = interaction.frames.into_iter().map(|frame| frame.bytes).collect();
    assert_eq!(bytes, ["data: sk-*************", "**************\n\n"]);
}

#[test]
fn places_by_pointer() {
    let pointer = |text: &str| Pointer::parse(text).unwrap();
    let redaction = Redaction {
        pointers: vec![
            pointer("/messages/*/content"),
            pointer("/a~1b"),
            pointer("/choices/0/delta"),
        ],
        ..Redaction::default()
    };
    let masked = |text: &str| redaction.text(&Secrets::default(), text);
    assert_eq!(
        masked(r#"{"messages": [{"role": "user", "content": "Jane \"J\""}], "a/b": 12.5e3}"#),
        r#"{"messages": [{"role": "user", "content": "**********"}], "a/b": 11.1e1}"#
    );
    assert_eq!(
        masked("data: {\"choices\":[{\"delta\":{\"content\":\"Jane\"}}]}\n\ndata: [DONE]\n\n"),
        "data: {\"choices\":[{\"delta\":{\"content\":\"****\"}}]}\n\ndata: [DONE]\n\n"
    );
    assert_eq!(masked("no JSON"), "no JSON");
    assert!(Pointer::parse("messages").unwrap_err().is_config());
}

#[test]
fn accounts_and_cookies_of_a_response_stay_away() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("set-cookie", "__cf_bm=abc"),
        ("openai-organization", "acme"),
        ("anthropic-organization-id", "0a1b"),
        ("transfer-encoding", "chunked"),
        ("x-ratelimit-remaining-tokens", "9"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let kept = Redaction::default().response_headers(&headers);
    let kept: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        kept,
        [
            ("anthropic-organization-id", "redacted"),
            ("content-type", "application/json"),
            ("openai-organization", "redacted"),
            ("x-ratelimit-remaining-tokens", "9"),
        ]
    );
}

#[test]
fn a_link_in_a_header_of_a_response_keeps_its_secrets() {
    let mut headers = HeaderMap::new();
    let link =
        "https://x.example/upload/v1beta/files?upload_id=AbC-dEf_1&upload_protocol=resumable";
    headers.insert("x-goog-upload-url", link.parse().unwrap());
    let mut secrets = Secrets::default();
    secrets.add_headers(&headers);
    let mut interaction = Interaction {
        headers: Redaction::default().response_headers(&headers),
        ..Interaction::default()
    };
    Redaction::default().interaction(&secrets, &mut interaction);
    assert_eq!(
        interaction.headers[0].1,
        "https://x.example/upload/v1beta/files?upload_id=*********&upload_protocol=resumable"
    );
    assert_eq!(format!("{secrets:?}"), "Secrets(1)");
}

#[test]
fn a_place_as_deep_as_can_be_is_masked_all_the_same() {
    let deep = |inner: &str| {
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        format!("{{\"a\": {open}{{\"k\": {inner}}}{close}, \"b\": \"Jane\"}}")
    };
    let redaction =
        Redaction { pointers: vec![Pointer::parse("/a").unwrap()], ..Redaction::default() };
    let masked = redaction.text(&Secrets::default(), &deep("\"Jane\""));
    assert_eq!(masked, deep("\"****\""));
}

#[cfg(feature = "regex")]
#[test]
fn a_pattern_leaves_escapes_whole() {
    let redaction = Redaction {
        patterns: vec![regex::Regex::new("name is [^\"]*").unwrap()],
        ..Redaction::default()
    };
    let text = r#"{"a": "my name is J\u00f6rg \"J\" M\nend", "b": 1}"#;
    let masked = redaction.text(&Secrets::default(), text);
    assert_eq!(masked, r#"{"a": "my *********\u002a***\"J\" M\nend", "b": 1}"#);
    serde_json::from_str::<serde_json::Value>(&masked).unwrap();
}

#[cfg(feature = "pseudonyms")]
mod pseudonyms {
    use super::*;

    fn by(key: &str) -> Redaction {
        let pointers = vec![Pointer::parse("/customer").unwrap()];
        Redaction { mask: Mask::by_key(key.as_bytes()), pointers, ..Redaction::default() }
    }

    fn masked(redaction: &Redaction, text: &str) -> String {
        redaction.text(&Secrets::default(), text)
    }

    const KEY: &str = "sk-proj-abcDEF0123456789abcDEF";

    #[test]
    fn the_same_secret_has_the_same_name_and_another_key_gives_others() {
        // By OpenSSL: printf Jane-Doe-of-Rome | openssl dgst -sha256 -hmac key
        let text = r#"{"customer": "Jane-Doe-of-Rome", "at": "Jane-Doe-of-Rome"}"#;
        assert_eq!(
            masked(&by("key"), text),
            r#"{"customer": "p_e85e55f87e4992", "at": "Jane-Doe-of-Rome"}"#
        );
        let other = masked(&by("other"), text);
        assert!(other != masked(&by("key"), text) && other.len() == text.len());
        // Too short for a name.
        assert_eq!(masked(&by("key"), r#"{"customer": "Jane"}"#), r#"{"customer": "****"}"#);
        assert_eq!(masked(&by("key"), r#"{"customer": 1234}"#), r#"{"customer": 1111}"#);
        assert!(!format!("{:?}", by("key")).contains("key"));
    }

    #[test]
    fn a_key_has_one_name_wherever_it_stands() {
        let redaction = by("key");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {KEY}").parse().unwrap());
        let mut own = Secrets::default();
        own.add_headers(&headers);
        let name = masked(&redaction, KEY);
        assert!(name.starts_with("sk-p_") && name.len() == KEY.len(), "{name}");
        for text in ["it is @.", "Bearer @", "{\"k\":\"@\"}"] {
            let expected = text.replace('@', &name);
            assert_eq!(redaction.text(&own, &text.replace('@', KEY)), expected);
            assert_eq!(masked(&redaction, &text.replace('@', KEY)), expected);
        }
        // Inside base64, too.
        use crate::util::base64::base64;
        let hidden = base64(format!("my {KEY}").as_bytes());
        assert_eq!(masked(&redaction, &hidden), base64(format!("my {name}").as_bytes()));
    }

    #[test]
    fn what_has_a_name_keeps_it() {
        let interaction = Interaction {
            url: "https://api.example/v1/accounts/acme-inc/ai?key=abc123xyz".into(),
            headers: vec![("openai-organization".into(), "acme-inc".into())],
            body: format!("{{\"customer\": \"Jane Doe\", \"k\": \"{KEY}\", \"o\": \"acme-inc\"}}")
                .into(),
            ..Interaction::default()
        };
        let recorded = by("key").cleaned(&interaction);
        assert_eq!(recorded.headers[0].1.len(), 18);
        let name = &recorded.headers[0].1;
        assert!(recorded.url.contains(&format!("/accounts/{name}/ai?key=p_")), "{}", recorded.url);
        let body = std::str::from_utf8(&recorded.body).unwrap();
        assert!(body.contains(&format!("\"o\": \"{}\"", &name[..8])), "{body}");
        for rules in [by("key"), by("other"), Redaction::default()] {
            assert_eq!(rules.cleaned(&recorded), recorded);
        }
    }
}
