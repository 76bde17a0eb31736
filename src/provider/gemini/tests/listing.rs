//! The list of models.

use super::*;
use crate::provider::golden::{self, Recording};
use crate::reply::{Models, Output};

fn listed(path: &str, models: Models) -> http::Response<String> {
    let request = http::Request::get(format!("https://generativelanguage.googleapis.com{path}"))
        .header("x-goog-api-key", "k");
    let request = golden::request(&Gemini, request.body(String::new()).unwrap()).unwrap();
    let reply = Reply::empty();
    let response = Gemini.output(&golden::context(&request, &reply), &Output::Models(models));
    response.map(|body| String::from_utf8(body.to_vec()).unwrap())
}

/// The text of each model in a list.
fn models(list: &str) -> Vec<&str> {
    list.split("\n    {").skip(1).map(|model| model.split("\n    }").next().unwrap()).collect()
}

#[test]
fn models_are_listed_as_recorded() {
    let recording = Recording::read(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/provider/gemini/golden/models.json"
    )));
    let response = listed("/v1beta/models", Models::default());
    recording.check_head(&response, &[]);
    let (ours, theirs) = (models(response.body()), models(&recording.body));
    let kept: Vec<_> = theirs.into_iter().filter(|model| ours.contains(model)).collect();
    assert_eq!(kept, ours);
    assert_eq!(ours.len(), 23);
    assert!(response.body().starts_with("{\n  \"models\": [\n    {\n      \"name\": "));
    assert!(response.body().ends_with("\n    }\n  ]\n}\n"), "there is no other page");
}

#[test]
fn the_token_of_a_page_is_spelled_as_recorded() {
    // What stands for the page behind this model.
    let recorded = "Ch9tb2RlbHMvdmVvLTMuMS1nZW5lcmF0ZS1wcmV2aWV3";
    let models = || Models::of(["veo-3.1-generate-preview", "b", "c"]);
    let first = listed("/v1beta/models?pageSize=1", models()).into_body();
    assert!(
        first.ends_with(&format!("\n  ],\n  \"nextPageToken\": \"{recorded}\"\n}}\n")),
        "{first}"
    );
    let second = format!("/v1beta/models?pageSize=1&pageToken={recorded}");
    let second = listed(&second, models()).into_body();
    assert!(
        second.contains("\"name\": \"models/b\"") && second.contains("nextPageToken"),
        "{second}"
    );
    let wrong = listed("/v1beta/models?pageToken=zz", models());
    assert_eq!(wrong.status(), 400);
    assert_eq!(listed("/v1beta/models?pageSize=-1", models()).status(), 400);
}

#[test]
fn one_model_stands_alone_or_is_not_found() {
    let one = listed("/v1beta/models/gemini-2.5-flash", Models::default()).into_body();
    assert!(one.starts_with("{\n  \"name\": \"models/gemini-2.5-flash\",\n"), "{one}");
    assert!(one.ends_with("  \"maxTemperature\": 2,\n  \"thinking\": true\n}\n"), "{one}");
    let none = listed("/v1/models/gemini-0", Models::default());
    assert_eq!(none.status(), 404);
    let words = "Model is not found: models/gemini-0 for api version v1\"";
    assert!(none.body().contains(words), "{}", none.body());
}
