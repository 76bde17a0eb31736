//! Replies, made of what was written.

use super::part::{cited, part, reasoning, tool_call};
use crate::config::de::At;
use crate::config::fault::Fault;
use crate::config::words::TextOr;
use crate::config::words::reply::{ReplyMap, StopSequence, ToolDeltasMap, UsageMap};
use crate::reply::{Finish, Part, Reply, SafetyRating, ToolDeltas, Usage};

pub(super) fn reply(written: &TextOr<ReplyMap>) -> Result<Reply, Fault> {
    match written {
        TextOr::Text(text) => Ok(Reply::text(text)),
        TextOr::Map(map) => of_map(map),
    }
}

fn of_map(map: &ReplyMap) -> Result<Reply, Fault> {
    let mut reply = Reply::empty();
    let has_short = map.text.is_some()
        || map.reasoning.is_some()
        || map.refusal.is_some()
        || !map.tool_calls.is_empty()
        || !map.citations.is_empty();
    if let Some(first) = map.parts.first()
        && has_short
    {
        let fault = Fault::new(
            "`parts` says all of a reply in order: put `text`, `reasoning`, `refusal` and \
             `tool_calls` into it",
        );
        return Err(fault.at(first.place).under("parts"));
    }
    if let Some(thought) = &map.reasoning {
        reply = reply.part(Part::Reasoning(reasoning(thought)));
    }
    match &map.text {
        Some(text) => {
            let text = cited(text, &map.citations).map_err(|fault| fault.under("citations"))?;
            reply = reply.part(Part::Text(text));
        }
        None => {
            if let Some(citation) = map.citations.first() {
                let fault = Fault::new("without `text` there is nothing to cite");
                return Err(fault.at(citation.place).under("citations"));
            }
        }
    }
    if let Some(text) = &map.refusal {
        reply = reply.part(Part::Refusal(text.clone()));
    }
    for (index, At { place, value }) in map.tool_calls.iter().enumerate() {
        let call = tool_call(value)
            .map_err(|fault| fault.at(*place).under(format!("[{index}]")).under("tool_calls"))?;
        reply = reply.part(Part::ToolCall(call));
    }
    for (index, At { place, value }) in map.parts.iter().enumerate() {
        let part = part(value)
            .map_err(|fault| fault.at(*place).under(format!("[{index}]")).under("parts"))?;
        reply = reply.part(part);
    }
    if let Some(At { place, value }) = &map.finish {
        let finish = finish(value).map_err(|fault| fault.at(*place).under("finish"))?;
        reply = reply.finish(finish);
    }
    if let Some(written) = map.usage {
        reply = reply.usage(usage(written));
    }
    if let Some(model) = &map.model {
        reply = reply.model(model);
    }
    for (index, At { place, value }) in map.choices.iter().enumerate() {
        let choice = self::reply(value)
            .map_err(|fault| fault.at(*place).under(format!("[{index}]")).under("choices"))?;
        reply = reply.choice(choice);
    }
    for rating in &map.safety {
        let made = SafetyRating::new(&rating.category, &rating.probability);
        reply = reply.safety(if rating.blocked { made.blocked() } else { made });
    }
    if let Some(deltas) = map.tool_deltas {
        reply = reply.tool_deltas(tool_deltas(deltas));
    }
    Ok(reply)
}

fn finish(written: &TextOr<StopSequence>) -> Result<Finish, Fault> {
    const KNOWN: [&str; 9] = [
        "content_filter",
        "context_window",
        "length",
        "pause_turn",
        "prompt_blocked",
        "recitation",
        "refusal",
        "stop",
        "tool_use",
    ];
    Ok(match written {
        TextOr::Map(stop) => Finish::StopSequence(stop.stop_sequence.clone()),
        TextOr::Text(word) => match word.as_str() {
            "content_filter" => Finish::ContentFilter,
            "context_window" => Finish::ContextWindow,
            "length" => Finish::Length,
            "pause_turn" => Finish::PauseTurn,
            "prompt_blocked" => Finish::PromptBlocked,
            "recitation" => Finish::Recitation,
            "refusal" => Finish::Refusal,
            "stop" => Finish::Stop,
            "tool_use" => Finish::ToolUse,
            other => return Err(Fault::unknown("value", other, &KNOWN)),
        },
    })
}

fn usage(written: UsageMap) -> Usage {
    let UsageMap {
        input,
        output,
        reasoning,
        cached,
        cache_write,
        cache_write_1h,
        audio_input,
        audio_output,
        tool_input,
    } = written;
    Usage {
        input,
        output,
        reasoning,
        cached,
        cache_write,
        cache_write_1h,
        audio_input,
        audio_output,
        tool_input,
    }
}

fn tool_deltas(written: ToolDeltasMap) -> ToolDeltas {
    let ToolDeltasMap { fragment, interleaved, no_index, id_in_each, empty_names } = written;
    let deltas = ToolDeltas { interleaved, no_index, id_in_each, empty_names, fragment: None };
    match fragment {
        Some(characters) => deltas.fragment(characters),
        None => deltas,
    }
}
