//! The list of models.

use super::*;
use crate::provider::golden;
use crate::reply::{Models, Output};

fn asked(path: &str) -> Result<LlmRequest, ApiError> {
    let request = http::Request::get(format!("https://api.anthropic.com{path}"))
        .header("x-api-key", "sk-ant-x")
        .header("anthropic-version", "2023-06-01");
    golden::request(&Anthropic, request.body(String::new()).unwrap())
}

fn listed(path: &str, models: Models) -> http::Response<String> {
    let (request, reply) = (asked(path).unwrap(), Reply::empty());
    let response = Anthropic.output(&golden::context(&request, &reply), &Output::Models(models));
    response.map(|body| String::from_utf8(body.to_vec()).unwrap())
}

fn ids(page: &str) -> (Vec<String>, bool) {
    let page: Value = serde_json::from_str(page).unwrap();
    let data = page["data"].as_array().unwrap().iter();
    let ids: Vec<_> = data.map(|model| model["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(page["first_id"].as_str(), ids.first().map(String::as_str));
    assert_eq!(page["last_id"].as_str(), ids.last().map(String::as_str));
    (ids, page["has_more"].as_bool().unwrap())
}

#[test]
fn the_list_is_the_recorded_bytes() {
    let recording = golden::Recording::read(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/provider/anthropic/golden/models.json"
    )));
    let response = listed("/v1/models", Models::default());
    // One names a workspace, the other times itself.
    recording.check_head(&response, &["anthropic-workspace-id", "server-timing"]);
    assert_eq!(*response.body(), recording.body);
}

#[test]
fn pages_follow_one_another() {
    let mut all = Vec::new();
    let mut path = "/v1/models?limit=4".to_owned();
    loop {
        let (page, has_more) = ids(listed(&path, Models::default()).body());
        assert!(page.len() <= 4);
        path = format!("/v1/models?limit=4&after_id={}", page.last().unwrap());
        all.extend(page);
        if !has_more {
            break;
        }
    }
    assert_eq!(all, ids(listed("/v1/models", Models::default()).body()).0);
    let back = format!("/v1/models?limit=2&before_id={}", all[3]);
    assert_eq!(ids(listed(&back, Models::default()).body()), (all[1..3].to_vec(), true));
}

#[test]
fn one_model_stands_alone_and_an_alias_is_resolved() {
    let body = listed("/v1/models/claude-haiku-4-5", Models::default()).into_body();
    assert!(body.starts_with(r#"{"type":"model","id":"claude-haiku-4-5-20251001","#), "{body}");
    let body = listed("/v1/models/mine", Models::default().and(["mine"])).into_body();
    assert_eq!(
        body,
        r#"{"type":"model","id":"mine","display_name":"mine","created_at":"1970-01-01T00:00:00Z","max_input_tokens":null,"max_tokens":null,"capabilities":null}"#
    );
}

#[test]
fn what_is_wrong_is_said() {
    let response = listed("/v1/models/claude-9", Models::default());
    assert_eq!(response.status(), 404);
    assert!(response.body().contains(r#""message":"model: claude-9""#), "{}", response.body());
    for (query, words) in [
        ("limit=0", "limit: Input should be greater than or equal to 1"),
        ("limit=1001", "limit: Input should be less than or equal to 1000"),
        ("limit=x", "limit: Input should be a valid integer"),
    ] {
        let error = asked(&format!("/v1/models?{query}")).unwrap_err();
        assert!(format!("{error:?}").contains(words), "{error:?}");
    }
    let bare = http::Request::get("https://api.anthropic.com/v1/models").header("x-api-key", "k");
    let error = golden::request(&Anthropic, bare.body(String::new()).unwrap()).unwrap_err();
    assert!(format!("{error:?}").contains("anthropic-version: header is required"), "{error:?}");
}
