"""Embeddings and token counts through the vendors' SDKs."""

import base64
import struct

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

SMALL = "text-embedding-3-small"


@pytest.fixture(scope="module")
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-dummy") as client:
        yield client


@pytest.fixture(scope="module")
def gemini(url):
    return genai.Client(api_key="dummy", http_options=types.HttpOptions(base_url=url))


def length(vector):
    return sum(number * number for number in vector) ** 0.5


def nearness(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_the_sdk_decodes_what_it_asks_for(client):
    # It asks for base64 of its own accord, and decodes it.
    answer = client.embeddings.create(model=SMALL, input=["a cat sat", "two cats sat", "a bond"])
    assert [item.index for item in answer.data] == [0, 1, 2]
    vectors = [item.embedding for item in answer.data]
    assert all(len(v) == 1536 and abs(length(v) - 1) < 1e-5 for v in vectors)
    assert nearness(vectors[0], vectors[1]) > 2 * nearness(vectors[0], vectors[2])
    assert answer.model == SMALL
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


def test_both_forms_are_the_same_numbers(client):
    ask = {"model": "text-embedding-3-large", "input": "Grüße 👋🏽", "dimensions": 256}
    floats = client.embeddings.create(**ask, encoding_format="float").data[0].embedding
    encoded = client.embeddings.create(**ask, encoding_format="base64").data[0].embedding
    if isinstance(encoded, str):
        encoded = struct.unpack("<256f", base64.b64decode(encoded))
    assert list(encoded) == floats and len(floats) == 256


def test_an_error_is_the_vendors(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="text-embedding-ada-002", input="x", dimensions=5)
    assert caught.value.body["message"] == "This model does not support specifying dimensions."
    with pytest.raises(openai.BadRequestError, match="'\\$.input' is invalid"):
        client.embeddings.create(model=SMALL, input=["a", ""])


@pytest.mark.parametrize(
    "model, wanted, expected",
    [("gemini-embedding-001", None, 3072), ("text-embedding-004", 256, 256)],
)
def test_gemini_embeds_each_content(gemini, model, wanted, expected):
    config = types.EmbedContentConfig(
        task_type="RETRIEVAL_DOCUMENT", output_dimensionality=wanted
    )
    answer = gemini.models.embed_content(model=model, contents=["one", "two"], config=config)
    vectors = [item.values for item in answer.embeddings]
    assert [len(vector) for vector in vectors] == [expected] * 2
    assert all(abs(length(vector) - 1) < 1e-5 for vector in vectors)
    assert vectors[0] != vectors[1]


def test_gemini_counts_what_it_reports(gemini, prompt):
    model = "gemini-2.5-flash"
    counted = gemini.models.count_tokens(model=model, contents=prompt)
    answer = gemini.models.generate_content(model=model, contents=prompt)
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count


def test_anthropic_counts_what_it_reports(url, prompt):
    with anthropic.Anthropic(base_url=url, api_key="dummy") as client:
        ask = {
            "model": "claude-sonnet-4-5",
            "system": "Be kind.",
            "messages": [{"role": "user", "content": prompt}],
        }
        counted = client.messages.count_tokens(**ask)
        answer = client.messages.create(**ask, max_tokens=1000)
        assert counted.input_tokens == answer.usage.input_tokens
