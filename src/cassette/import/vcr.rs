//! Cassettes of VCR.py (and pytest-recording) and of Ruby's VCR, in YAML or JSON.

use serde_json::Value;

use super::{Exchange, header};
use crate::util::base64::from_base64;

pub(super) fn read(interactions: &Value) -> Vec<Result<Exchange, String>> {
    interactions.as_array().into_iter().flatten().map(interaction).collect()
}

fn interaction(interaction: &Value) -> Result<Exchange, String> {
    let (request, response) = (&interaction["request"], &interaction["response"]);
    let text = |name: &str| {
        request[name].as_str().map(str::to_owned).ok_or(format!("its request has no `{name}`"))
    };
    let status = &response["status"]["code"];
    // Some versions keep it as `status_code`.
    let status = [status, &response["status_code"]].into_iter().find_map(Value::as_u64);
    Ok(Exchange {
        method: text("method")?,
        url: text("uri")?,
        request_headers: headers(&request["headers"]),
        asked: body(request)?,
        status: status
            .and_then(|status| u16::try_from(status).ok())
            .ok_or("its response has no `status: {code: ...}`")?,
        headers: headers(&response["headers"]),
        said: body(response)?,
        ..Exchange::default()
    })
}

/// Names to a text, or to several.
fn headers(headers: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in headers.as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        all.extend(values.iter().filter_map(|value| header(name, &plain(value)?)));
    }
    all
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn body(of: &Value) -> Result<Vec<u8>, String> {
    // Written by serializers that keep JSON as YAML.
    if let Some(parsed) = of.get("parsed_body").filter(|parsed| !parsed.is_null()) {
        return serde_json::to_vec(parsed).map_err(|error| error.to_string());
    }
    let body = of.get("body").or(of.get("content")).unwrap_or(&Value::Null);
    match body {
        Value::Object(fields) => {
            let inner = ["string", "base64_string", "base64"].into_iter();
            let found = inner.filter_map(|name| Some((name, fields.get(name)?))).next();
            match found {
                Some(("string", Value::Object(inner))) => binary(inner.get("base64")),
                Some(("string", value)) => Ok(plain(value).unwrap_or_default().into_bytes()),
                Some((_, value)) => binary(Some(value)),
                None if fields.is_empty() => Ok(Vec::new()),
                None => Err("its body is neither a text nor base64".to_owned()),
            }
        }
        value => Ok(plain(value).unwrap_or_default().into_bytes()),
    }
}

fn binary(value: Option<&Value>) -> Result<Vec<u8>, String> {
    let text: String =
        value.and_then(Value::as_str).unwrap_or_default().split_ascii_whitespace().collect();
    from_base64(text.as_bytes()).ok_or("its body is no base64".to_owned())
}
