"""The SDK `google-genai` against the mock, with nothing but its base URL changed."""

import asyncio
import json

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from conftest import TOO_LARGE

MODELS = ["gemini-2.5-flash", "gemini-3-pro-preview"]
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather at a place",
            parameters_json_schema={
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer"},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                },
                "required": ["city", "days", "unit"],
            },
        )
    ]
)
ANY = types.ToolConfig(
    function_calling_config=types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
)


class Step(BaseModel):
    text: str
    minutes: int


class Recipe(BaseModel):
    title: str
    steps: list[Step]
    is_vegan: bool


def connect(url):
    # Retries are off unless they are asked for.
    retry = types.HttpRetryOptions(attempts=3)
    options = types.HttpOptions(base_url=url, retry_options=retry)
    return genai.Client(api_key="dummy", http_options=options)


@pytest.fixture(scope="module")
def client(url):
    with connect(url) as client:
        yield client


def ask(prompt="Hello!", model=MODELS[0], **config):
    return {"model": model, "contents": prompt, "config": config}


def called(model=MODELS[0]):
    return ask("Weather?", model, tools=[TOOL], tool_config=ANY)


def check_arguments(arguments):
    assert set(arguments) == {"city", "days", "unit"}
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int)
    assert arguments["unit"] in ("celsius", "fahrenheit")


def check_usage(usage):
    counts = (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count)
    assert usage.prompt_token_count > 0 and usage.candidates_token_count > 0
    assert usage.total_token_count == sum(count or 0 for count in counts)


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_says_what_the_whole_answer_says(client, calls, prompt, model):
    whole = client.models.generate_content(**ask(prompt, model))
    [candidate] = whole.candidates
    assert (candidate.finish_reason, candidate.content.role) == (types.FinishReason.STOP, "model")
    assert whole.model_version == model and whole.response_id
    check_usage(whole.usage_metadata)

    chunks = list(client.models.generate_content_stream(**ask(prompt, model)))
    assert len(chunks) > 5
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert {(c.model_version, c.response_id) for c in chunks} == {(model, whole.response_id)}
    reasons = [c.candidates[0].finish_reason for c in chunks]
    assert reasons[-1] == types.FinishReason.STOP and set(reasons[:-1]) == {None}
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert calls() == 2


@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called_when_one_is_demanded(client, model):
    whole = client.models.generate_content(**called(model))
    [call] = whole.function_calls
    assert call.name == "get_weather" and whole.candidates[0].finish_reason == "STOP"
    check_arguments(call.args)
    check_usage(whole.usage_metadata)
    # And the conversation goes on from there.
    result = types.FunctionResponse(id=call.id, name=call.name, response={"sky": "blue"})
    contents = [
        types.UserContent("Weather?"),
        whole.candidates[0].content,
        types.UserContent(types.Part(function_response=result)),
    ]
    on = client.models.generate_content(**ask(contents, model, tools=[TOOL]))
    assert on.text and not on.function_calls


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_tool_call_says_what_the_whole_one_says(client, model):
    whole = client.models.generate_content(**called(model))
    chunks = list(client.models.generate_content_stream(**called(model)))
    assert [c for chunk in chunks for c in chunk.function_calls or []] == whole.function_calls
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata == whole.usage_metadata


def test_python_functions_are_called_automatically(client):
    def get_weather(city: str) -> str:
        """The weather at a place."""
        return f"blue above {city}"

    # With no tool demanded the mock says something, and the SDK's loop ends there.
    whole = client.models.generate_content(**ask(tools=[get_weather]))
    assert whole.text and not whole.automatic_function_calling_history


def test_a_chat_goes_on(client):
    chat = client.chats.create(model=MODELS[0])
    first = chat.send_message("One")
    second = [chunk.text or "" for chunk in chat.send_message_stream("Two")]
    assert "“One”" in first.text and "“Two”" in "".join(second)
    # The SDK sends each chunk back as a turn of its own.
    roles = [content.role for content in chat.get_history()]
    assert roles[:3] == ["user", "model", "user"] and set(roles[3:]) == {"model"}
    assert "“Three”" in chat.send_message("Three").text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["response_schema", "response_json_schema"])
def test_structured_output_validates(client, model, name):
    schema = Recipe if name == "response_schema" else Recipe.model_json_schema()
    config = {"response_mime_type": "application/json", name: schema}
    whole = client.models.generate_content(**ask(model=model, **config))
    Recipe.model_validate_json(whole.text, strict=True)
    if name == "response_schema":
        assert isinstance(whole.parsed, Recipe)
    chunks = client.models.generate_content_stream(**ask(model=model, **config))
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text


