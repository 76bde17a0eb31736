"""The SDK `openai` against the mock, with nothing but its base URL changed."""

import asyncio
import json

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from conftest import TOO_LARGE

MODELS = ["gpt-4o-mini", "gpt-5-mini"]
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "days", "unit"],
        },
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
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-dummy") as client:
        yield client


def ask(prompt="Hello!", model=MODELS[0], **more):
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def called(model=MODELS[0]):
    return ask("Weather?", model, tools=[TOOL], tool_choice="required")


def check_arguments(text):
    arguments = json.loads(text)
    assert set(arguments) == {"city", "days", "unit"}
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)
    assert arguments["unit"] in ("celsius", "fahrenheit")


def check_whole(whole, model):
    [choice] = whole.choices
    assert whole.object == "chat.completion" and whole.id.startswith("chatcmpl-")
    assert whole.model.startswith(model)
    assert (choice.index, choice.message.role, choice.finish_reason) == (0, "assistant", "stop")
    usage = whole.usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def check_stream(chunks, whole):
    """A stream with usage says what the whole answer says."""
    # The body of the request is another, and with it the id.
    assert {(c.model, c.created, c.object) for c in chunks} == {
        (whole.model, whole.created, "chat.completion.chunk")
    }
    assert len({c.id for c in chunks}) == 1
    *chunks, last = chunks
    assert last.choices == [] and last.usage == whole.usage
    assert all(c.usage is None and len(c.choices) == 1 for c in chunks)
    deltas = [c.choices[0].delta for c in chunks]
    assert deltas[0].role == "assistant"
    assert "".join(d.content or "" for d in deltas) == (whole.choices[0].message.content or "")
    reasons = [c.choices[0].finish_reason for c in chunks]
    assert reasons[-1] == whole.choices[0].finish_reason and set(reasons[:-1]) == {None}


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_says_what_the_whole_answer_says(client, calls, prompt, model):
    whole = client.chat.completions.create(**ask(prompt, model))
    check_whole(whole, model)
    with client.chat.completions.create(**ask(prompt, model), **STREAM) as stream:
        check_stream(list(stream), whole)
    assert calls() == 2


def test_without_include_usage_there_is_none(client):
    chunks = list(client.chat.completions.create(**ask(), stream=True))
    assert all(c.usage is None and c.choices for c in chunks)


@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called_when_one_is_demanded(client, model):
    whole = client.chat.completions.create(**called(model))
    [choice] = whole.choices
    [call] = choice.message.tool_calls
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert call.id.startswith("call_")
    check_arguments(call.function.arguments)
    # And the conversation goes on from there.
    messages = called(model)["messages"] + [
        choice.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": '{"sky":"blue"}'},
    ]
    on = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert on.choices[0].finish_reason == "stop" and on.choices[0].message.content


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_tool_call_says_what_the_whole_one_says(client, model):
    whole = client.chat.completions.create(**called(model))
    [expected] = whole.choices[0].message.tool_calls
    chunks = list(client.chat.completions.create(**called(model), **STREAM))
    check_stream(chunks, whole)
    pieces = [c for chunk in chunks[:-1] for c in chunk.choices[0].delta.tool_calls or []]
    assert {piece.index for piece in pieces} == {0}
    first, *rest = pieces
    assert first.id.startswith("call_") and first.function.name == "get_weather"
    assert len(rest) > 1 and all(piece.id is None for piece in rest)
    assert "".join(p.function.arguments for p in pieces) == expected.function.arguments


def test_the_stream_helper_builds_the_whole_answer(client):
    whole = client.chat.completions.create(**called())
    with client.chat.completions.stream(
        **called(), stream_options={"include_usage": True}
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    assert final.usage == whole.usage
    function = final.choices[0].message.tool_calls[0].function
    assert function.arguments == whole.choices[0].message.tool_calls[0].function.arguments


@pytest.mark.parametrize("model", MODELS)
def test_structured_output_validates(client, model):
    parsed = client.chat.completions.parse(**ask(model=model), response_format=Recipe)
    assert isinstance(parsed.choices[0].message.parsed, Recipe)
    schema = {"name": "recipe", "strict": True, "schema": Recipe.model_json_schema()}
    form = {"type": "json_schema", "json_schema": schema}
    whole = client.chat.completions.create(**ask(model=model), response_format=form)
    Recipe.model_validate_json(whole.choices[0].message.content, strict=True)
    with client.chat.completions.stream(**ask(model=model), response_format=Recipe) as stream:
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Recipe)


def test_json_mode_is_json(client):
    whole = client.chat.completions.create(
        **ask("As JSON, please"), response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(whole.choices[0].message.content), dict)


def test_async_clients_get_the_same(client, url):
    whole = client.chat.completions.create(**ask())
    call = client.chat.completions.create(**called()).choices[0].message.tool_calls

    async def go():
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-dummy") as client:
            assert await client.chat.completions.create(**ask()) == whole
            stream = await client.chat.completions.create(**ask(), stream=True)
            text = [chunk.choices[0].delta.content or "" async for chunk in stream]
            assert "".join(text) == whole.choices[0].message.content
            again = await client.chat.completions.create(**called())
            assert again.choices[0].message.tool_calls == call
            many = [client.chat.completions.create(**ask(f"n{n}")) for n in range(32)]
            for n, one in enumerate(await asyncio.gather(*many)):
                assert f"“n{n}”" in one.choices[0].message.content
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(model="gpt-4o", messages=[])

    asyncio.run(go())


