//! Conditions on places in JSON, made of what was written.

use super::numbers::number_tests;
use super::texts::text_tests;
use super::when::{All, with};
use crate::config::de::Named;
use crate::config::fault::Fault;
use crate::config::words::when::{Jsons, TextTests, When};
use crate::config::words::{Json as Written, JsonOr};
use crate::respond::{self as on, Json, Match};

pub(super) fn add(when: &When, all: &mut All) -> Result<(), Fault> {
    let body = || on::json("");
    for (key, entries, whole) in [
        ("json", &when.json, body as fn() -> Json),
        ("response_schema", &when.response_schema, on::response_schema),
    ] {
        places(entries, whole, all).map_err(|fault| fault.under(key))?;
    }
    for (tool, entries) in &when.tool_schema.0 {
        let whole = || on::tool_schema(&tool.value);
        let under = |fault: Fault| fault.under(&tool.value).under("tool_schema");
        places(entries, whole, all).map_err(under)?;
    }
    Ok(())
}

fn places(entries: &Named<Jsons>, whole: impl Fn() -> Json, all: &mut All) -> Result<(), Fault> {
    for (place, test) in &entries.0 {
        let wrong = |why: String| Fault::new(why).at(place.place);
        let json = whole().try_within(&place.value).map_err(wrong)?;
        json_test(&json, test, all).map_err(|fault| fault.under(&place.value))?;
    }
    Ok(())
}

fn json_test(json: &Json, test: &Jsons, all: &mut All) -> Result<(), Fault> {
    let tests = match &test.value {
        JsonOr::Json(value) => return equals(json, value, all).map_err(|f| f.at(test.place)),
        JsonOr::Map(tests) => tests,
    };
    let before = all.0.take();
    number_tests(|| json.clone().number(), (tests.at_least, tests.at_most), all);
    let texts = TextTests {
        contains: tests.contains.clone(),
        contains_ignoring_case: tests.contains_ignoring_case.clone(),
        ends_with: tests.ends_with.clone(),
        equals: None,
        exists: None,
        glob: tests.glob.clone(),
        regex: tests.regex.clone(),
        starts_with: tests.starts_with.clone(),
    };
    text_tests(|| json.clone().text(), &texts, all)?;
    if let Some(value) = &tests.equals {
        equals(json, value, all).map_err(|fault| fault.at(test.place).under("equals"))?;
    }
    match tests.exists {
        None => {}
        Some(true) => all.add(json.clone().exists()),
        Some(false) => all.add(json.clone().exists().not()),
    }
    let Some(condition) = all.0.take() else {
        return Err(Fault::new("no test is said here").at(test.place));
    };
    all.0 = with(before, condition);
    Ok(())
}

/// A number is the same however it is written.
fn equals(json: &Json, Written(text): &Written, all: &mut All) -> Result<(), Fault> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Fault::new(error.to_string()))?;
    match value.as_f64() {
        Some(number) => all.add(json.clone().number().equals(number)),
        None => all.add(json.clone().equals(value)),
    }
    Ok(())
}
