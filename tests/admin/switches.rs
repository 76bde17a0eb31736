//! `/__mock/mode` and `/__mock/switches`.

use serde_json::{Value, json};
use tower_mock_llm::{KeyModes, MockLlmLayer, Mode};

use super::common::{says, unary};
use super::{Admin, message};

#[test]
fn the_mode_is_switched_for_all_and_by_key() {
    let keys = KeyModes::new(Mode::Mock);
    keys.set("sk-live-*", Mode::Off).unwrap();
    keys.set("sk-one-0123456789abcdef", Mode::Off).unwrap();
    let admin = Admin::of(says("pong").key_modes(keys));
    let modes = admin.get("/__mock/mode");
    assert_eq!(
        (&modes["mode"], &modes["keys"][0]),
        (&"mock".into(), &json!({"keys": "sk-live-*", "mode": "off"}))
    );
    assert!(!modes.to_string().contains("0123456789"), "{modes}");

    assert_ne!(admin.chat("sk-live-7", &unary()).0, 200);
    assert_eq!(admin.chat("sk-test-7", &unary()).0, 200);
    let put = |body: Value| admin.send("PUT", "/__mock/mode", &body.to_string());
    assert_eq!(put(json!({"mode": "mock", "keys": "sk-live-7"})).0, 200);
    assert_eq!(admin.chat("sk-live-7", &unary()).0, 200);
    let (status, modes) = put(json!({"mode": "off"}));
    assert_eq!((status, &modes["mode"]), (200, &"off".into()));
    assert_ne!(admin.chat("sk-test-7", &unary()).0, 200);
    assert_eq!(admin.get("/health")["mode"], "off", "the admin stays");
    assert_eq!(put(json!({"mode": "mock"})).0, 200);
    assert_eq!(admin.chat("sk-test-7", &unary()).0, 200);

    for (body, why) in [
        (r#"{"mode": "on"}"#, "`mode` must be `mock` or `off`, and is \"on\""),
        (
            r#"{"mode": "off", "key": "a"}"#,
            "the body is not what is wanted: unknown field `key`, expected `mode` or `keys` at line 1 column 21",
        ),
        (r#"{"mode": "off", "keys": "sha256:1"}"#, "`keys`: `sha256:` must be followed by"),
        ("{", "the body is not what is wanted: EOF while parsing an object at line 1 column 1"),
    ] {
        let (status, error) = admin.send("PUT", "/__mock/mode", body);
        assert_eq!(status, 400);
        assert!(message(&error).starts_with(why), "{error}");
    }
}

#[test]
fn latency_and_faults_are_switched_on_and_off() {
    let admin = Admin::of(says("pong"));
    let put = |body: &str| admin.send("PUT", "/__mock/switches", body);
    assert_eq!(admin.get("/__mock/switches"), json!({"pace": null, "fault": null}));
    let (status, switches) = put(r#"{"pace": "first=60ms", "fault": "error=rate_limit"}"#);
    assert_eq!(
        (status, &switches),
        (200, &json!({"pace": "first=60ms", "fault": "error=rate_limit"}))
    );
    assert_eq!(admin.chat("k", &unary()).0, 429);
    // What a request asks for goes before.
    let asked = admin.request("POST", "/v1/chat/completions").bearer_auth("k");
    let asked = asked.header("x-mock-llm-fault", "error=overloaded").body(unary()).send().unwrap();
    assert_eq!(asked.status(), 503);
    // What is not named stays.
    assert_eq!(put(r#"{"fault": null}"#).1, json!({"pace": "first=60ms", "fault": null}));
    assert_eq!(admin.chat("k", &unary()).0, 200);
    admin.settle();
    let slow = &admin.get("/__mock/calls?limit=1")["calls"][0];
    assert!(slow["duration_ms"].as_f64().unwrap() >= 60.0, "{slow}");
    assert_eq!(put(r#"{"pace": null}"#).1, json!({"pace": null, "fault": null}));
    for (body, why) in [
        (r#"{"pace": "fast"}"#, "`pace`: "),
        (r#"{"fault": "bang"}"#, "`fault` is \"bang\", which is no fault. It takes abort_after=N"),
        (r#"{"latency": 1}"#, "the body is not what is wanted: unknown field `latency`"),
    ] {
        let (status, error) = put(body);
        assert_eq!(status, 400);
        assert!(message(&error).starts_with(why), "{error}");
    }
    // A probability is drawn for each attempt anew.
    put(r#"{"fault": "error=server; probability=0.5"}"#);
    let failed = (0..40).filter(|_| admin.chat("k", &unary()).0 == 500).count();
    assert!((1..40).contains(&failed), "{failed}");
}

#[test]
fn the_layer_beside_the_server_has_no_switch() {
    let layer = MockLlmLayer::new();
    assert_eq!(layer.handle().mode(), Mode::Mock);
    let admin = Admin::of(layer.clone());
    admin.send("PUT", "/__mock/mode", r#"{"mode": "off"}"#);
    assert_eq!(layer.handle().mode(), Mode::Off, "they share their mode");
}