def test_the_hinted_environment_is_enough(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.hints()["OPENAI_BASE_URL"])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-dummy")
    with openai.OpenAI() as client:
        assert client.chat.completions.create(**ask()).choices[0].message.content


def test_headers_are_there(client):
    answer = client.chat.completions.with_raw_response.create(**ask())
    assert answer.headers["x-request-id"] == answer.request_id == answer.parse()._request_id
    assert answer.request_id.startswith("req_")
    assert int(answer.headers["openai-processing-ms"]) > 0
    assert answer.headers["openai-version"] == "2020-10-01"
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["x-ratelimit-remaining-requests"]) > 0
    assert answer.retries_taken == 0
    stream = client.chat.completions.with_raw_response.create(**ask(), stream=True)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "code", "param", "message"),
    [
        (ask() | {"messages": []}, "empty_array", "messages", "Invalid 'messages': empty array."),
        (ask() | {"messages": "hi"}, "invalid_type", "messages", "Invalid type for 'messages'"),
        (
            ask(temperature="hot"),
            "invalid_type",
            "temperature",
            "Invalid type for 'temperature': expected a decimal, but got a string instead.",
        ),
        (ask(temperature=3), "decimal_above_max_value", "temperature", "Invalid 'temperature'"),
        (ask(max_tokens=0), "integer_below_min_value", "max_tokens", "Invalid 'max_tokens'"),
        (
            {"model": "gpt-4o", "messages": [{"role": "wizard", "content": "hi"}]},
            "invalid_value",
            "messages[0].role",
            "Invalid value: 'wizard'. Supported values are: ",
        ),
    ],
    ids=["empty", "type", "field", "range", "zero", "role"],
)
def test_bad_requests_are_typed(client, calls, body, code, param, message):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**body)
    error = caught.value
    assert (error.status_code, error.type) == (400, "invalid_request_error")
    assert (error.code, error.param) == (code, param)
    assert error.body["message"].startswith(message)
    assert error.request_id.startswith("req_")
    assert calls() == 1


def test_a_body_over_the_limit_is_413(client, calls):
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**ask(TOO_LARGE))
    assert caught.value.status_code == 413
    assert "Maximum content size limit" in caught.value.body["message"]
    assert calls() == 1


def test_a_wrong_method_is_405(client):
    with pytest.raises(openai.APIStatusError) as caught:
        client.get("/chat/completions", cast_to=object)
    assert caught.value.status_code == 405
    assert caught.value.body["message"].startswith(
        "Invalid method for URL (GET /v1/chat/completions)"
    )


def test_an_unknown_path_says_so(client):
    with pytest.raises(openai.InternalServerError) as caught:
        client.post("/nonsense", cast_to=object, body={})
    assert caught.value.status_code == 501
    assert caught.value.type == "tower_mock_llm_unmatched"
    assert "/v1/nonsense" in caught.value.body["message"]


KEY = {"authorization": "Bearer sk-dummy"}


@pytest.mark.parametrize(
    ("headers", "content", "status", "message"),
    [
        ({}, json.dumps(ask()), 401, "You didn't provide an API key."),
        (KEY, '{"model":', 400, "We could not parse the JSON body of your request."),
        (KEY, "[]", 400, "We could not parse the JSON body of your request."),
        (KEY, json.dumps({"messages": []}), 400, "you must provide a model parameter"),
        (KEY, json.dumps({"model": "m"}), 400, "Missing required parameter: 'messages'."),
    ],
    ids=["no-key", "no-json", "array", "no-model", "no-messages"],
)
def test_raw_errors(raw, url, headers, content, status, message):
    answer = raw.post(f"{url}/v1/chat/completions", headers=headers, content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["type"] == "invalid_request_error" and error["message"].startswith(message)


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_gets_the_same_bytes(raw, serve, url, stream):
    def post(url):
        answer = raw.post(f"{url}/v1/chat/completions", headers=KEY, json=ask(stream=stream))
        assert answer.status_code == 200
        del answer.headers["date"]
        return answer.headers, answer.content

    first = post(url)
    assert first == post(url) == post(serve().url)
    assert first != post(serve("--seed", "7").url)


def test_the_bytes_of_a_stream(raw, url):
    answer = raw.post(f"{url}/v1/chat/completions", headers=KEY, json=ask(stream=True))
    *events, done, rest = answer.content.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"") and b"\r" not in answer.content
    for event in events:
        assert event.startswith(b'data: {"id":"chatcmpl-') and b"\n" not in event


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asked", [ask, called])
def test_the_sdks_types_validate(raw, url, model, asked):
    """The SDK builds what it can from any answer; its types are stricter."""
    body = asked(model=model)
    answer = raw.post(f"{url}/v1/chat/completions", headers=KEY, json=body)
    ChatCompletion.model_validate_json(answer.content, strict=True)
    answer = raw.post(f"{url}/v1/chat/completions", headers=KEY, json=body | STREAM)
    *events, _, _ = answer.content.split(b"\n\n")
    for event in events:
        ChatCompletionChunk.model_validate_json(event.removeprefix(b"data: "), strict=True)