def test_async_clients_get_the_same(client, url):
    whole = client.models.generate_content(**ask())
    calls = client.models.generate_content(**called()).function_calls

    async def go():
        async with connect(url).aio as client:
            assert (await client.models.generate_content(**ask())).text == whole.text
            stream = await client.models.generate_content_stream(**ask())
            assert "".join([chunk.text or "" async for chunk in stream]) == whole.text
            again = await client.models.generate_content(**called())
            assert again.function_calls == calls
            stream = await client.models.generate_content_stream(**called())
            found = [call async for chunk in stream for call in chunk.function_calls or []]
            assert found == calls
            many = [client.models.generate_content(**ask(f"n{n}")) for n in range(32)]
            for n, one in enumerate(await asyncio.gather(*many)):
                assert f"“n{n}”" in one.text
            with pytest.raises(errors.ClientError):
                await client.models.generate_content(**ask(temperature=3))

    asyncio.run(go())


def test_the_hinted_environment_is_enough(server, monkeypatch):
    name = "GOOGLE_GEMINI_BASE_URL"
    monkeypatch.setenv(name, server.hints()[name])
    monkeypatch.setenv("GEMINI_API_KEY", "dummy")
    with genai.Client() as client:
        assert client.models.generate_content(**ask()).text


def test_several_candidates_are_given_when_asked_for(client):
    whole = client.models.generate_content(**ask(candidate_count=3))
    assert [candidate.index for candidate in whole.candidates] == [0, 1, 2]
    texts = ["".join(part.text for part in c.content.parts) for c in whole.candidates]
    said = {}
    for chunk in client.models.generate_content_stream(**ask(candidate_count=3)):
        [candidate] = chunk.candidates
        for part in candidate.content.parts or []:
            said[candidate.index] = said.get(candidate.index, "") + part.text
    assert [said[index] for index in range(3)] == texts
    assert chunk.usage_metadata == whole.usage_metadata


def test_log_probabilities_are_told_by_models_that_do(client):
    asked = ask(model="gemini-2.0-flash", response_logprobs=True, logprobs=4)
    whole = client.models.generate_content(**asked)
    [candidate] = whole.candidates
    chosen = candidate.logprobs_result.chosen_candidates
    assert "".join(token.token for token in chosen) == whole.text
    assert all(token.log_probability < 0 and token.token_id for token in chosen)
    assert all(len(top.candidates) == 4 for top in candidate.logprobs_result.top_candidates)
    assert candidate.avg_logprobs == pytest.approx(
        sum(token.log_probability for token in chosen) / len(chosen), rel=1e-4
    )
    streamed = []
    for chunk in client.models.generate_content_stream(**asked):
        streamed += chunk.candidates[0].logprobs_result.chosen_candidates
    assert streamed == chosen


def test_headers_are_there(client):
    whole = client.models.generate_content(**ask())
    headers = {k.lower(): v for k, v in whole.sdk_http_response.headers.items()}
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert headers["server-timing"].startswith("gfet4t7; dur=")
    [first, *_] = client.models.generate_content_stream(**ask())
    headers = {k.lower(): v for k, v in first.sdk_http_response.headers.items()}
    assert headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        # The SDK itself refuses to send no contents.
        (
            ask([types.Content(role="user", parts=[])]),
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.",
        ),
        (
            ask(temperature=3),
            "* GenerateContentRequest.generation_config.temperature: temperature must be in",
        ),
        (
            ask([types.Content(role="wizard", parts=[types.Part(text="hi")])]),
            "Please use a valid role: user, model.",
        ),
        (
            ask(candidate_count=9),
            "* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in",
        ),
        (ask(model=MODELS[1], candidate_count=2), "Multiple candidates is not enabled for this"),
        (ask(response_logprobs=True), "Logprobs is not enabled for this model"),
        (
            ask(stop_sequences=list("abcdef")),
            "* GenerateContentRequest.generation_config.stop_sequences: the number of",
        ),
    ],
    ids=["empty", "range", "role", "candidates", "one-candidate", "logprobs", "stops"],
)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_bad_requests_are_typed(client, calls, request_, message, is_stream):
    with pytest.raises(errors.ClientError) as caught:
        if is_stream:
            list(client.models.generate_content_stream(**request_))
        else:
            client.models.generate_content(**request_)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.message.startswith(message)
    assert calls() == 1


