"""What the vendors' SDKs make of faults that they ask for by header: a table of the guide's."""

from pathlib import Path

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

GUIDE = Path(__file__).resolve().parents[2] / "src/guide/faults.md"
HEADER = "x-mock-llm-fault"
PROMPT = "Grüße! Count to twelve."

FAULTS = [
    "abort_after=5",
    "end_after=0",
    "end_after=5",
    "stall_after=5",
    "pause_after=5,200",
    "error_after=0,overloaded",
    "error_after=5,overloaded",
    "error_after=5,rate_limit",
    "without_terminator",
    "without_finish",
    "repeat_finish",
    "drop_frame=0",
    "drop_frame=5",
    "duplicate_frame=0",
    "swap_frames=0",
    "corrupt_frame=5",
    "truncate_frame=5",
    "content_type=text/html",
    "content_length=900",
    "content_length=1000000",
    "trailing=<html>502 Bad Gateway</html>",
    "recut=anywhere",
    "recut=bytes",
    "recut=in_characters",
    "recut=in_line_ends+crlf",
    "recut=together",
    "recut=frames+comments",
    "recut=frames+keep_alives",
    "recut=frames+bom",
    "recut=frames+crlf",
    "recut=frames+no_last_blank_line",
    "adversary",
]


def read_openai(url, headers):
    client = openai.OpenAI(
        base_url=f"{url}/v1", api_key="sk-dummy", max_retries=0, timeout=2, default_headers=headers
    )
    text, finish = "", None
    messages = [{"role": "user", "content": PROMPT}]
    with client.chat.completions.create(model="gpt-4o", messages=messages, stream=True) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
    return text, finish


def read_anthropic(url, headers):
    client = anthropic.Anthropic(
        base_url=url, api_key="dummy", max_retries=0, timeout=2, default_headers=headers
    )
    messages = [{"role": "user", "content": PROMPT}]
    with client.messages.stream(
        model="claude-haiku-4-5", max_tokens=1000, messages=messages
    ) as stream:
        message = stream.get_final_message()
    return "".join(block.text for block in message.content), message.stop_reason


def read_gemini(url, headers):
    options = types.HttpOptions(base_url=url, headers=headers, timeout=2000)
    text, finish = "", None
    with genai.Client(api_key="dummy", http_options=options) as client:
        for chunk in client.models.generate_content_stream(
            model="gemini-2.5-flash", contents=PROMPT
        ):
            for candidate in chunk.candidates or []:
                for part in (candidate.content and candidate.content.parts) or []:
                    text += part.text or ""
                finish = candidate.finish_reason or finish
    return text, finish


READERS = [read_openai, read_anthropic, read_gemini]


def seen(read, url, fault, whole):
    try:
        text, finish = read(url, {HEADER: fault})
    except Exception as error:
        return f"`{type(error).__module__.split('.')[0]}.{type(error).__name__}`"
    if text == whole:
        return "whole"
    if finish is None:
        return "part, no finish"
    return "**part**" if len(text) < len(whole) else "**other**"


def test_the_guide_tells_what_each_sdk_makes_of_each_fault(url):
    wholes = [read(url, {})[0] for read in READERS]
    rows = ["| fault | openai | anthropic | google-genai |", "|---|---|---|---|"]
    for fault in FAULTS:
        cells = [seen(read, url, fault, whole) for read, whole in zip(READERS, wholes)]
        rows.append(f"| `{fault}` | {' | '.join(cells)} |")
    table = "\n".join(rows) + "\n"
    assert table in GUIDE.read_text(), f"the guide's table is another than this:\n{table}"


def test_a_fault_on_the_first_attempt_is_mended_by_the_sdks_own_retry(url, calls):
    headers = {HEADER: "error=overloaded; attempt=1"}
    client = openai.OpenAI(
        base_url=f"{url}/v1", api_key="sk-retried", max_retries=2, default_headers=headers
    )
    messages = [{"role": "user", "content": PROMPT}]
    assert client.chat.completions.create(model="gpt-4o", messages=messages).choices
    assert calls() == 2


def test_a_fault_that_is_none_is_refused_with_the_words_that_are(url):
    with pytest.raises(anthropic.BadRequestError, match="abort_after=N"):
        read_anthropic(url, {HEADER: "explode"})
