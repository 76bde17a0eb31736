#!/usr/bin/env bash
# Runs a command with the SDKs' base URLs set to a mock that is there for as long as it runs.
#
#   examples/deploy/with-mock.sh [OPTIONS OF mock-llm serve] -- COMMAND [ARGUMENTS]
#   examples/deploy/with-mock.sh --config mock-llm.yaml -- npm test
#
# It ends as the command does. MOCK_LLM_BIN may name the program.
set -euo pipefail

options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
if [ $# -lt 2 ]; then
    echo "usage: $0 [OPTIONS OF mock-llm serve] -- COMMAND [ARGUMENTS]" >&2
    exit 2
fi
shift

coproc MOCK { exec "${MOCK_LLM_BIN:-mock-llm}" serve --json "${options[@]}"; }
# It is gone by itself where it could not start.
mock=$MOCK_PID
trap 'kill "$mock" 2> /dev/null || true' EXIT
# {"url":"http://127.0.0.1:PORT",...}
read -r -u "${MOCK[0]}" line || { echo "$0: the mock did not start" >&2; exit 1; }
url=${line#*'"url":"'}
url=${url%%'"'*}

export ANTHROPIC_BASE_URL=$url ANTHROPIC_API_KEY=mock
export GOOGLE_GEMINI_BASE_URL=$url GEMINI_API_KEY=mock
export OPENAI_BASE_URL=$url/v1 OPENAI_API_KEY=mock
export MOCK_LLM_URL=$url # for `mock-llm logs` and `mock-llm health`
"$@"
