"""The server's `/metrics`, read by Prometheus' own parser, under OpenTelemetry's names."""

import time

import httpx2
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="module")
def url(serve):
    return serve("--seed", "7").url


def families(url):
    response = httpx2.get(f"{url}/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(response.text)}


def test_every_family_is_read(url):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    messages = [{"role": "user", "content": "hello"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages)
    for _ in client.chat.completions.create(model="gpt-4o", messages=messages, stream=True):
        pass
    client.embeddings.create(model="text-embedding-3-small", input="hello")
    # The last byte may be here before the server has seen so.
    for _ in range(100):
        found = families(url)
        if found["mock_llm_requests_in_flight"].samples[0].value == 0:
            break
        time.sleep(0.02)
    kinds = {name: family.type for name, family in found.items()}
    assert kinds == {
        "gen_ai_server_request_duration_seconds": "histogram",
        "gen_ai_server_time_to_first_token_seconds": "histogram",
        "gen_ai_server_time_per_output_token_seconds": "histogram",
        "gen_ai_client_token_usage": "histogram",
        "mock_llm_requests": "counter",
        "mock_llm_saved_usd": "counter",
        "mock_llm_requests_in_flight": "gauge",
        "mock_llm_build_info": "gauge",
        "process_start_time_seconds": "gauge",
    }
    requests = {
        (sample.labels["gen_ai_operation_name"], sample.labels["gen_ai_request_model"]): sample.value
        for sample in found["mock_llm_requests"].samples
    }
    assert requests == {("chat", "gpt-4o"): 2, ("embeddings", "text-embedding-3-small"): 1}
    output = [
        sample.value
        for sample in found["gen_ai_client_token_usage"].samples
        if sample.name.endswith("_sum") and sample.labels["gen_ai_token_type"] == "output"
    ]
    assert output == [2 * answer.usage.completion_tokens]
    for family in found.values():
        if family.type == "histogram":
            check_buckets(family)


def check_buckets(family):
    """Buckets only grow, and the last has what the count says."""
    last = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        key = tuple(sorted(labels.items()))
        if sample.name.endswith("_bucket"):
            assert sample.value >= last.get(key, 0), sample
            last[key] = sample.value
        elif sample.name.endswith("_count"):
            assert sample.value == last[key], sample
    assert last, family.name
