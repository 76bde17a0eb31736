//! HAR 1.2: <http://www.softwareishard.com/blog/har-12-spec/>.

use serde_json::Value;

use super::{Exchange, header};
use crate::util::base64::from_base64;

pub(super) fn read(entries: &Value) -> Vec<Result<Exchange, String>> {
    entries.as_array().into_iter().flatten().map(entry).collect()
}

fn entry(entry: &Value) -> Result<Exchange, String> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let text = |value: &Value, what: &str| {
        value.as_str().map(str::to_owned).ok_or(format!("it has no {what}"))
    };
    let status = response["status"].as_u64().unwrap_or_default();
    if status == 0 {
        return Err("there was no response".to_owned());
    }
    let content = &response["content"];
    let said = content["text"].as_str().unwrap_or_default();
    let said = match content["encoding"].as_str() {
        Some("base64") => {
            let said: String = said.split_ascii_whitespace().collect();
            from_base64(said.as_bytes()).ok_or("its body is no base64")?
        }
        _ => said.as_bytes().to_vec(),
    };
    if said.is_empty() && content["size"].as_i64().is_some_and(|size| size > 0) {
        return Err("its body was not saved".to_owned());
    }
    let timings = &entry["timings"];
    // -1 stands for a phase that there was none of.
    let phase = |name: &str| timings[name].as_f64().filter(|ms| *ms > 0.0).unwrap_or_default();
    let head = ["blocked", "dns", "connect", "send", "wait"].map(phase).iter().sum::<f64>();
    Ok(Exchange {
        method: text(&request["method"], "method")?,
        url: text(&request["url"], "URL")?,
        request_headers: headers(&request["headers"]),
        asked: request["postData"]["text"].as_str().unwrap_or_default().as_bytes().to_vec(),
        status: u16::try_from(status).unwrap_or_default(),
        headers: headers(&response["headers"]),
        said,
        took: ((head * 1e3) as u64, (phase("receive") * 1e3) as u64),
    })
}

fn headers(headers: &Value) -> Vec<(String, String)> {
    let headers = headers.as_array().into_iter().flatten();
    headers.filter_map(|it| header(it["name"].as_str()?, it["value"].as_str()?)).collect()
}
