//! Files, held against the JSON Schema that editors have.

use serde_json::value::RawValue;

use crate::config::{schema, yaml};
use crate::schema::Judge;

/// Why an editor would underline something in a file.
fn underlined(text: &str) -> Option<String> {
    let file = yaml::read(0, text).unwrap().json().unwrap();
    let schema = RawValue::from_string(schema().to_owned()).unwrap();
    Judge::new(&schema).misfit(&file).map(|misfit| format!("{misfit:?}"))
}

#[test]
fn the_examples_fit_the_schema() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(underlined(&text), None, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn mistakes_do_not_fit_the_schema() {
    for text in [
        "sede: 1",
        "rules: [{when: {lst_user: a}, reply: x}]",
        "rules: [{when: {model: {}}, reply: x}]",
        "rules: [{reply: {parts: [{text: a, refusal: b}]}}]",
        "rules: [{error: tired}]",
        "trouble: [{probability: 2}]",
        "chunking: letters",
        "cassette: {mode: replay}",
        "strict: 200",
    ] {
        assert!(underlined(text).is_some(), "{text}");
    }
}
