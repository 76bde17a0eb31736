"""The file for development, served: the SDKs with nothing but their base URL changed, and bare HTTP."""

import anthropic
import httpx2
import openai
import pytest
from google import genai

from conftest import ROOT

HELLO = [{"role": "user", "content": "HELLO there"}]


@pytest.fixture(scope="module")
def url(serve):
    return serve("--config", str(ROOT / "examples/config/development.yaml")).url


def test_openai(url):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    answer = client.chat.completions.create(model="gpt-4", messages=HELLO)
    assert answer.choices[0].message.content == "Hello! How can I help you today?"
    chunks = client.chat.completions.create(model="gpt-4", messages=HELLO, stream=True)
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(deltas) == "Hello! How can I help you today?"


def test_anthropic(url):
    client = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0)
    for model, said in [
        ("claude-3-sonnet", "Hello! I am Claude, or at least I play him."),
        ("gpt-4", "Hello! How can I help you today?"),
    ]:
        answer = client.messages.create(model=model, max_tokens=100, messages=HELLO)
        assert (answer.type, answer.model, answer.content[0].text) == ("message", model, said)


def test_gemini_by_the_name_of_another_vendors_model(url):
    client = genai.Client(api_key="any", http_options={"base_url": url})
    answer = client.models.generate_content(model="gpt-4", contents="HELLO there")
    assert answer.text == "Hello! How can I help you today?"


def low_code(agent, **headers):
    """The headers of a plain HTTP node: no SDK's, and those that its HTTP library adds."""
    return {
        "accept": "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.7",
        "content-type": "application/json; charset=utf-8",
        "user-agent": agent,
        **headers,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        low_code("axios/1.12.0"),
        low_code("n8n", authorization="Bearer {{$json.key}}"),
        low_code("Zapier"),
        # One body for every vendor: the credentials of another.
        low_code("axios/1.12.0", **{"x-api-key": "any", "x-goog-api-key": "any"}),
    ],
    ids=["bare", "axios", "n8n", "zapier", "keys"],
)
def test_a_plain_http_node(url, headers):
    """As a low-code tool sends it: no key, no version, no limit, a field of its own."""
    body = {"model": "gpt-4", "messages": HELLO, "workflow": 7}
    for path in ["/v1/chat/completions", "/v1/messages"]:
        answer = httpx2.post(url + path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-mock-llm"] == "true"
        assert "Hello! How can I help you today?" in answer.text
    contents = {"contents": [{"parts": [{"text": "HELLO there"}]}]}
    answer = httpx2.post(f"{url}/v1beta/models/gpt-4:generateContent", json=contents, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "Hello! How can I help you today?" in answer.text


@pytest.fixture(scope="module")
def rules(serve):
    return serve("--config", str(ROOT / "examples/config/rules.yaml")).url


def test_an_agents_loop_by_a_script_of_the_file(rules):
    client = openai.OpenAI(base_url=f"{rules}/v1", api_key="any", max_retries=0)
    messages = [{"role": "user", "content": "How is the weather?"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages)
    message = answer.choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Lisbon"}')
    for result, said in [
        ("error: 500", "The weather service does not answer."),
        ("21", "It is 21 degrees and sunny."),
    ]:
        turn = {"role": "tool", "tool_call_id": call.id, "content": result}
        answer = client.chat.completions.create(model="gpt-4o", messages=[*messages, message, turn])
        assert answer.choices[0].message.content == said


def test_an_sdk_tries_again_what_the_file_lets_fail_twice(rules, calls):
    client = anthropic.Anthropic(base_url=rules, api_key="any", max_retries=2)
    flaky = [{"role": "user", "content": "flaky"}]
    answer = client.messages.create(model="claude-x", max_tokens=100, messages=flaky)
    assert (answer.content[0].text, calls()) == ("At last.", 3)


def test_an_error_of_the_file_is_the_sdks_own(rules):
    client = openai.OpenAI(base_url=f"{rules}/v1", api_key="any", max_retries=0)
    with pytest.raises(openai.RateLimitError) as caught:
        messages = [{"role": "user", "content": "too fast"}]
        client.chat.completions.create(model="gpt-4o", messages=messages)
    assert caught.value.response.headers["retry-after"] == "2"
    assert "Limit 30000, Used 29000, Requested 4000" in caught.value.message


def test_a_template_of_the_file(rules):
    client = genai.Client(api_key="any", http_options={"base_url": rules})
    answer = client.models.generate_content(model="gemini-2.5-flash", contents="Where is order 17?")
    assert answer.text == "Order 17 is on its way, says gemini-2.5-flash."
