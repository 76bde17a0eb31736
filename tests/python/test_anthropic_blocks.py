"""The SDK `anthropic` on citations, the vendor's own tools, redacted thinking and caches."""

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

MODEL = "claude-haiku-4-5"
HEAD = {"x-api-key": "sk-ant-dummy", "anthropic-version": "2023-06-01"}
PROMPTS = ["search", "read", "compute", "redact", "pause"]


@pytest.fixture(scope="module")
def client(rules_url):
    with anthropic.Anthropic(base_url=rules_url, api_key="sk-ant-dummy") as client:
        yield client


def ask(prompt):
    messages = [{"role": "user", "content": prompt}]
    return {"model": MODEL, "max_tokens": 1024, "messages": messages}


MADE_UP = {"encrypted_content", "encrypted_index", "id", "signature", "tool_use_id"}


def known(value):
    """Without what is made up, which is another for each request."""
    if isinstance(value, list):
        return [known(one) for one in value]
    if isinstance(value, dict):
        return {key: key if key in MADE_UP else known(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_stream_helper_builds_every_block_of_the_whole_answer(client, prompt):
    whole = client.messages.create(**ask(prompt))
    with client.messages.stream(**ask(prompt)) as stream:
        final = stream.get_final_message()
    assert known(final.to_dict()["content"]) == known(whole.to_dict()["content"])
    assert final.stop_reason == whole.stop_reason
    assert final.usage.server_tool_use == whole.usage.server_tool_use
    names = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
    for name in [*names, "output_tokens"]:
        assert getattr(final.usage, name) == getattr(whole.usage, name), name


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_sdks_types_validate_every_block(raw, rules_url, prompt):
    """The SDK builds what it can from any answer; its types are stricter."""
    url = f"{rules_url}/v1/messages"
    answer = raw.post(url, headers=HEAD, json=ask(prompt))
    Message.model_validate_json(answer.content, strict=True)
    answer = raw.post(url, headers=HEAD, json=ask(prompt) | {"stream": True})
    events = TypeAdapter(RawMessageStreamEvent)
    for line in answer.content.splitlines():
        if line.startswith(b"data: ") and b"ping" not in line:
            events.validate_json(line.removeprefix(b"data: "), strict=True)


def test_a_web_search_and_what_cites_it(client):
    answer = client.messages.create(**ask("search"))
    call, result, before, cited, after = answer.content
    assert (call.type, call.name) == ("server_tool_use", "web_search")
    assert call.input == {"query": "what is tower"} and call.id.startswith("srvtoolu_")
    assert (result.type, result.tool_use_id) == ("web_search_tool_result", call.id)
    [page] = result.content
    assert (page.url, page.title, page.page_age) == ("https://docs.rs/tower", "tower", None)
    assert page.encrypted_content
    [citation] = cited.citations
    assert citation.type == "web_search_result_location" and citation.encrypted_index
    assert (citation.url, citation.title) == (page.url, page.title)
    assert before.citations is None and after.citations is None
    assert answer.usage.server_tool_use.web_search_requests == 1
    with client.messages.stream(**ask("search")) as stream:
        kinds = [event.type for event in stream]
    assert "citation" in kinds and "input_json" in kinds


def test_each_kind_of_a_documents_citation(client):
    [block] = client.messages.create(**ask("read")).content
    characters, pages, blocks = block.citations
    assert (characters.start_char_index, characters.end_char_index) == (0, 16)
    assert (characters.cited_text, characters.document_title) == ("The sky is blue.", "facts.txt")
    assert (pages.document_index, pages.start_page_number, pages.end_page_number) == (1, 2, 3)
    assert (blocks.document_index, blocks.start_block_index, blocks.end_block_index) == (2, 0, 1)


def test_code_that_ran_and_where(client):
    answer = client.messages.create(**ask("compute"))
    call, result, text = answer.content
    assert (call.name, call.input) == ("bash_code_execution", {"command": "echo $((6 * 7))"})
    assert (result.content.stdout, result.content.return_code) == ("42\n", 0)
    assert text.text == "42" and answer.container.id.startswith("container_01")
    assert answer.container.expires_at.tzinfo is not None


def test_what_is_thought_and_not_shown(client):
    hidden, thought, _ = client.messages.create(**ask("redact")).content
    assert (hidden.type, hidden.data) == ("redacted_thinking", "EncrypTed==")
    assert thought.thinking == "Now for the answer." and thought.signature


def test_a_paused_turn_and_a_cache(client):
    answer = client.messages.create(**ask("pause"))
    assert answer.stop_reason == "pause_turn"
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (100, 600)
    assert usage.cache_creation_input_tokens == 300
    assert usage.cache_creation.ephemeral_5m_input_tokens == 300


def test_what_was_said_can_be_sent_back(client):
    said = client.messages.create(**ask("search"))
    messages = ask("search")["messages"] + [
        {"role": "assistant", "content": said.content},
        {"role": "user", "content": "compute"},
    ]
    on = client.messages.create(**ask("") | {"messages": messages})
    assert on.content[-1].text == "42"


def test_a_field_of_another_vendor_is_refused(client):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**ask("read"), extra_body={"frequency_penalty": 1})
    message = caught.value.body["error"]["message"]
    assert message == "frequency_penalty: Extra inputs are not permitted"
