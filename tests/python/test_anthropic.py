"""The SDK `anthropic` against the mock, with nothing but its base URL changed."""

import asyncio
import json
import re

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import BaseModel, TypeAdapter

from conftest import TOO_LARGE

MODELS = ["claude-haiku-4-5", "claude-opus-4-8"]
TOOL = {
    "name": "get_weather",
    "description": "The weather at a place",
    "input_schema": {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city", "days", "unit"],
    },
}


class Step(BaseModel):
    text: str
    minutes: int


class Recipe(BaseModel):
    title: str
    steps: list[Step]
    is_vegan: bool


@pytest.fixture(scope="module")
def client(url):
    with anthropic.Anthropic(base_url=url, api_key="sk-ant-dummy") as client:
        yield client


def ask(prompt="Hello!", model=MODELS[0], **more):
    messages = [{"role": "user", "content": prompt}]
    return {"model": model, "max_tokens": 1024, "messages": messages, **more}


def called(model=MODELS[0]):
    return ask("Weather?", model, tools=[TOOL], tool_choice={"type": "any"})


def check_arguments(arguments):
    assert set(arguments) == {"city", "days", "unit"}
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)
    assert arguments["unit"] in ("celsius", "fahrenheit")


def check_final(final, whole):
    """What a helper put together from a stream is the whole answer, but for ids."""
    assert final.content[0].type == whole.content[0].type
    for name in ("model", "role", "stop_reason", "stop_sequence", "type"):
        assert getattr(final, name) == getattr(whole, name), name
    for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "service_tier"):
        assert getattr(final.usage, name) == getattr(whole.usage, name), name


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_says_what_the_whole_answer_says(client, calls, prompt, model):
    whole = client.messages.create(**ask(prompt, model))
    [block] = whole.content
    assert (whole.type, whole.role, whole.stop_reason) == ("message", "assistant", "end_turn")
    assert whole.id.startswith("msg_") and whole.model.startswith(model)
    assert whole.usage.input_tokens > 0 and whole.usage.output_tokens > 0

    with client.messages.create(**ask(prompt, model), stream=True) as stream:
        events = list(stream)
    kinds = [event.type for event in events]
    deltas = [e for e in events if e.type == "content_block_delta"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert len(deltas) > 5 and {e.delta.type for e in deltas} == {"text_delta"}
    assert "".join(e.delta.text for e in deltas) == block.text
    start, end = events[0].message, events[-2]
    assert (start.model, start.content, start.stop_reason) == (whole.model, [], None)
    assert start.usage.input_tokens == end.usage.input_tokens == whole.usage.input_tokens
    assert end.usage.output_tokens == whole.usage.output_tokens
    assert end.delta.stop_reason == whole.stop_reason
    assert calls() == 2


@pytest.mark.parametrize("model", MODELS)
def test_the_stream_helper_builds_the_whole_answer(client, prompt, model):
    whole = client.messages.create(**ask(prompt, model))
    with client.messages.stream(**ask(prompt, model)) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
        assert stream.request_id.startswith("req_")
    assert text == final.content[0].text == whole.content[0].text
    check_final(final, whole)


@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called_when_one_is_demanded(client, model):
    whole = client.messages.create(**called(model))
    [block] = whole.content
    assert whole.stop_reason == "tool_use"
    assert (block.type, block.name) == ("tool_use", "get_weather")
    assert block.id.startswith("toolu_")
    check_arguments(block.input)
    # And the conversation goes on from there.
    result = {"type": "tool_result", "tool_use_id": block.id, "content": '{"sky":"blue"}'}
    messages = called(model)["messages"] + [
        {"role": "assistant", "content": whole.content},
        {"role": "user", "content": [result]},
    ]
    on = client.messages.create(**ask(model=model) | {"messages": messages}, tools=[TOOL])
    assert on.stop_reason == "end_turn" and on.content[0].text


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_tool_call_says_what_the_whole_one_says(client, model):
    whole = client.messages.create(**called(model))
    events = list(client.messages.create(**called(model), stream=True))
    [start] = [e for e in events if e.type == "content_block_start"]
    assert (start.content_block.type, start.content_block.input) == ("tool_use", {})
    pieces = [e.delta.partial_json for e in events if e.type == "content_block_delta"]
    assert len(pieces) > 1 and json.loads("".join(pieces)) == whole.content[0].input
    with client.messages.stream(**called(model)) as stream:
        final = stream.get_final_message()
    assert final.content[0].name == "get_weather"
    assert final.content[0].input == whole.content[0].input
    check_final(final, whole)


@pytest.mark.parametrize("model", MODELS)
def test_structured_output_validates(client, model):
    parsed = client.messages.parse(**ask(model=model), output_format=Recipe)
    assert isinstance(parsed.parsed_output, Recipe)
    with client.messages.stream(**ask(model=model), output_format=Recipe) as stream:
        assert stream.get_final_message().parsed_output == parsed.parsed_output


def test_async_clients_get_the_same(client, url):
    whole = client.messages.create(**ask())
    call = client.messages.create(**called()).content[0].input

    async def go():
        async with anthropic.AsyncAnthropic(base_url=url, api_key="sk-ant-dummy") as client:
            assert await client.messages.create(**ask()) == whole
            stream = await client.messages.create(**ask(), stream=True)
            events = [event async for event in stream]
            text = [e.delta.text for e in events if e.type == "content_block_delta"]
            assert "".join(text) == whole.content[0].text
            async with client.messages.stream(**called()) as stream:
                assert (await stream.get_final_message()).content[0].input == call
            many = [client.messages.create(**ask(f"n{n}")) for n in range(32)]
            for n, one in enumerate(await asyncio.gather(*many)):
                assert f"“n{n}”" in one.content[0].text
            with pytest.raises(anthropic.BadRequestError):
                await client.messages.create(**ask() | {"messages": []})

    asyncio.run(go())


def test_the_hinted_environment_is_enough(server, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.hints()["ANTHROPIC_BASE_URL"])
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-dummy")
    with anthropic.Anthropic() as client:
        assert client.messages.create(**ask()).content[0].text


def test_headers_are_there(client):
    answer = client.messages.with_raw_response.create(**ask())
    assert answer.headers["request-id"] == answer.request_id == answer.parse()._request_id
    assert answer.request_id.startswith("req_")
    assert answer.headers["anthropic-organization-id"]
    assert int(answer.headers["anthropic-ratelimit-requests-remaining"]) > 0
    assert answer.headers["content-type"] == "application/json"
    assert answer.retries_taken == 0
    stream = client.messages.with_raw_response.create(**ask(), stream=True)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (ask() | {"messages": []}, "messages: at least one message is required"),
        (ask() | {"messages": "hi"}, "messages: Input should be a valid array"),
        # The SDK knows this field no longer; the API does.
        (
            ask(extra_body={"temperature": "hot"}),
            "temperature: Input should be a valid number",
        ),
        (ask(extra_body={"temperature": 2}), "temperature: range: 0..1"),
        (ask() | {"max_tokens": -1}, "max_tokens: must be greater than or equal to 0"),
        (ask() | {"model": 7}, "model: Input should be a valid string"),
        (
            ask() | {"messages": [{"role": "wizard", "content": "hi"}]},
            'messages: Unexpected role "wizard". Allowed roles are "user" or "assistant"',
        ),
    ],
    ids=["empty", "type", "number", "range", "negative", "model", "role"],
)
def test_bad_requests_are_typed(client, calls, body, message):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**body)
    error = caught.value
    assert (error.status_code, error.type) == (400, "invalid_request_error")
    assert error.body["error"]["message"].startswith(message)
    assert error.request_id == error.body["request_id"]
    assert calls() == 1


