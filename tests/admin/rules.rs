//! `/__mock/rules`, `/__mock/verdict`, `/__mock/reset`.

use tower_mock_llm::{ApiError, MockLlmLayer, Rule, last_user};

use super::common::{body, text, unary};
use super::{Admin, message};

fn mocked(responses: &str) -> String {
    format!(r#"{{"providers": {{"mock": {{"type": "mock", "responses": {responses}}}}}}}"#)
}

#[test]
fn rules_are_listed_with_hits_and_expectations() {
    let admin = Admin::of(
        MockLlmLayer::new()
            .rule(
                Rule::when(last_user().contains("hi"))
                    .respond_with("hello")
                    .named("greet")
                    .expect(2),
            )
            .rule(Rule::always().first("a").then("b"))
            .rule(Rule::always().respond_with("c"))
            .rule(Rule::when(last_user().contains("never")).respond_with("d").expect(0)),
    );
    admin.chat("k", &unary());
    admin.chat("k", &body("else", false));
    let rules = admin.get("/__mock/rules");
    assert_eq!(rules["count"], 4);
    let [greet, sequence, all, hidden] = rules["rules"].as_array().unwrap().as_slice() else {
        panic!("{rules}")
    };
    assert_eq!(
        (&greet["id"], &greet["name"], &greet["label"]),
        (&1.into(), &"greet".into(), &"`greet`".into())
    );
    assert_eq!(
        (&greet["answered"], &greet["expected"], &greet["met"]),
        (&1.into(), &"2".into(), &false.into())
    );
    assert_eq!(greet["when"], "the last user message contains \"hi\"");
    assert_eq!((&sequence["answered"], &sequence["most"]), (&1.into(), &2.into()));
    assert_eq!((&all["answered"], &all["expected"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!((&hidden["met"], &hidden["expected"]), (&true.into(), &"0".into()));
}

#[test]
fn rules_are_mounted_in_the_words_of_a_config_file_and_removed() {
    let admin =
        Admin::of(MockLlmLayer::new().rule(Rule::always().respond_with("base").named("base")));
    let says = |admin: &Admin| text(&admin.chat("k", &unary()).1);
    // Behind a rule that answers all it has nothing to say.
    let hi = mocked(r#"{"gpt-4o": {"default": "none", "patterns": {"HI": "mounted"}}}"#);
    let (status, behind) = admin.send("POST", "/__mock/rules", &hi);
    assert_eq!((status, &behind), (201, &serde_json::json!({"mounted": [2, 3]})));
    assert_eq!(says(&admin), "base");
    assert_eq!(admin.get("/__mock/rules")["rules"][1]["hidden_by"], "`base`");
    let (status, before) = admin.send("POST", "/__mock/rules?first=true", &hi);
    assert_eq!((status, &before), (201, &serde_json::json!({"mounted": [5, 4]})));
    assert_eq!(says(&admin), "mounted");
    let rules = admin.get("/__mock/rules");
    let name = "providers.mock.responses.gpt-4o.patterns.HI";
    assert_eq!(rules["rules"][0]["name"], name, "{rules}");
    assert_eq!(rules["rules"][0]["answered"], 1);

    let (status, removed) = admin.send("DELETE", &format!("/__mock/rules?name={name}"), "");
    assert_eq!((status, &removed), (200, &serde_json::json!({"removed": [5, 2]})));
    assert_eq!(says(&admin), "none");
    assert_eq!(admin.send("DELETE", "/__mock/rules/4", "").0, 200);
    assert_eq!(says(&admin), "base");
    assert_eq!(admin.send("DELETE", "/__mock/rules/base", "").0, 200);
    assert_eq!(says(&admin), "none");
    assert_eq!(admin.send("DELETE", "/__mock/rules/4", "").0, 404);
    let (status, error) = admin.send("DELETE", "/__mock/rules", "");
    assert_eq!(status, 400);
    assert!(message(&error).starts_with("say which rule is to go"), "{error}");
}

#[test]
fn rules_with_conditions_sequences_and_errors_are_mounted() {
    let admin = Admin::of(MockLlmLayer::new());
    let rules = r#"{"rules": [{
        "name": "flaky", "when": {"model": "gpt-*", "last_user": "hi"}, "expect": 3,
        "first": {"error": "overloaded", "times": 2}, "then_repeat": "at last"
    }]}"#;
    assert_eq!(admin.send("POST", "/__mock/rules", rules).0, 201);
    assert_eq!([0; 3].map(|_| admin.chat("k", &unary()).0), [503, 503, 200]);
    let flaky = &admin.get("/__mock/rules")["rules"][0];
    assert_eq!((&flaky["name"], &flaky["answered"]), (&"flaky".into(), &3.into()));
    assert_eq!((&flaky["expected"], &flaky["met"]), (&"3".into(), &true.into()));
}

#[test]
fn what_is_no_rule_is_refused_with_line_and_column() {
    let admin = Admin::of(MockLlmLayer::new());
    for (body, why) in [
        ("{\n  \"providers\": {,}\n}", "<body>:2:17: "),
        ("[]", "<body>:1:1: "),
        (
            "{\"providers\": {\"m\": {\"type\": \"mock\", \"reponses\": {}}}}",
            "<body>:1:38: providers.m: unknown key `reponses`; did you mean `responses`?",
        ),
        (
            "{\"seed\": 7, \"providers\": {\"m\": {\"type\": \"mock\"}}}",
            "`seed` cannot be changed while the server runs",
        ),
        ("{\"providers\": {\"m\": {\"type\": \"mock\"}}}", "there is no rule in it"),
        ("{\"include\": \"/etc/hostname\"}", "`include` cannot be changed while the server runs"),
        ("{\"\\ud800\": 1, \"include\": \"/etc/hostname\"}", "<body>: "),
        ("{\"rules\": [{\"reply\": \"${HOME}\"}]}", "<body>:1:22: "),
    ] {
        let (status, error) = admin.send("POST", "/__mock/rules", body);
        assert_eq!(status, 400, "{body}");
        assert!(message(&error).starts_with(why), "{body}\n{error}");
    }
    assert_eq!(admin.get("/__mock/rules")["count"], 0);
}

#[test]
fn in_strict_mode_no_hidden_rule_is_mounted() {
    let admin = Admin::of(MockLlmLayer::new().strict().rule(Rule::always().respond_with("all")));
    let (status, error) = admin.send("POST", "/__mock/rules", &mocked(r#"{"*": "hidden"}"#));
    assert_eq!(status, 400);
    assert!(message(&error).contains("never answers"), "{error}");
    // First it would hide the other.
    assert_eq!(admin.get("/__mock/rules")["count"], 1);
}

#[test]
fn a_reset_is_back_at_the_start() {
    let admin =
        Admin::of(MockLlmLayer::new().rule(Rule::always().first("a").then("b").named("start")));
    let says = |admin: &Admin| text(&admin.chat("k", &unary()).1);
    assert_eq!((says(&admin), says(&admin)), ("a".to_owned(), "b".to_owned()));
    admin.send("POST", "/__mock/rules", &mocked(r#"{"*": "mounted"}"#));
    admin.send("PUT", "/__mock/switches", r#"{"fault": "error=server"}"#);
    assert_eq!(admin.chat("k", &unary()).0, 500);
    admin.settle();
    let (status, _) = admin.send("POST", "/__mock/reset", "");
    assert_eq!(status, 200);
    assert_eq!(admin.get("/__mock/calls")["calls"], serde_json::json!([]));
    let rules = admin.get("/__mock/rules");
    assert_eq!(
        (&rules["count"], &rules["rules"][0]["name"], &rules["rules"][0]["answered"]),
        (&1.into(), &"start".into(), &0.into())
    );
    assert_eq!(says(&admin), "a");
    admin.settle();
    // Numbers are not given twice.
    assert_eq!(admin.get("/__mock/calls")["calls"][0]["id"], 4);
}

#[test]
fn a_verdict_judges_clients_and_expectations() {
    let admin = Admin::of(
        MockLlmLayer::new()
            .rule(Rule::when(last_user().contains("hi")).respond_with(ApiError::authentication()))
            .rule(
                Rule::when(last_user().contains("never"))
                    .respond_with("x")
                    .named("never")
                    .expect(1),
            ),
    );
    let empty = admin.get("/__mock/verdict");
    assert_eq!((&empty["attempts"], &empty["ok"]), (&0.into(), &false.into()));
    admin.chat("wrong", &unary());
    admin.chat("wrong", &unary());
    admin.settle();
    let verdict = admin.get("/__mock/verdict");
    assert_eq!((&verdict["calls"], &verdict["attempts"]), (&1.into(), &2.into()));
    let finding = &verdict["findings"][0];
    assert_eq!((&finding["problem"], &finding["call"]), (&"final_error_retried".into(), &1.into()));
    let words = finding["message"].as_str().unwrap();
    assert!(words.starts_with("POST /v1/chat/completions got 401, which stays"), "{words}");
    let unmet = verdict["unmet"].as_str().unwrap();
    assert!(unmet.starts_with("rule `never`: expected 1 request, answered 0"), "{unmet}");
}
