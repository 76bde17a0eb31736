//! `mock-llm health`.

use std::io::Write;

use serde::Deserialize;

use super::Failure;
use super::args::Health;
use super::client::Client;
use super::style::{Tone, paint};

#[derive(Deserialize)]
struct Report {
    status: String,
    version: String,
    mode: String,
    uptime_seconds: u64,
}

pub(super) fn health(options: &Health, colored: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let client = Client::new(&options.reach, None)?;
    let url = &client.url;
    let answer = client.get("/health")?;
    let status = answer.status();
    let body = answer.whole()?;
    let report: Report = serde_json::from_slice(&body).map_err(|_| {
        Failure::Other(format!("{url} answers with {status}, and is no mock: it has no /health"))
    })?;
    if options.json {
        out.write_all(&body)?;
    } else {
        let Report { status, version, mode, uptime_seconds } = &report;
        let status = paint(colored, if status == "ok" { Tone::Good } else { Tone::Bad }, status);
        writeln!(out, "{url}: {status}, version {version}, mode {mode}, up {uptime_seconds} s")?;
    }
    if status == 200 && report.status == "ok" { Ok(()) } else { Err(Failure::Said) }
}
