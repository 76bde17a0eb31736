//! Parts of replies, made of what was written.

use super::{bytes, object_at, only};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::reply::{CitationMap, PartMap, ReasoningMap, ServerToolMap, ToolCallMap};
use crate::config::words::{Json, TextOr};
use crate::reply::{
    Audio, Citation, Media, Part, Raw, Reasoning, ServerTool, Source, Text, ToolCall, WebPage,
};

pub(super) fn part(written: &PartMap) -> Result<Part, Fault> {
    // Each makes its part; one of them is there.
    type Make<'a> = Box<dyn Fn() -> Result<Part, Fault> + 'a>;
    fn make<'a, T>(
        value: Option<&'a T>,
        make: impl Fn(&'a T) -> Result<Part, Fault> + 'a,
    ) -> Option<Make<'a>> {
        value.map(|value| Box::new(move || make(value)) as Make<'a>)
    }
    let PartMap {
        audio,
        image,
        raw,
        reasoning: thought,
        redacted_reasoning,
        refusal,
        server_tool: server,
        text,
        tool_call: call,
    } = written;
    let (key, made) = only([
        (
            "text",
            make(text.as_ref(), |text| match text {
                TextOr::Text(text) => Ok(Part::Text(Text::new(text))),
                TextOr::Map(map) => cited(&map.text, &map.citations)
                    .map(Part::Text)
                    .map_err(|f| f.under("citations")),
            }),
        ),
        ("reasoning", make(thought.as_ref(), |thought| Ok(Part::Reasoning(reasoning(thought))))),
        (
            "redacted_reasoning",
            make(redacted_reasoning.as_ref(), |data| Ok(Part::RedactedReasoning(data.clone()))),
        ),
        ("refusal", make(refusal.as_ref(), |text| Ok(Part::Refusal(text.clone())))),
        (
            "tool_call",
            make(call.as_ref(), |At { place, value }| {
                tool_call(value).map(Part::ToolCall).map_err(|fault| fault.at(*place))
            }),
        ),
        (
            "server_tool",
            make(server.as_ref(), |At { place, value }| {
                server_tool(value).map(Part::ServerTool).map_err(|fault| fault.at(*place))
            }),
        ),
        (
            "image",
            make(image.as_ref(), |At { value: image, .. }| {
                let data = bytes(&image.data).map_err(|fault| fault.under("data"))?;
                Ok(Part::Image(Media::new(&image.mime_type, data)))
            }),
        ),
        (
            "audio",
            make(audio.as_ref(), |At { value: audio, .. }| {
                let data = bytes(&audio.data).map_err(|fault| fault.under("data"))?;
                let media = Media::new(&audio.mime_type, data);
                Ok(Part::Audio(Audio::new(media, &audio.transcript)))
            }),
        ),
        ("raw", make(raw.as_ref(), |raw| Ok(Part::Raw(Raw::new(object_at(Some(raw))?))))),
    ])?;
    made().map_err(|fault| fault.under(key))
}

pub(super) fn reasoning(written: &TextOr<ReasoningMap>) -> Reasoning {
    match written {
        TextOr::Text(text) => Reasoning::new(text),
        TextOr::Map(map) => {
            let thought = Reasoning::new(&map.text);
            match &map.signature {
                Some(signature) => thought.with_signature(signature),
                None => thought,
            }
        }
    }
}

pub(super) fn tool_call(written: &ToolCallMap) -> Result<ToolCall, Fault> {
    let ToolCallMap { name, arguments, raw_arguments, id } = written;
    let call = match (arguments, raw_arguments) {
        (Some(_), Some(raw)) => {
            let fault = Fault::new("`arguments` and `raw_arguments` cannot be said together");
            return Err(fault.at(raw.place).under("raw_arguments"));
        }
        (None, Some(raw)) => ToolCall::with_raw_arguments(name, &raw.value),
        (arguments, None) => {
            let object = object_at(arguments.as_ref()).map_err(|fault| fault.under("arguments"))?;
            ToolCall::new(name, object)
        }
    };
    Ok(match id {
        Some(id) => call.with_id(id),
        None => call,
    })
}

/// A text and what it is taken from.
pub(super) fn cited(text: &str, citations: &[At<CitationMap>]) -> Result<Text, Fault> {
    let mut cited = Text::new(text);
    for (index, At { place, value }) in citations.iter().enumerate() {
        let made = citation(value).map_err(|fault| fault.at(*place).under(format!("[{index}]")))?;
        cited = cited.cite(made);
    }
    Ok(cited)
}

fn citation(written: &CitationMap) -> Result<Citation, Fault> {
    let CitationMap { url, document, characters, pages, blocks, title, quote } = written;
    let source = match (url, document) {
        (Some(url), None) if characters.or(*pages).or(*blocks).is_none() => {
            Source::Web { url: url.clone() }
        }
        (None, document) => {
            let document = document.unwrap_or(0);
            let ranges = [("characters", *characters), ("pages", *pages), ("blocks", *blocks)];
            let (key, (start, end)) = only(ranges)?;
            if start > end {
                return Err(Fault::new(format!("{start} is above {end}")).under(key));
            }
            let range = start..end;
            match key {
                "characters" => Source::Characters { document, range },
                "pages" => Source::Pages { document, range },
                _ => Source::Blocks { document, range },
            }
        }
        (Some(_), _) => {
            return Err(Fault::new(
                "a citation is of a `url`, or of a `document`, and not of both",
            ));
        }
    };
    let made = Citation::new(source, title);
    Ok(match quote {
        Some(quote) => made.quote(quote),
        None => made,
    })
}

fn server_tool(written: &ServerToolMap) -> Result<ServerTool, Fault> {
    let ServerToolMap { code, mcp, other, web_search } = written;
    let there = |is: bool| is.then_some(());
    let (key, ()) = only([
        ("code", there(code.is_some())),
        ("mcp", there(mcp.is_some())),
        ("other", there(other.is_some())),
        ("web_search", there(web_search.is_some())),
    ])?;
    let input = |json: &Option<At<Json>>| {
        object_at(json.as_ref()).map_err(|fault| fault.under("input").under(key))
    };
    if let Some(code) = code {
        return Ok(ServerTool::code(&code.code, &code.output));
    }
    if let Some(At { value: mcp, .. }) = mcp {
        let input = input(&mcp.input)?;
        return Ok(ServerTool::mcp(&mcp.server, &mcp.name, input, &mcp.output));
    }
    if let Some(At { value: other, .. }) = other {
        let At { place, value: Json(content) } = &other.content;
        let content =
            serde_json::value::RawValue::from_string(content.clone()).map_err(|error| {
                Fault::new(error.to_string()).at(*place).under("content").under(key)
            })?;
        return Ok(ServerTool::other(
            &other.name,
            input(&other.input)?,
            &other.result_type,
            content,
        ));
    }
    let (query, results) = match web_search {
        Some(search) => (search.query.as_str(), search.results.as_slice()),
        None => ("", &[][..]),
    };
    let pages = results.iter().map(|page| {
        let made = WebPage::new(&page.url, &page.title);
        match &page.age {
            Some(age) => made.age(age),
            None => made,
        }
    });
    Ok(ServerTool::web_search(query, pages))
}
