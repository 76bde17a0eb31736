//! Bad files and what is said of them; good ones in all three formats.

mod bad_rules;
mod schema;

use std::path::{Path, PathBuf};

use super::load::Format;
use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "EMPTY" => Some(String::new()),
        "KEY" => Some("sk-test-1".to_owned()),
        "NO" => Some("false".to_owned()),
        "RATE" => Some("0.5".to_owned()),
        _ => None,
    }
}

fn yaml(text: &str) -> Result<Config, Error> {
    Config::parse("f.yaml", text, Format::Yaml, None, &env)
}

fn said(text: &str) -> String {
    yaml(text).expect_err(text).to_string()
}

#[test]
fn bad_files_and_what_is_said_of_them() {
    for (text, expected) in [
        (
            "providers:\n  mock:\n    type: mock\n    enabeld: true\n",
            "f.yaml:4:5: providers.mock: unknown key `enabeld`; did you mean `enabled`?",
        ),
        ("provider: {}\n", "f.yaml:1:1: unknown key `provider`; did you mean `providers`?"),
        (
            "colour: red\n",
            "f.yaml:1:1: unknown key `colour`; it may be `include`, `profiles`, `providers`, \
             `models`, `keys`, `enabled`, `rules`, `default_reply`, `validation`, `check_replies`, \
             `strict`, `seed`, `pace`, `paces`, `pace_header`, `trouble`, `fault_header`, `quota`, \
             `prompt_caching`, `tokenizer`, `chunking`, `cassette`, `only`, `local_hosts`, \
             `unmatched`, `max_request_body`, `journal`, `watch_client`, `response_header`, `server`",
        ),
        (
            "providers:\n  mock: {type: mok}\n",
            "f.yaml:2:16: providers.mock.type: unknown value `mok`; did you mean `mock`?",
        ),
        (
            "providers:\n  a:\n    enabled: true\n",
            "f.yaml:2:3: providers.a: the key `type` is missing: `mock`, or whose API it is \
             (`openai`, `anthropic`, `gemini`)",
        ),
        (
            "providers:\n  a: {type: mock, latency_ms: fast}\n",
            "f.yaml:2:31: providers.a.latency_ms: expected a number, but it is \"fast\"",
        ),
        (
            "providers:\n  a: {type: mock, latency_ms: -1}\n",
            "f.yaml:2:31: providers.a.latency_ms: expected milliseconds, from 0 to a day of them, \
             but it is -1",
        ),
        (
            "providers:\n  a: {type: mock, failure_rate: 5}\n",
            "f.yaml:2:33: providers.a.failure_rate: expected a number from 0 to 1, but it is 5",
        ),
        (
            "providers:\n  a: {type: mock, failure_rate: .nan}\n",
            "f.yaml:2:33: providers.a.failure_rate: expected a number, but it is \".nan\"",
        ),
        (
            "providers:\n  a: {type: openai, failure_rate: 0.5}\n",
            "f.yaml:2:35: providers.a.failure_rate: only a provider of `type: mock` has it",
        ),
        (
            "providers:\n  a: {type: mock, enabled: yes}\n",
            "f.yaml:2:28: providers.a.enabled: expected `true` or `false`, but it is \"yes\"",
        ),
        (
            "providers:\n  a: {type: mock, responses: {gpt-4: [x]}}\n",
            "f.yaml:2:38: providers.a.responses.gpt-4: expected a text, or a map with `default` and \
             `patterns`, but it is a list",
        ),
        (
            "providers:\n  a: {type: mock, responses: {gpt-4: {defualt: x}}}\n",
            "f.yaml:2:39: providers.a.responses.gpt-4: unknown key `defualt`; did you mean `default`?",
        ),
        (
            "providers:\n  a: {type: mock, responses: {gpt-4: {patterns: [{pattern: x}]}}}\n",
            "f.yaml:2:50: providers.a.responses.gpt-4.patterns[0]: the key `response` is missing",
        ),
        (
            "providers:\n  a: {type: mock, responses: {gpt-4: {patterns: {'': x}}}}\n",
            "f.yaml:2:50: providers.a.responses.gpt-4.patterns: an empty pattern is in every text; \
             say it as `default`",
        ),
        (
            "providers:\n  a: {type: openai, base_url: api.openai.com}\n",
            "f.yaml:2:31: providers.a.base_url: expected a URL such as `https://host/v1`, but it is \
             \"api.openai.com\"",
        ),
        (
            "providers:\n  a: {type: openai, base_url: '${NOT_SET}'}\n",
            "f.yaml:2:31: providers.a.base_url: the environment variable NOT_SET is not set; set it, \
             or write `${NOT_SET:-default}`",
        ),
        (
            "providers:\n  a: {type: openai, api_key: '${NOT_SET'}\n",
            "f.yaml:2:30: providers.a.api_key: `${` without `}`; write `$${` for the characters \
             themselves",
        ),
        (
            "seed: ${a.b}\n",
            "f.yaml:1:7: seed: `${a.b}` names no environment variable; write `$${` for the \
             characters themselves",
        ),
        (
            "providers:\n  a: {type: mock, enabled: false}\n",
            "f.yaml:2:3: providers: no provider is enabled, so nothing could be answered; set \
             `enabled: true` on one",
        ),
        (
            "providers:\n  mock: {type: mock}\nmodels:\n  gpt-4: {provider: mokc}\n",
            "f.yaml:4:21: models.gpt-4.provider: unknown provider `mokc`; did you mean `mock`?",
        ),
        (
            "providers:\n  mock: {type: mock}\nmodels:\n  gpt-4: {fallback_provider: mock}\n",
            "f.yaml:4:10: models.gpt-4: the key `provider` is missing",
        ),
        (
            "keys:\n  sha256:abc: live\n",
            "f.yaml:2:3: keys.sha256:abc: `sha256:` must be followed by the 64 hexadecimal digits of \
             a key's hash: printf %s \"$KEY\" | sha256sum",
        ),
        (
            "keys:\n  sk-*: lvie\n",
            "f.yaml:2:9: keys.sk-*: unknown value `lvie`; did you mean `live`?",
        ),
        (
            "validation: lax\n",
            "f.yaml:1:13: validation: unknown value `lax`; it may be `strict`, `lenient`",
        ),
        (
            "strict: t_rue\n",
            "f.yaml:1:9: strict: expected `true`, `false` or a status from 400 to 599, but it is \"t_rue\"",
        ),
        ("seed: -1\n", "f.yaml:1:7: seed: expected a whole number from 0 on, but it is \"-1\""),
        ("seed: '1'\n", "f.yaml:1:7: seed: expected a whole number from 0 on, but it is \"1\""),
        (
            "server: {port: 70000}\n",
            "f.yaml:1:16: server.port: expected a whole number from 0 to 65535, but it is \"70000\"",
        ),
        (
            "pace: gap=20\n",
            "f.yaml:1:7: pace: `gap=20`: `20` is no time; write 20ms, 1.5s or 100us",
        ),
        ("seed: 1\nseed: 2\n", "f.yaml:2:1: the key `seed` stands here for the second time"),
        ("- seed\n", "f.yaml:1:1: expected a map, but it is a list"),
        ("a: &a [*a]\n", "f.yaml:1:8: an alias of itself"),
        ("seed: 1\n---\nseed: 2\n", "f.yaml:2:1: a second document begins here; a file has one"),
        ("[a]: 1\n", "f.yaml:1:1: a key must be a text"),
        (
            "profiles:\n  ci: {sede: 1}\n",
            "f.yaml:2:8: profiles.ci: unknown key `sede`; did you mean `seed`?",
        ),
        ("include: other.yaml\n", "f.yaml:1:10: include: a text cannot include files"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
    assert!(said("a: [\n").starts_with("f.yaml:2:1: no YAML: "), "{}", said("a: [\n"));
}

#[test]
fn bad_toml_and_json() {
    let toml =
        |text| Config::parse("f.toml", text, Format::Toml, None, &env).unwrap_err().to_string();
    let json =
        |text| Config::parse("f.json", text, Format::Json, None, &env).unwrap_err().to_string();
    assert_eq!(
        toml("[providers.mock]\ntype = \"mock\"\nlatency = 1\n"),
        "f.toml:3:1: providers.mock: unknown key `latency`; did you mean `latency_ms`?"
    );
    assert!(toml("seed = \n").starts_with("f.toml:1:"), "{}", toml("seed = \n"));
    assert!(toml("seed = \n").contains(": no TOML: "), "{}", toml("seed = \n"));
    assert_eq!(
        json("{\n  \"providers\": {\n    \"m\": {\"type\": \"mock\", \"sed\": 1}}}"),
        "f.json:3:27: providers.m: unknown key `sed`; it may be `type`, `enabled`, `api_key`, \
         `base_url`, `latency_ms`, `failure_rate`, `deterministic`, `responses`"
    );
    assert_eq!(
        json("{\"seed\": 1,\n \"seed\": 2}"),
        "f.json:2:2: the key `seed` stands here for the second time"
    );
    assert_eq!(json("{\"seed\": 1,\n}"), "f.json:2:1: no JSON: key must be a string");
}

#[test]
fn one_file_in_three_formats() {
    let yaml = yaml("seed: 7\nproviders:\n  m:\n    type: mock\n    latency_ms: 1.5\n").unwrap();
    let toml = "seed = 7\n[providers.m]\ntype = \"mock\"\nlatency_ms = 1.5\n";
    let toml = Config::parse("f", toml, Format::Toml, None, &env).unwrap();
    let json = r#"{"seed": 7, "providers": {"m": {"type": "mock", "latency_ms": 1.5}}}"#;
    let json = Config::parse("f", json, Format::Json, None, &env).unwrap();
    for config in [yaml, toml, json] {
        assert_eq!(config.plan.file.seed, Some(7));
        let (name, provider) = &config.plan.file.providers.0[0];
        assert_eq!(name.value, "m");
        assert_eq!(provider.latency_ms.as_ref().unwrap().value, 1.5);
    }
}

#[test]
fn variables() {
    let text = "providers:\n  m: {type: mock, enabled: \"${YES:-true}\", failure_rate: \"${RATE}\"}\n  \
                off: {type: openai, enabled: '${NO}', base_url: '${NOT_SET}', api_key: '${KEY}'}\n";
    let config = yaml(text).unwrap();
    let providers = &config.plan.file.providers.0;
    assert_eq!(providers[0].1.enabled, Some(true));
    assert_eq!(providers[0].1.failure_rate.as_ref().unwrap().value, 0.5);
    assert!(!providers[1].1.is_enabled());

    let says = |text: &str| {
        let text = format!("providers: {{m: {{type: mock, responses: {{a: \"{text}\"}}}}}}");
        let config = yaml(&text).unwrap();
        let default = &config.plan.file.providers.0[0].1.responses.0[0].1.default;
        match &default.as_ref().unwrap().value {
            super::words::TextOr::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(says("a ${KEY} b ${EMPTY:-c}${NO}"), "a sk-test-1 b cfalse");
    assert_eq!(says("costs $5, $${KEY}, no"), "costs $5, ${KEY}, no");
    assert_eq!(says("no"), "no");
}

#[test]
fn a_key_that_is_not_set_is_a_warning() {
    let config = yaml("providers:\n  o: {type: openai, api_key: '${NOT_SET}'}\n").unwrap();
    assert_eq!(config.warnings(), ["providers.o.api_key: NOT_SET is not set"]);
}

#[test]
fn what_is_exposed() {
    let config = yaml("keys: {sk-live-*: live, sk-secret-key: mock}\n").unwrap();
    assert_eq!(
        config.mocked(),
        ["no provider is named, so the mock answers for all", "keys.sk-sec...: is mocked"]
    );
    assert_eq!(config.live(), ["keys.sk-live-*: goes live"]);
    let config = yaml("providers: {o: {type: openai}}\n").unwrap();
    assert!(config.mocked().is_empty());
    assert_eq!(config.live(), ["providers.o: a real provider is enabled"]);
}

#[test]
fn no_message_shows_an_api_key() {
    let key = "sk-live-0123456789";
    for (text, expected) in [
        (
            format!("keys: {{{key}: moc}}\n"),
            "f.yaml:1:28: keys.sk-liv...: unknown value `moc`; did you mean `mock`?",
        ),
        (
            format!("profiles: {{ci: {{keys: {{{key}: [mock]}}}}}}\n"),
            "profiles.ci.keys.sk-liv...: ",
        ),
        (
            format!("keys:\n  {key}: mock\n  {key}: live\n"),
            "f.yaml:3:3: the key `sk-liv...` stands here for the second time",
        ),
    ] {
        let said = said(&text);
        assert!(said.contains(expected) && !said.contains(key), "{said}");
    }
    let config = yaml(&format!("keys: {{{key}: mock}}\n")).unwrap();
    assert!(!format!("{config:?}").contains(key), "{config:?}");
}

#[test]
fn profiles_are_laid_over_the_file() {
    let text = "seed: 1\nproviders:\n  m: {type: mock}\n  o: {type: openai, enabled: false}\n\
                profiles:\n  production:\n    providers: {m: {enabled: false}, o: {enabled: true}}\n  \
                staging: {seed: 2}\n";
    let under = |profile| Config::parse("f.yaml", text, Format::Yaml, profile, &env);
    assert!(under(None).unwrap().live().is_empty());
    assert!(under(Some("ci")).unwrap().live().is_empty());
    assert!(under(Some("production")).unwrap().mocked().is_empty());
    assert_eq!(under(Some("staging")).unwrap().plan.file.seed, Some(2));
    assert_eq!(
        under(Some("prodution")).unwrap_err().to_string(),
        "f.yaml: unknown profile `prodution`; did you mean `production`?"
    );
}

/// A folder of a test's own, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("mock-llm-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn load(&self, name: &str) -> Result<Config, Error> {
        Config::load_in(&self.0.join(name), None, &env)
    }

    fn said(&self, name: &str) -> String {
        let said = self.load(name).unwrap_err().to_string();
        said.replace(&format!("{}{}", self.0.display(), std::path::MAIN_SEPARATOR), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_include_others_in_any_format() {
    let folder = Folder::with(
        "include",
        &[
            ("a.yaml", "include: [b.toml, c.json]\nseed: 3\n"),
            ("b.toml", "seed = 1\n[providers.m]\ntype = \"mock\"\n"),
            ("c.json", "{\"seed\": 2, \"validation\": \"strict\"}"),
            ("loop.yaml", "include: loop.yaml\n"),
            ("lost.yaml", "include: [none.yaml]\n"),
            ("wrong.yaml", "include: bad.toml\n"),
            ("bad.toml", "sead = 1\n"),
            ("text.txt", ""),
        ],
    );
    let config = folder.load("a.yaml").unwrap();
    assert_eq!(config.plan.file.seed, Some(3));
    assert_eq!(config.plan.file.providers.0.len(), 1);
    assert!(config.plan.file.validation.is_some());
    assert_eq!(folder.said("loop.yaml"), "loop.yaml:1:1: it is included by itself, or by too many");
    assert_eq!(folder.said("lost.yaml"), "lost.yaml:1:11: include: there is no file none.yaml");
    assert_eq!(folder.said("wrong.yaml"), "bad.toml:1:1: unknown key `sead`; did you mean `seed`?");
    assert!(folder.said("text.txt").contains("its name must end in `.yaml`"));
    assert!(folder.said("none.yaml").starts_with("none.yaml:1:1: cannot be read: "));
}

#[test]
fn the_examples_are_what_they_are_called() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/config");
    let none = |_: &str| None;
    let development = Config::load_in(&folder.join("development.yaml"), None, &none).unwrap();
    assert!(development.live().is_empty(), "{:?}", development.live());
    assert!(!development.mocked().is_empty());
    let production = Config::load_in(&folder.join("production.yaml"), None, &none).unwrap();
    assert!(production.mocked().is_empty(), "{:?}", production.mocked());
    assert!(!production.live().is_empty());
}

#[test]
fn the_profile_production_does_not_mock() {
    let folder = Folder::with(
        "production",
        &[
            ("mocks.yaml", "providers: {m: {type: mock}}\n"),
            ("keys.yaml", "providers: {o: {type: openai}}\nkeys: {sk-test-*: mock}\n"),
            ("every.yaml", "providers: {o: {type: openai}}\nkeys: {'${EMPTY}*': mock}\n"),
        ],
    );
    let load = |name: &str| Config::load_in(&folder.0.join(name), Some("production"), &env);
    let error = load("mocks.yaml").unwrap_err().to_string();
    assert!(error.contains("under the profile `production` the mock must not answer"), "{error}");
    assert!(load("keys.yaml").is_ok());
    // Single keys may be mocked; this is every key.
    assert!(load("every.yaml").is_err());
    assert!(folder.load("every.yaml").is_ok());
    assert!(folder.load("mocks.yaml").is_ok());
}

/// No bytes make it panic.
#[test]
fn mangled_files_are_errors_or_files() {
    let yaml = include_str!("../cli/starter.yaml");
    let json = r#"{"include": "x", "providers": {"m": {"type": "mock", "latency_ms": 1.5e1, "enabled":
        true, "responses": {"\u0061\"b": {"default": "${KEY:-}", "patterns": [{"pattern": "x"}]}}}}}"#;
    let toml = "seed = 0x1f\n[providers.m]\ntype = 'mock'\nlatency_ms = 1_0.5\n[[a.b]]\nc = 1979-05-27\n\
                d = \"\"\"x\\u00e9${KEY}\"\"\"\n";
    let odd = [
        "{", "}", "[", "]", ":", "-", "\"", "'", "&a ", "*a", "|", ">", "#", "$", "${", "\n", "\t",
        "\0", "é", "\u{feff}", "? ", "%", "@", "!", ",", "=", "\\", "0",
    ];
    for (text, format) in [(yaml, Format::Yaml), (json, Format::Json), (toml, Format::Toml)] {
        let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        for (index, at) in places.iter().enumerate() {
            let insert = odd[index * 7 % odd.len()];
            let mangled = format!("{}{insert}{}", &text[..*at], &text[*at..]);
            let _ = Config::parse("f", &mangled, format, None, &env);
            let _ = Config::parse("f", &text[..*at], format, None, &env);
            let _ = Config::parse("f", &text[*at..], format, None, &env);
        }
    }
}

#[test]
fn a_bomb_of_aliases_is_defused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(said(&text).contains("more than 100000 values"), "{}", said(&text));
}

