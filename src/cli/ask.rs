//! `mock-llm ask`.

use std::io::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use serde::Serialize;
use serde_json::{Value, json};
use tower_service::Service;

use super::args::{Ask, Asked};
use super::{Failure, config, print_json};
use crate::claim::is_forbidden;
use crate::layer::MockLlmLayer;
use crate::provider::Provider;
use crate::provider::home::{Home, sign};

/// What `--json` prints.
#[derive(Serialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

pub(super) fn ask(options: &Ask, out: &mut dyn Write) -> Result<(), Failure> {
    if is_forbidden() {
        return Err(Failure::Other("MOCK_LLM_FORBID forbids to mock".to_owned()));
    }
    let mut layer = match &options.config {
        None => MockLlmLayer::new(),
        Some(file) => {
            let config = config(file, options.profile.as_deref())?;
            if config.mocked().is_empty() {
                let file = file.display();
                return Err(Failure::Other(format!("{file} mocks nothing, so there is no answer")));
            }
            config.layer()?
        }
    };
    if let Some(seed) = options.seed {
        layer = layer.seed(seed);
    }
    let runtime = super::runtime()?;
    let mut service = layer.into_service();
    let Ok(response) = runtime.block_on(service.call(request(options)));
    let status = response.status();
    let (parts, mut body) = response.into_parts();
    if !options.json {
        writeln!(out, "HTTP/1.1 {status}")?;
        for (name, value) in headers(&parts.headers) {
            writeln!(out, "{name}: {value}")?;
        }
        writeln!(out)?;
    }
    let mut whole = Vec::new();
    // Each frame when it comes: it may be paced.
    while let Some(frame) = runtime.block_on(body.frame()) {
        let frame =
            frame.map_err(|error| Failure::Other(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if !options.json {
            out.write_all(&data)?;
            out.flush()?;
        }
        whole.extend_from_slice(&data);
    }
    if options.json {
        let body = String::from_utf8_lossy(&whole).into_owned();
        let headers = headers(&parts.headers).collect();
        print_json(out, &Answered { status: status.as_u16(), headers, body })?;
    } else if !whole.ends_with(b"\n") {
        writeln!(out)?;
    }
    if status.is_success() { Ok(()) } else { Err(Failure::Said) }
}

fn headers(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    })
}

/// The request, as the provider's documentation would have it. The keys of each object are in the order
/// of the alphabet, so that its bytes, which the answer follows from, are the same in every build.
fn request(options: &Ask) -> Request<Full<Bytes>> {
    let Ask { prompt, stream, tool, .. } = options;
    let model = options.model.as_deref();
    let home = Home::of(&match options.provider {
        Asked::Anthropic => Provider::ANTHROPIC,
        Asked::Gemini => Provider::GEMINI,
        Asked::Openai => Provider::OPENAI,
    });
    let home = home.expect("it is built in");
    let anything = json!({"properties": {}, "type": "object"});
    let (path, mut body) = match options.provider {
        Asked::Anthropic => (
            "/v1/messages".to_owned(),
            json!({
                "max_tokens": 1024,
                "messages": [{"content": prompt, "role": "user"}],
                "model": model.unwrap_or("claude-sonnet-4-5"),
            }),
        ),
        Asked::Gemini => (
            format!(
                "/v1beta/models/{}:{}",
                escaped(model.unwrap_or("gemini-2.5-flash")),
                if *stream { "streamGenerateContent?alt=sse" } else { "generateContent" },
            ),
            json!({"contents": [{"parts": [{"text": prompt}], "role": "user"}]}),
        ),
        Asked::Openai => (
            "/v1/chat/completions".to_owned(),
            json!({
                "messages": [{"content": prompt, "role": "user"}],
                "model": model.unwrap_or("gpt-4o"),
            }),
        ),
    };
    if *stream && !matches!(options.provider, Asked::Gemini) {
        body["stream"] = true.into();
    }
    if let Some(name) = tool {
        let (tool_choice, tools): (Value, Value) = match options.provider {
            Asked::Anthropic => (
                json!({"name": name, "type": "tool"}),
                json!([{"input_schema": anything, "name": name}]),
            ),
            Asked::Gemini => (
                json!({"functionCallingConfig": {"allowedFunctionNames": [name], "mode": "ANY"}}),
                json!([{"functionDeclarations": [{"name": name, "parameters": anything}]}]),
            ),
            Asked::Openai => (
                json!({"function": {"name": name}, "type": "function"}),
                json!([{"function": {"name": name, "parameters": anything}, "type": "function"}]),
            ),
        };
        let is_gemini = matches!(options.provider, Asked::Gemini);
        body[if is_gemini { "toolConfig" } else { "tool_choice" }] = tool_choice;
        body["tools"] = tools;
    }
    let mut request = Request::new(Full::from(body.to_string()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = format!("https://{}{path}", home.host).parse().unwrap_or_default();
    let headers = request.headers_mut();
    sign(&home.provider, &HeaderValue::from_static("mock-llm-ask"), headers);
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    request
}

/// A model's name in a path.
fn escaped(model: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    model.bytes().map(escape).collect()
}
