//! The list of models.

use http::Method;

use super::*;
use crate::reply::{Models, Output};

fn get(path: &str) -> LlmRequest {
    let request = Request::get(format!("https://api.openai.com{path}"));
    golden::request(
        &OpenAi,
        request.header("authorization", "Bearer sk-x").body("".into()).unwrap(),
    )
    .unwrap()
}

fn listed(path: &str, models: Models) -> http::Response<String> {
    let (request, reply) = (get(path), Reply::empty());
    let response = OpenAi.output(&golden::context(&request, &reply), &Output::Models(models));
    response.map(|body| String::from_utf8(body.to_vec()).unwrap())
}

/// The text of each model in a list.
fn models(list: &str) -> Vec<&str> {
    list.split("\n    {").skip(1).map(|model| model.split("\n    }").next().unwrap()).collect()
}

#[test]
fn models_that_were_recorded_are_listed_as_recorded() {
    let recording = recording!("models");
    let response = listed("/v1/models", Models::default());
    recording.check_head(&response, &[]);
    let (ours, theirs) = (models(response.body()), models(&recording.body));
    let kept: Vec<_> = theirs.iter().filter(|model| ours.contains(model)).collect();
    let split = ours.len() - kept.len();
    assert_eq!(kept, ours[..kept.len()].iter().collect::<Vec<_>>(), "in the recorded order");
    assert_eq!((kept.len(), split), (49, 18));
    // Around them it is the recording too.
    let around = |list: &str| {
        let end = list.rfind("\n    }").unwrap();
        (list[..list.find("\n      \"id\"").unwrap()].to_owned(), list[end..].to_owned())
    };
    assert_eq!(around(response.body()), around(&recording.body));
}

#[test]
fn every_alias_that_answers_is_listed() {
    let response = listed("/v1/models", Models::default());
    for model in ["gpt-4o", "gpt-5.4", "o4-mini", "text-embedding-3-small", "gpt-5-mini-2025-08-07"]
    {
        assert!(response.body().contains(&format!("\"id\": \"{model}\"")), "{model}");
    }
}

#[test]
fn one_model_stands_alone() {
    let response = listed("/v1/models/gpt-4o", Models::default());
    assert_eq!(
        response.body(),
        "{\n  \"id\": \"gpt-4o\",\n  \"object\": \"model\",\n  \"created\": 1715367049,\n  \
         \"owned_by\": \"system\"\n}"
    );
    let response = listed("/v1/models/ft%3Agpt-4o%3Aus", Models::default().and(["ft:gpt-4o:us"]));
    assert!(response.body().contains("\"id\": \"ft:gpt-4o:us\""), "{}", response.body());
}

#[test]
fn a_model_that_is_not_there_is_not_found() {
    for models in [Models::default(), Models::of(["gpt-4o"])] {
        let response = listed("/v1/models/gpt-2", models);
        assert_eq!(response.status(), 404);
        for words in
            ["The model 'gpt-2' does not exist", "\"model_not_found\"", "\"param\": \"model\""]
        {
            assert!(response.body().contains(words), "{}", response.body());
        }
    }
}

#[test]
fn other_vendors_clients_are_left_to_them() {
    let call = |method: Method, host: Option<&str>, header: &str, path: &str| {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::HeaderName::try_from(header).unwrap(), "x".parse().unwrap());
        let head = crate::request::Head::new(&method, host, path, None, &headers);
        OpenAi.recognize(&head).is_some()
    };
    let local = Some("127.0.0.1");
    assert!(call(Method::GET, local, "authorization", "/v1/models"));
    assert!(call(Method::GET, local, "authorization", "/v1/models/m"));
    assert!(!call(Method::GET, local, "anthropic-version", "/v1/models"));
    assert!(!call(Method::GET, local, "x-api-key", "/v1/models/m"));
    assert!(!call(Method::GET, local, "x-goog-api-key", "/v1/models"));
    assert!(call(Method::GET, Some("api.openai.com"), "x-api-key", "/v1/models"));
    for path in ["/v1/models/", "/v1/modelsx", "/v1/models/m"] {
        assert!(!call(Method::DELETE, local, "authorization", path), "{path}");
    }
    assert!(!call(Method::POST, local, "authorization", "/v1/models/gemini-2.5-pro:countTokens"));
}
