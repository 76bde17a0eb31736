//! `mock-llm validate` and `init`.

use super::*;

#[test]
fn validate_tells_development_from_production() {
    let (development, production) = (example("development.yaml"), example("production.yaml"));
    for (file, expect, expected) in [
        (&development, "development", SUCCESS),
        (&development, "production", UNMET),
        (&production, "production", SUCCESS),
        (&production, "development", UNMET),
    ] {
        let (code, out, err) = ran(&["mock-llm", "validate", file, "--expect", expect]);
        assert_eq!(code, expected, "{file} {expect}: {out}{err}");
    }
    let (_, out, err) = ran(&["mock-llm", "validate", &development, "--expect", "production"]);
    assert_eq!(out, "");
    assert_eq!(
        err,
        format!(
            "mock-llm: {development} is not fit for production: something would be mocked:\n  \
             providers.mock: the mock is enabled\n"
        )
    );
    let (_, out, _) =
        ran(&["mock-llm", "validate", &production, "--expect", "development", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["valid"], &report["met"]), (&true.into(), &false.into()));
    assert_eq!(report["live"].as_array().unwrap().len(), 2);
}

#[test]
fn validate_names_the_place_of_a_mistake() {
    let path = fresh("bad.yaml");
    std::fs::write(&path, "providers:\n  m: {type: mock}\nsede: 1\n").unwrap();
    let file = path.to_str().unwrap();
    let (code, out, err) = ran(&["mock-llm", "validate", file]);
    assert_eq!((code, out.as_str()), (FAILURE, ""));
    assert_eq!(err, format!("mock-llm: {file}:3:1: unknown key `sede`; did you mean `seed`?\n"));
    let (code, out, err) = ran(&["mock-llm", "validate", file, "--json"]);
    assert_eq!((code, err.as_str()), (FAILURE, ""));
    assert!(out.contains("unknown key `sede`"), "{out}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_init_writes_is_valid_in_each_profile() {
    let path = fresh("init.yaml");
    let file = path.to_str().unwrap();
    let (code, out, err) = ran(&["mock-llm", "init", file]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.contains("mock-llm serve --config"), "{out}");
    let (code, _, err) = ran(&["mock-llm", "init", file]);
    assert_eq!(code, FAILURE);
    assert!(err.contains("--force"), "{err}");
    for args in [
        &["mock-llm", "init", file, "--force"][..],
        &["mock-llm", "validate", file, "--profile", "dev", "--expect", "development"],
        &["mock-llm", "validate", file, "--profile", "production", "--expect", "production"],
    ] {
        let (code, _, err) = ran(args);
        assert_eq!(code, SUCCESS, "{err}");
    }
    let (_, out, _) = ran(&["mock-llm", "init", "-"]);
    assert_eq!(out, std::fs::read_to_string(&path).unwrap());
    std::fs::remove_file(path).unwrap();
}
