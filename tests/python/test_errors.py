"""What the vendors' SDKs make of errors, and of no answer at all."""

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors, types

ANTHROPIC = {
    "Authentication": (401, anthropic.AuthenticationError),
    "Billing": (402, anthropic.APIStatusError),
    "Permission": (403, anthropic.PermissionDeniedError),
    "ModelNotFound": (404, anthropic.NotFoundError),
    "Conflict": (409, anthropic.ConflictError),
    "TooLarge": (413, anthropic.APIStatusError),
    "Unprocessable": (422, anthropic.UnprocessableEntityError),
    "ContextLength": (400, anthropic.BadRequestError),
    "RateLimit": (429, anthropic.RateLimitError),
    "Server": (500, anthropic.InternalServerError),
    "Timeout": (504, anthropic.InternalServerError),
    "Overloaded": (529, anthropic.InternalServerError),
}
OPENAI = {
    "Authentication": (401, openai.AuthenticationError, "invalid_api_key"),
    "Permission": (403, openai.PermissionDeniedError, None),
    "Region": (403, openai.PermissionDeniedError, "unsupported_country_region_territory"),
    "ModelNotFound": (404, openai.NotFoundError, "model_not_found"),
    "RequestTimeout": (408, openai.APIStatusError, None),
    "Conflict": (409, openai.ConflictError, None),
    "Unprocessable": (422, openai.UnprocessableEntityError, None),
    "ContextLength": (400, openai.BadRequestError, "context_length_exceeded"),
    "ContentPolicy": (400, openai.BadRequestError, "invalid_prompt"),
    "RateLimit": (429, openai.RateLimitError, "rate_limit_exceeded"),
    "SlowDown": (429, openai.RateLimitError, "slow_down"),
    "Quota": (429, openai.RateLimitError, "insufficient_quota"),
    "Server": (500, openai.InternalServerError, None),
    "BadGateway": (502, openai.InternalServerError, "502"),
    "Overloaded": (503, openai.InternalServerError, "server_is_overloaded"),
    "Timeout": (504, openai.InternalServerError, None),
}
GEMINI = {
    "Authentication": (400, errors.ClientError, "INVALID_ARGUMENT"),
    "Region": (400, errors.ClientError, "FAILED_PRECONDITION"),
    "Permission": (403, errors.ClientError, "PERMISSION_DENIED"),
    "ModelNotFound": (404, errors.ClientError, "NOT_FOUND"),
    "Conflict": (409, errors.ClientError, "ABORTED"),
    "RateLimit": (429, errors.ClientError, "RESOURCE_EXHAUSTED"),
    "Cancelled": (499, errors.ClientError, "CANCELLED"),
    "Server": (500, errors.ServerError, "INTERNAL"),
    "Overloaded": (503, errors.ServerError, "UNAVAILABLE"),
    "Timeout": (504, errors.ServerError, "DEADLINE_EXCEEDED"),
}


def ask_anthropic(url, prompt, **options):
    with anthropic.Anthropic(base_url=url, api_key="sk-ant-dummy", **options) as client:
        messages = [{"role": "user", "content": prompt}]
        client.messages.create(model="claude-haiku-4-5", max_tokens=10, messages=messages)


def ask_openai(url, prompt, **options):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-dummy", **options) as client:
        messages = [{"role": "user", "content": prompt}]
        client.chat.completions.create(model="gpt-4o-mini", messages=messages)


@pytest.mark.parametrize("kind", ANTHROPIC)
def test_anthropic_tells_kinds_apart(rules_url, kind):
    status, exception = ANTHROPIC[kind]
    with pytest.raises(exception) as told:
        ask_anthropic(rules_url, f"fail: {kind}", max_retries=0)
    assert told.value.status_code == status
    assert told.value.body["error"]["message"] in str(told.value)


@pytest.mark.parametrize("kind", OPENAI)
def test_openai_tells_kinds_apart(rules_url, kind):
    status, exception, code = OPENAI[kind]
    with pytest.raises(exception) as told:
        ask_openai(rules_url, f"fail: {kind}", max_retries=0)
    assert (told.value.status_code, told.value.code) == (status, code)


@pytest.mark.parametrize("kind", GEMINI)
def test_gemini_tells_kinds_apart(rules_url, kind):
    code, exception, status = GEMINI[kind]
    options = types.HttpOptions(base_url=rules_url)
    with genai.Client(api_key="dummy", http_options=options) as client:
        with pytest.raises(exception) as told:
            client.models.generate_content(model="gemini-2.5-flash", contents=f"fail: {kind}")
    assert (told.value.code, told.value.status) == (code, status)


@pytest.mark.parametrize("ask, sdk", [(ask_openai, openai), (ask_anthropic, anthropic)])
def test_no_answer_at_all(rules_url, ask, sdk):
    for how in ["close", "reset"]:
        with pytest.raises(sdk.APIConnectionError) as told:
            ask(rules_url, f"fail: {how}", max_retries=0)
        assert not isinstance(told.value, sdk.APITimeoutError), how
    with pytest.raises(sdk.APITimeoutError):
        ask(rules_url, "fail: hang", max_retries=0, timeout=0.2)
    # Nobody listens there.
    with pytest.raises(sdk.APIConnectionError):
        ask("http://127.0.0.1:1", "x", max_retries=0)


@pytest.mark.parametrize("ask, sdk", [(ask_openai, openai), (ask_anthropic, anthropic)])
def test_a_page_of_a_proxy(rules_url, ask, sdk):
    with pytest.raises(sdk.InternalServerError) as told:
        ask(rules_url, "fail: html", max_retries=0)
    assert "<center>nginx</center>" in told.value.response.text


@pytest.mark.parametrize("ask", [ask_openai, ask_anthropic])
def test_what_may_be_over_soon_is_sent_again_and_what_stays_is_not(rules_url, calls, ask):
    for kind in ["Authentication", "ContextLength"]:
        with pytest.raises(Exception):
            ask(rules_url, f"fail: {kind}", max_retries=1)
    assert calls() == 2
    with pytest.raises(Exception):
        ask(rules_url, "fail: Overloaded", max_retries=1)
    assert calls() == 4