#[test]
fn what_is_too_deep_is_refused_in_every_format() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for (format, text) in [
        (Format::Json, format!("{{\"a\": {deep}}}")),
        (Format::Toml, format!("a = {deep}")),
        (Format::Yaml, format!("a: {deep}")),
    ] {
        Config::parse("f", &text, format, None, &env).unwrap_err();
    }
    let blocks: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(said(&blocks).ends_with("lists and maps more than 64 deep"), "{}", said(&blocks));
}

#[test]
fn aliases_multiply_neither_long_texts_nor_depth() {
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
    assert!(said(&long).contains("more than 100000 values"));
    // Each is as deep as lists may be, and has the one before at its bottom.
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..40 {
        let (open, close) = ("[".repeat(60), "]".repeat(60));
        text.push_str(&format!("a{level}: &a{level} {open}*a{}{close}\n", level - 1));
    }
    assert!(said(&text).ends_with("lists and maps more than 64 deep"), "{}", said(&text));
    // A copy is kept of each of these.
    let nested: String = (0..60).map(|level| format!("&a{level} [")).collect();
    let nested = format!("a: {nested}{}{}\n", "x,".repeat(5000), "]".repeat(60));
    assert!(said(&nested).contains("more than 100000 values"), "{}", said(&nested));
}