def test_a_body_over_the_limit_is_refused(client, calls):
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(**ask(TOO_LARGE))
    # This vendor has no 413.
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.message.startswith("Request payload size exceeds the limit: ")
    assert calls() == 1


def test_an_unknown_path_says_so(url):
    options = types.HttpOptions(base_url=url, api_version="v9")
    with genai.Client(api_key="dummy", http_options=options) as client:
        with pytest.raises(errors.ServerError) as caught:
            client.models.generate_content(**ask())
    assert caught.value.code == 501
    assert "/v9/models/gemini-2.5-flash:generateContent" in caught.value.message


KEY = {"x-goog-api-key": "dummy"}
BODY = {"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}


def path(method="generateContent"):
    return f"/v1beta/models/{MODELS[0]}:{method}"


@pytest.mark.parametrize(
    ("headers", "content", "status", "code", "message"),
    [
        (
            KEY,
            '{"contents": []}',
            400,
            "INVALID_ARGUMENT",
            "* GenerateContentRequest.contents: contents is not specified",
        ),
        ({}, json.dumps(BODY), 403, "PERMISSION_DENIED", "Method doesn't allow unregistered"),
        (KEY, '{"contents":', 400, "INVALID_ARGUMENT", "Invalid JSON payload received. "),
        (
            KEY,
            json.dumps({"contents": "hi"}),
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'contents'",
        ),
        (
            KEY,
            json.dumps(BODY | {"generationConfig": {"temperature": "hot"}}),
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'generation_config.temperature'",
        ),
        (
            KEY,
            json.dumps(BODY | {"generationConfig": {"max_tokens": 5}}),
            400,
            "INVALID_ARGUMENT",
            "Invalid JSON payload received. Unknown name \"max_tokens\" at 'generation_config'",
        ),
    ],
    ids=["empty", "no-key", "no-json", "type", "field", "unknown"],
)
def test_raw_errors(raw, url, headers, content, status, code, message):
    answer = raw.post(url + path(), headers=headers, content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    error = answer.json()["error"]
    assert list(error)[:3] == ["code", "message", "status"]
    assert (error["code"], error["status"]) == (status, code)
    assert error["message"].startswith(message)


def test_a_wrong_method_is_not_found(raw, url):
    answer = raw.get(url + path(), headers=KEY)
    assert answer.status_code == 404
    assert "It is served to POST, not to GET." in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "method", ["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"]
)
def test_the_same_request_gets_the_same_bytes(raw, serve, url, method):
    def post(url):
        answer = raw.post(url + path(method), headers=KEY, json=BODY)
        assert answer.status_code == 200
        del answer.headers["date"]
        return answer.headers, answer.content

    first = post(url)
    assert first == post(url) == post(serve().url)
    assert first != post(serve("--seed", "7").url)


def test_the_bytes_of_a_stream(raw, url):
    answer = raw.post(url + path("streamGenerateContent?alt=sse"), headers=KEY, json=BODY)
    *events, rest = answer.content.split(b"\r\n\r\n")
    assert rest == b"" and len(events) > 5
    for event in events:
        assert event.startswith(b'data: {"candidates": [{') and b"\n" not in event


def test_a_stream_that_is_an_array_says_the_same(raw, url):
    array = raw.post(url + path("streamGenerateContent"), headers=KEY, json=BODY)
    assert array.headers["content-type"] == "application/json; charset=UTF-8"
    events = raw.post(url + path("streamGenerateContent?alt=sse"), headers=KEY, json=BODY)
    lines = events.text.split("\r\n\r\n")[:-1]
    assert array.json() == [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_call", [False, True], ids=["text", "call"])
def test_the_sdks_types_validate(raw, url, model, is_call):
    """They forbid what they do not know."""
    tool = {"functionDeclarations": [{"name": "get_weather", "description": "The weather"}]}
    calling = {"functionCallingConfig": {"mode": "ANY"}}
    body = BODY | ({"tools": [tool], "toolConfig": calling} if is_call else {})
    path = f"{url}/v1beta/models/{model}"
    whole = raw.post(f"{path}:generateContent", headers=KEY, json=body).json()
    stream = raw.post(f"{path}:streamGenerateContent", headers=KEY, json=body).json()
    for answer in [whole, *stream]:
        # In recorded traffic of 2026, but not in the SDK.
        assert answer["usageMetadata"].pop("serviceTier") == "standard"
        text = json.dumps(answer)
        types.GenerateContentResponse.model_validate_json(text, strict=True)