def test_a_body_over_the_limit_is_413(client, calls):
    with pytest.raises(anthropic.RequestTooLargeError) as caught:
        client.messages.create(**ask(TOO_LARGE))
    assert (caught.value.status_code, caught.value.type) == (413, "request_too_large")
    assert caught.value.body["error"]["message"] == "Request exceeds the maximum size"
    assert calls() == 1


def test_a_wrong_method_is_405(client):
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.get("/v1/messages", cast_to=object)
    assert caught.value.status_code == 405
    assert caught.value.body["error"]["message"] == "Method Not Allowed"


def test_an_unknown_path_says_so(client):
    with pytest.raises(anthropic.InternalServerError) as caught:
        client.post("/v1/nonsense", cast_to=object, body={})
    assert caught.value.status_code == 501
    assert caught.value.type == "tower_mock_llm_unmatched"
    assert "/v1/nonsense" in caught.value.body["error"]["message"]


KEY = {"x-api-key": "sk-ant-dummy"}
HEAD = KEY | {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("headers", "content", "status", "kind", "message"),
    [
        ({}, json.dumps(ask()), 401, "authentication_error", "x-api-key header is required"),
        (KEY, json.dumps(ask()), 400, "invalid_request_error", "anthropic-version: header is"),
        (HEAD, '{"model":', 400, "invalid_request_error", "The request body is not valid JSON: "),
        (
            HEAD,
            json.dumps({"model": MODELS[0], "messages": ask()["messages"]}),
            400,
            "invalid_request_error",
            "max_tokens: Field required",
        ),
        (
            HEAD,
            json.dumps(ask() | {"max_tokens": "many"}),
            400,
            "invalid_request_error",
            "max_tokens: Input should be a valid integer",
        ),
    ],
    ids=["no-key", "no-version", "no-json", "no-max-tokens", "type"],
)
def test_raw_errors(raw, url, headers, content, status, kind, message):
    answer = raw.post(f"{url}/v1/messages", headers=headers, content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()
    assert list(error) == ["type", "error", "request_id"] and error["type"] == "error"
    assert error["request_id"] == answer.headers["request-id"]
    assert error["error"]["type"] == kind and error["error"]["message"].startswith(message)


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_gets_the_same_bytes(raw, serve, url, stream):
    def post(url):
        answer = raw.post(f"{url}/v1/messages", headers=HEAD, json=ask(stream=stream))
        assert answer.status_code == 200
        del answer.headers["date"]
        return answer.headers, answer.content

    first = post(url)
    assert first == post(url) == post(serve().url)
    assert first != post(serve("--seed", "7").url)


def test_the_bytes_of_a_stream(raw, url):
    answer = raw.post(f"{url}/v1/messages", headers=HEAD, json=ask(stream=True))
    *events, rest = answer.content.split(b"\n\n")
    assert rest == b"" and b"\r" not in answer.content
    # The only event that is spaced as Python does it.
    assert b'event: ping\ndata: {"type": "ping"}' in events
    for event in events:
        kind = re.match(rb"event: (\w+)\ndata: \{[^\n]*\} *$", event).group(1)
        assert b'"type":"%s"' % kind in event or kind == b"ping"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asked", [ask, called])
def test_the_sdks_types_validate(raw, url, model, asked):
    """The SDK builds what it can from any answer; its types are stricter."""
    body = asked(model=model)
    answer = raw.post(f"{url}/v1/messages", headers=HEAD, json=body)
    Message.model_validate_json(answer.content, strict=True)
    answer = raw.post(f"{url}/v1/messages", headers=HEAD, json=body | {"stream": True})
    events = TypeAdapter(RawMessageStreamEvent)
    for line in answer.content.splitlines():
        if line.startswith(b"data: ") and b"ping" not in line:
            events.validate_json(line.removeprefix(b"data: "), strict=True)
