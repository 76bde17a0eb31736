"""An app that asks a model, by Python's own library: it knows of no mock."""

import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/chat/completions",
    json.dumps({"model": "gpt-4", "messages": [{"role": "user", "content": "hello"}]}).encode(),
    {
        "authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", ""),
        "content-type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["choices"][0]["message"]["content"])
