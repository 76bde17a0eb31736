//! `mock-llm logs`.

use std::io::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Failure;
use super::args::Logs;
use super::client::{Answer, Client};

/// A call, as the server tells of it.
#[derive(Deserialize)]
struct Call {
    id: u64,
    at: String,
    provider: String,
    wire: String,
    operation: Option<String>,
    method: String,
    path: String,
    model: Option<String>,
    status: u16,
    stream: bool,
    rule: Option<String>,
    tokens: Tokens,
    first_token_ms: Option<f64>,
    duration_ms: f64,
    ended: String,
}

#[derive(Deserialize)]
struct Tokens {
    input: u64,
    output: u64,
}

#[derive(Deserialize)]
struct List {
    count: usize,
    forgotten: u64,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    message: String,
}

pub(super) fn logs(options: &Logs, out: &mut dyn Write) -> Result<(), Failure> {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let token = options.token.clone().or_else(|| variable("MOCK_LLM_ADMIN_TOKEN"));
    let client = Client::new(&options.reach, token)?;
    let answer = client.get(&path(options))?;
    if answer.status() != 200 {
        return Err(refused(answer)?);
    }
    if options.follow {
        return follow(answer, options.json, out);
    }
    let body = answer.whole()?;
    if options.json {
        return Ok(out.write_all(&body)?);
    }
    let List { count, forgotten, calls } = parse(&body)?;
    for call in &calls {
        writeln!(out, "{}", line(call))?;
    }
    let s = if count == 1 { "" } else { "s" };
    write!(out, "{count} call{s}")?;
    if calls.len() < count {
        write!(out, ", the last {} shown", calls.len())?;
    }
    if forgotten > 0 {
        write!(out, "; {forgotten} before them are forgotten")?;
    }
    Ok(writeln!(out)?)
}

/// Where the calls are that are wanted.
fn path(options: &Logs) -> String {
    let text = |value: &Option<String>| value.clone();
    let parameters = [
        ("provider", text(&options.provider)),
        ("wire", text(&options.wire)),
        ("model", text(&options.model)),
        ("key", text(&options.key)),
        ("session", text(&options.session)),
        ("status", text(&options.status)),
        ("since", text(&options.since)),
        ("limit", options.limit.map(|limit| limit.to_string())),
        ("follow", options.follow.then(|| "true".to_owned())),
    ];
    let mut path = "/__mock/calls".to_owned();
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(name);
        path.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                    path.push(char::from(byte));
                }
                byte => path.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    path
}

/// Each call in a line, when it comes and when it is over.
fn follow(mut answer: Answer<'_>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut rest = Vec::new();
    while let Some(bytes) = answer.more()? {
        rest.extend_from_slice(&bytes);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let event: Vec<u8> = rest.drain(..=end).collect();
            let Some(data) = event.strip_prefix(b"data: ") else { continue };
            if json {
                out.write_all(data)?;
            } else {
                writeln!(out, "{}", line(&parse(data)?))?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn line(call: &Call) -> String {
    let time = call.at.split_once('T').map_or(call.at.as_str(), |(_, time)| time);
    let model = call.model.as_deref().unwrap_or("-");
    let mut line = format!(
        "{:>6}  {time}  {}  {:<8}  {:<9}  {model:<24}",
        call.id, call.status, call.provider, call.wire,
    );
    if call.ended == "not_yet" {
        line.push_str("  ...");
    } else {
        let Tokens { input, output } = call.tokens;
        line.push_str(&format!("  {input:>6} in {output:>6} out  {:>8.1} ms", call.duration_ms));
        if let Some(first) = call.first_token_ms {
            line.push_str(&format!("  first {first:.1} ms"));
        }
    }
    if call.stream {
        line.push_str("  stream");
    }
    if !matches!(call.operation.as_deref(), Some("chat") | None) {
        line.push_str(&format!("  {} {}", call.method, call.path));
    }
    if let Some(rule) = &call.rule {
        line.push_str(&format!("  rule {rule}"));
    }
    match call.ended.as_str() {
        "broken" => line.push_str("  broke off"),
        "dropped" => line.push_str("  client went away"),
        "no_answer" => line.push_str("  no answer"),
        _ => {}
    }
    line
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|error| {
        Failure::Other(format!("this is no answer of a `mock-llm serve` of this version: {error}"))
    })
}

/// Why the server does not tell.
fn refused(answer: Answer<'_>) -> Result<Failure, Failure> {
    let status = answer.status();
    let body = answer.whole()?;
    let message = match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(body) => body.error.message,
        Err(_) => match serde_json::from_slice::<&RawValue>(&body) {
            Ok(json) => json.get().to_owned(),
            Err(_) => "it is no `mock-llm serve` with an admin side".to_owned(),
        },
    };
    let token = if status == 401 { " (--token or MOCK_LLM_ADMIN_TOKEN)" } else { "" };
    Ok(Failure::Other(format!("the server says {status}: {message}{token}")))
}
