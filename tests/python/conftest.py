"""A `mock-llm serve` for the vendors' own SDKs to call."""

import os
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]

# Nothing of the machine's own may steer an SDK: no key, no other URL, no proxy.
for name in list(os.environ):
    if name.startswith(("ANTHROPIC_", "GEMINI_", "GOOGLE_", "OPENAI_")) or name.lower() in (
        "all_proxy",
        "http_proxy",
        "https_proxy",
    ):
        del os.environ[name]


class Server:
    """A server of its own process, until it is told to end."""

    def __init__(self, errors, *options):
        binary = os.environ.get("MOCK_LLM_BIN", str(ROOT / "target/debug/mock-llm"))
        self.start(errors, binary, "serve", *options)

    def start(self, errors, *command):
        with open(errors, "wb") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)
        self.errors = errors
        line = self.process.stdout.readline().decode()
        assert line.startswith("listening on http://127.0.0.1:"), line
        self.url = line.removeprefix("listening on ").strip()

    def hints(self):
        """The environment that it advises; it does so just after it listens."""
        for _ in range(100):
            lines = Path(self.errors).read_text().splitlines()
            if len(lines) >= 3:
                break
            time.sleep(0.05)
        return dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=10) == 0


class Rules(Server):
    """The example `served_rules`."""

    def __init__(self, errors):
        built = str(ROOT / "target/debug/examples/served_rules")
        self.start(errors, os.environ.get("MOCK_LLM_RULES_BIN", built))


@pytest.fixture(scope="session")
def rules_url(tmp_path_factory):
    server = Rules(tmp_path_factory.mktemp("rules") / "stderr")
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Starts a server with these options."""
    servers = []

    def start(*options):
        servers.append(Server(tmp_path_factory.mktemp("server") / "stderr", *options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(serve):
    return serve()


@pytest.fixture(scope="session")
def url(server):
    return server.url


@pytest.fixture(scope="session")
def raw():
    """A client that knows no vendor."""
    with httpx2.Client() as client:
        yield client


@pytest.fixture
def calls(caplog):
    """How many HTTP requests the SDKs made in this test: their HTTP library logs each."""
    caplog.set_level("INFO", logger="httpx2")
    return lambda: sum(r.getMessage().startswith("HTTP Request:") for r in caplog.records)


PROMPTS = [
    "Hello!",
    "Grüße, “Welt” 👋🏽 𝒳\n\tzweite Zeile \\ \"quoted\" <b>&amp;</b>",
    "Explain the borrow checker as if I were a five year old child. " * 20,
]


@pytest.fixture(params=PROMPTS, ids=["short", "unicode", "long"])
def prompt(request):
    return request.param


# Larger than the 16 MiB that the server reads.
TOO_LARGE = "x" * (16 * 1024 * 1024 + 1)
