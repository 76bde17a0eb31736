"""Which models there are, through the vendors' SDKs: what tools ask when a credential is tested."""

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors, types

from conftest import ROOT


@pytest.fixture(scope="module")
def configured(serve):
    return serve("--config", str(ROOT / "examples/config/development.yaml")).url


def gemini(url):
    return genai.Client(api_key="dummy", http_options=types.HttpOptions(base_url=url))


def test_openai(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-dummy", max_retries=0) as client:
        models = {model.id: model for model in client.models.list()}
        assert models["gpt-4o"].owned_by == "system" and models["gpt-4o"].created == 1715367049
        assert {"gpt-5-mini", "o3", "text-embedding-3-small"} <= models.keys()
        assert client.models.retrieve("gpt-4o") == models["gpt-4o"]
        with pytest.raises(openai.NotFoundError, match="The model 'gpt-0' does not exist"):
            client.models.retrieve("gpt-0")


def test_anthropic_pages(url):
    with anthropic.Anthropic(base_url=url, api_key="dummy", max_retries=0) as client:
        models = [model.id for model in client.models.list()]
        assert models[0] == "claude-opus-5" and "claude-haiku-4-5-20251001" in models
        # The SDK asks for the next page by itself.
        assert [model.id for model in client.models.list(limit=3)] == models
        one = client.models.retrieve("claude-haiku-4-5")
        assert (one.id, one.display_name) == ("claude-haiku-4-5-20251001", "Claude Haiku 4.5")
        with pytest.raises(anthropic.NotFoundError, match="model: claude-0"):
            client.models.retrieve("claude-0")


def test_gemini_pages(url):
    client = gemini(url)
    models = {model.name: model for model in client.models.list()}
    assert models["models/gemini-2.5-flash"].input_token_limit == 1048576
    assert "generateContent" in models["models/gemini-2.5-flash"].supported_actions
    paged = client.models.list(config={"page_size": 5})
    assert [model.name for model in paged] == list(models)
    assert client.models.get(model="gemini-2.5-flash") == models["models/gemini-2.5-flash"]
    with pytest.raises(errors.ClientError, match="Model is not found: models/gemini-0"):
        client.models.get(model="gemini-0")


def test_models_of_the_file_are_listed_to_all(configured):
    with openai.OpenAI(base_url=f"{configured}/v1", api_key="any") as client:
        assert "claude-3-sonnet" in [model.id for model in client.models.list()]
        # As in this file any model is answered for, any is known.
        assert client.models.retrieve("gpt-0").id == "gpt-0"
    with anthropic.Anthropic(base_url=configured, api_key="any") as client:
        assert "gpt-4" in [model.id for model in client.models.list()]
    client = gemini(configured)
    assert "models/gpt-4" in [model.name for model in client.models.list()]
    # A plain HTTP node, which sends no SDK's headers.
    answer = httpx2.get(f"{configured}/v1/models", headers={"authorization": "Bearer any"})
    assert (answer.status_code, answer.json()["object"]) == (200, "list")
    assert httpx2.get(f"{configured}/v1beta/models?key=any").json()["models"]
