#!/usr/bin/env bash
# The lines that one would type at the mock of development.yaml, each with what its answer has in it.
#
#   examples/config/curl.sh                          # starts the mock itself
#   examples/config/curl.sh http://127.0.0.1:4100    # asks one that runs
#
# It ends with 0 if every answer is as it should be. MOCK_LLM_BIN may name the command.
set -euo pipefail
cd "$(dirname "$0")"

mock_llm() {
    if [ -n "${MOCK_LLM_BIN-}" ]; then exec "$MOCK_LLM_BIN" "$@"; fi
    exec cargo run --quiet --features cli --bin mock-llm -- "$@"
}

URL=${1-}
if [ -z "$URL" ]; then
    coproc MOCK { mock_llm serve --config development.yaml 2> /dev/null; }
    trap 'kill "$MOCK_PID"' EXIT
    read -r -u "${MOCK[0]}" _ _ URL    # listening on http://127.0.0.1:PORT
fi

# Whether what comes in has each of these lines or parts of lines.
has() {
    local answer part
    answer=$(cat)
    for part in "$@"; do
        if ! grep -qF -- "$part" <<< "$answer"; then
            printf 'not in the answer: %s\n%s\n' "$part" "$answer" >&2
            return 1
        fi
    done
}

# A bare request, without a key: by keyword, in upper or lower case.
curl -s "$URL/v1/chat/completions" -d '
    {"model": "gpt-4", "messages": [{"role": "user", "content": "HELLO there"}]}' |
    has '"object": "chat.completion"' '"content": "Hello! How can I help you today?"'

# What no keyword is in.
curl -s "$URL/v1/chat/completions" -d '
    {"model": "gpt-4", "messages": [{"role": "user", "content": "Tell me a story"}]}' |
    has '"content": "This is a mock response from GPT-4."'

# Anthropic, without version and limit.
curl -s "$URL/v1/messages" -d '
    {"model": "claude-3-sonnet", "messages": [{"role": "user", "content": "a code review, please"}]}' |
    has '"type":"message"' '"text":"The code looks good. I have two small suggestions."'

# The same model by the other API: that one's shape, and the file's text.
curl -s "$URL/v1/messages" -d '
    {"model": "gpt-4", "messages": [{"role": "user", "content": "how is the weather?"}]}' |
    has '"type":"message"' '"model":"gpt-4"' '"text":"It is sunny, and 21 degrees."'

# As a low-code tool's HTTP node sends it: its own headers, a key that is none, a field that no vendor has.
curl -s "$URL/v1/chat/completions" -H 'user-agent: n8n' -H 'authorization: Bearer {{$json.key}}' \
    -H 'accept: application/json,text/html,*/*;q=0.8' -H 'content-type: application/json; charset=utf-8' -d '
    {"model": "gpt-4", "workflow": 7, "messages": [{"role": "user", "content": "What is the weather?"}]}' |
    has '"object": "chat.completion"' '"content": "It is sunny, and 21 degrees."'

# A stream.
curl -sN "$URL/v1/chat/completions" -d '
    {"model": "gpt-4", "stream": true, "messages": [{"role": "user", "content": "hello"}]}' |
    has '"content":"Hello"' '"finish_reason":"stop"' 'data: [DONE]'

# Gemini, and a model that the file does not name.
curl -s "$URL/v1beta/models/gemini-2.5-flash:generateContent" -d '
    {"contents": [{"parts": [{"text": "hi"}]}]}' |
    has '"candidates": [' '"role": "model"'

# The header by which an answer is known to be the mock's.
curl -s -D - -o /dev/null "$URL/v1/chat/completions" -d '
    {"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}' |
    has 'HTTP/1.1 200 OK' 'x-mock-llm: true'

# What cannot be understood is refused all the same, in the vendor's words.
curl -s "$URL/v1/chat/completions" -d '{"messages": []}' |
    has '"message": "you must provide a model parameter"' '"type": "invalid_request_error"'

echo "all answers are as they should be"
