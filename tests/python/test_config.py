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


def test_a_plain_http_node(url):
    """As a low-code tool sends it: no key, no version, no limit, a field of its own."""
    body = {"model": "gpt-4", "messages": HELLO, "workflow": 7}
    for path in ["/v1/chat/completions", "/v1/messages"]:
        answer = httpx2.post(url + path, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-mock-llm"] == "true"
        assert "Hello! How can I help you today?" in answer.text
