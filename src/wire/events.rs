//! What a body is made of: events of a stream, or documents of JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// An event, or a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// What its `event:` line says.
    pub(crate) name: Option<&'a str>,
    pub(crate) data: Cow<'a, str>,
}

/// The events of a body, the last of which may have no end: server-sent events; the elements of an array;
/// lines of JSON; or the one document that it is.
pub(crate) fn events(body: &[u8]) -> Vec<Event<'_>> {
    let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_server_sent(text) {
        return server_sent(text);
    }
    let json = |data| Event { name: None, data: Cow::Borrowed(data) };
    if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return elements.into_iter().map(|element| json(element.get())).collect();
    }
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_json = |line: &&str| serde_json::from_str::<&RawValue>(line).is_ok();
    if lines.len() > 1 && lines.iter().all(is_json) {
        return lines.into_iter().map(json).collect();
    }
    if text.trim().is_empty() { Vec::new() } else { vec![json(text.trim())] }
}

fn is_server_sent(text: &str) -> bool {
    let first = text.trim_start();
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| first.starts_with(field))
}

fn server_sent(text: &str) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    let mut name = None;
    let mut data: Option<Cow<'_, str>> = None;
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    for line in lines.chain([""]) {
        if line.is_empty() {
            if let Some(data) = data.take() {
                events.push(Event { name, data });
            }
            name = None;
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut data) {
            ("event", _) => name = Some(value),
            ("data", None) => data = Some(Cow::Borrowed(value)),
            ("data", Some(data)) => {
                data.to_mut().push('\n');
                data.to_mut().push_str(value);
            }
            _ => {}
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(body: &str) -> Vec<(Option<&str>, String)> {
        events(body.as_bytes()).into_iter().map(|it| (it.name, it.data.into_owned())).collect()
    }

    #[test]
    fn every_framing_is_taken_apart() {
        let plain = |data: &str| (None, data.to_owned());
        assert_eq!(
            seen("event: a\r\ndata: {}\r\n\r\n: ping\n\ndata:1\ndata: 2\n\ndata: [DONE]"),
            [(Some("a"), "{}".to_owned()), plain("1\n2"), plain("[DONE]")]
        );
        assert_eq!(seen("[{\"a\": 1}\n,\r\n2]"), [plain("{\"a\": 1}"), plain("2")]);
        assert_eq!(seen("{\"a\":1}\n{\"b\":2}\n"), [plain("{\"a\":1}"), plain("{\"b\":2}")]);
        assert_eq!(seen("{\n  \"a\": 1\n}\n"), [plain("{\n  \"a\": 1\n}")]);
        assert_eq!(seen("[{\"a\":1},"), [plain("[{\"a\":1},")]);
        assert!(seen(" \n").is_empty());
        assert!(events(b"\xff").is_empty());
    }
}
