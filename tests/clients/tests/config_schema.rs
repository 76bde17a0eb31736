//! The JSON Schema of the config file and its reader are of one mind.

use serde_json::{Value, json};
use tower_mock_llm::config::{Config, schema};

#[test]
fn what_the_schema_takes_the_reader_takes() {
    let schema: Value = serde_json::from_str(schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let mock = |more: Value| {
        let mut mock = json!({"type": "mock"});
        mock.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"providers": {"m": mock}})
    };
    for (file, is_good) in [
        (json!({}), true),
        (
            mock(
                json!({"enabled": true, "latency_ms": 1.5, "failure_rate": 0, "deterministic": false}),
            ),
            true,
        ),
        (mock(json!({"enabled": "${NOT_SET:-true}", "latency_ms": "${NOT_SET:-7}"})), true),
        (
            mock(
                json!({"responses": {"a": "text", "b": {"default": "x", "patterns": {"y": "z"}}}}),
            ),
            true,
        ),
        (
            mock(json!({"responses": {"a": {"patterns": [{"pattern": "y", "response": "z"}]}}})),
            true,
        ),
        (
            json!({"providers": {"o": {"type": "google", "api_key": "k", "base_url": "https://h/v1"}}}),
            true,
        ),
        (
            json!({"keys": {"sk-*": "live", "k": "mock", "l": "off"}, "seed": 7, "pace": "instant"}),
            true,
        ),
        (json!({"validation": "strict", "strict": true, "response_header": false}), true),
        (json!({"server": {"host": "::1", "port": 0}}), true),
        (json!({"profiles": {"ci": {"seed": 1}, "production": {"strict": true}}}), true),
        (json!({"providers": {"m": {"type": "mock"}}, "models": {"a": {"provider": "m"}}}), true),
        (json!({"sede": 1}), false),
        (json!({"seed": -1}), false),
        (json!({"seed": "one"}), false),
        (json!({"validation": "lax"}), false),
        (json!({"keys": {"k": "dead"}}), false),
        (json!({"server": {"port": 70000}}), false),
        (json!({"models": {"a": {}}}), false),
        (json!({"profiles": {"ci": {"include": "x.yaml"}}}), false),
        (mock(json!({"failure_rate": 2})), false),
        (mock(json!({"latency_ms": -1})), false),
        (mock(json!({"latency": 1})), false),
        (mock(json!({"type": "mok"})), false),
        (mock(json!({"enabled": "yes"})), false),
        (mock(json!({"responses": {"a": ["x"]}})), false),
        (mock(json!({"responses": {"a": {"patterns": [{"pattern": "y"}]}}})), false),
        (
            mock(json!({"responses": {"a": {"patterns": [{"pattern": "", "response": "z"}]}}})),
            false,
        ),
    ] {
        let read = Config::from_json(&file.to_string());
        assert_eq!(read.is_ok(), is_good, "{file}: {read:?}");
        assert_eq!(validator.is_valid(&file), is_good, "{file}");
    }
}
