//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::cassette::Cassette;
use crate::pace::Pace;

/// A mock of the LLM providers' APIs.
#[derive(Debug, Parser)]
#[command(
    name = "mock-llm",
    version,
    after_help = "Examples:\n  \
        mock-llm serve\n  \
        mock-llm init && mock-llm serve --config mock-llm.yaml --port 4100\n  \
        mock-llm validate mock-llm.yaml --expect production\n  \
        mock-llm ask anthropic 'What is the weather?' --stream\n  \
        OPENAI_BASE_URL=http://127.0.0.1:4100/v1 OPENAI_API_KEY=any python app.py\n\n\
        Exit codes: 0 done; 1 it could not be done; 2 the arguments make no sense; 3 a config file is \
        not what `validate --expect` says; 4 `cassette lint` or `cassette diff` found something."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves every provider's API at one address, until SIGINT or SIGTERM. What a config file lets go
    /// live is passed on to the provider; when the file changes, and on SIGHUP, it is read again.
    #[command(after_help = "Its first line on stdout is `listening on http://127.0.0.1:PORT`; \
        it listens by then. Hints go to stderr.\n\n\
        Examples:\n  \
        mock-llm serve\n  \
        mock-llm serve --port 4100 --seed 7\n  \
        mock-llm serve --config mock-llm.yaml --profile demo\n  \
        mock-llm serve --pace 'first=300ms; gap=20ms'\n  \
        mock-llm serve --cassette tests/cassettes\n  \
        mock-llm serve --tls-self-signed mock.pem    # then SSL_CERT_FILE=mock.pem\n  \
        mock-llm serve --host 0.0.0.0 --port 4100    # in a container")]
    Serve(Serve),
    /// Passes every call on to its provider, and records it: a proxy. Until SIGINT or SIGTERM.
    #[command(
        after_help = "Calls that are recorded already are replayed, unless --all. Keys are passed on, and \
        never written. `serve --cassette` replays it all, without a key and without a network.\n\n\
        Examples:\n  \
        mock-llm record --cassette tests/cassettes\n  \
        mock-llm record --cassette llm.jsonl --upstream https://api.openai.com/v1\n  \
        mock-llm record --cassette llm.jsonl --upstream openai=http://127.0.0.1:11434/v1 \\\n      \
        --upstream anthropic=https://gateway.example\n  \
        OPENAI_BASE_URL=http://127.0.0.1:4100/v1 python app.py\n  \
        mock-llm serve --cassette tests/cassettes\n\n\
        Exit codes: 0 all is recorded; 1 something could not be."
    )]
    Record(Record),
    /// Checks a config file, and says what it mocks and what it lets go live.
    #[command(after_help = "Examples:\n  \
        mock-llm validate mock-llm.yaml\n  \
        mock-llm validate mock-llm.yaml --expect production     # 3 if anything would be mocked\n  \
        mock-llm validate mock-llm.yaml --expect development    # 3 if anything could go live\n  \
        mock-llm validate mock-llm.yaml --profile ci --json\n\n\
        Exit codes: 0 it is good; 1 it cannot be read or makes no sense; 3 it is not as expected.")]
    Validate(Validate),
    /// Prints the JSON Schema of the config file, for editors.
    #[command(after_help = "Examples:\n  mock-llm schema > mock-llm.schema.json")]
    Schema {
        /// Is JSON with or without it.
        #[arg(long)]
        json: bool,
    },
    /// Writes a config file to begin with.
    #[command(
        after_help = "Examples:\n  mock-llm init\n  mock-llm init config/llm.yaml\n  mock-llm init -"
    )]
    Init(Init),
    /// Prints what a provider would answer, headers too.
    #[command(after_help = "Examples:\n  \
        mock-llm ask openai 'What is the weather?'\n  \
        mock-llm ask anthropic hello --stream\n  \
        mock-llm ask gemini 'How warm is it?' --tool get_weather\n  \
        mock-llm ask openai hello --config mock-llm.yaml --model gpt-4 --json\n\n\
        Exit codes: 0 the status is a success; 1 it is not.")]
    Ask(Ask),
    /// Lists, shows, compares, checks and tidies recorded calls.
    #[command(after_help = "Examples:\n  \
        mock-llm cassette ls\n  \
        mock-llm cassette lint tests/cassettes\n  \
        mock-llm cassette show tests/cassettes/weather.jsonl:2")]
    Cassette(Cassette),
    /// Makes a config file of another tool's files.
    #[command(
        after_help = "Reads files of aimock, llmposter, mockllm and stubllm, and says on stderr what it could not \
        carry over, with file and line.\n\n\
        Examples:\n  \
        mock-llm convert responses.yml > mock-llm.yaml\n  \
        mock-llm convert fixtures/ --output mock-llm.yaml\n  \
        mock-llm convert fixtures/*.yaml --from stubllm --json\n\n\
        Exit codes: 0 it is converted, as far as it can be; 1 it is not."
    )]
    Convert(Convert),
    /// Says what in this environment points where: base URLs, keys, proxies, files.
    #[command(
        after_help = "Shows no key.\n\nExamples:\n  mock-llm doctor\n  mock-llm doctor --json\n\n\
        Exit codes: 0 nothing is wrong; 1 something is."
    )]
    Doctor(Doctor),
    /// Says whether a server is there and well: for health checks.
    #[command(after_help = "Examples:\n  \
        mock-llm health\n  \
        mock-llm health --url http://127.0.0.1:8080 --json\n\n\
        Exit codes: 0 it is well; 1 it is not, or is not there.")]
    Health(Health),
    /// Prints the calls that a server had, and how many they are.
    #[command(
        after_help = "A call is listed under who answered it (--provider): `mock`, or the provider \
        that it went live to; and under the API that it spoke (--wire).\n\n\
        Examples:\n  \
        mock-llm logs\n  \
        mock-llm logs --provider mock --since 5m\n  \
        mock-llm logs --provider openai              # what went live to OpenAI\n  \
        mock-llm logs --wire anthropic --status error\n  \
        mock-llm logs --model 'gpt-4*' --json | jq .count\n  \
        mock-llm logs --follow\n  \
        mock-llm logs --url https://localhost:8443 --ca mock.pem\n\n\
        Exit codes: 0 it is done, also when there are none; 1 the server cannot be asked."
    )]
    Logs(Logs),
    /// Prints completions for a shell.
    #[command(after_help = "Examples:\n  \
        mock-llm completions bash > ~/.local/share/bash-completion/completions/mock-llm\n  \
        mock-llm completions zsh > ~/.zfunc/_mock-llm")]
    Completions {
        /// The shell.
        shell: Shell,
        /// Prints one JSON object, with the script in it.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Config file: YAML, TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Profile of the config file, in place of the one that MOCK_LLM_PROFILE names.
    #[arg(long, requires = "config")]
    pub(super) profile: Option<String>,
    /// Address or name to listen on, if not 127.0.0.1 or what the config file says.
    #[arg(long)]
    pub(super) host: Option<String>,
    /// Port to listen on; 0 takes one that is free, which is the default.
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// Seed of all that is made up; the same seed gives the same bytes. The default is 0.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// How fast answers come, unless a request's header `x-mock-llm-pace` says it: `instant` (the
    /// default), `model=gpt-4o`, `first=300ms; gap=20ms` ...
    #[arg(long)]
    pub(super) pace: Option<Pace>,
    /// Lets only those use the admin side who have this token, in place of MOCK_LLM_ADMIN_TOKEN and of
    /// what the config file says.
    #[arg(long, value_name = "TOKEN", conflicts_with = "no_admin")]
    pub(super) admin_token: Option<String>,
    /// Serves no admin side: no /__mock/, /health and /metrics.
    #[arg(long)]
    pub(super) no_admin: bool,
    /// How many calls are remembered for the logs: 10,000, if the config file does not say it either.
    #[arg(long, value_name = "CALLS")]
    pub(super) journal: Option<usize>,
    /// Certificates in PEM to trust where calls go live, beside those that browsers trust.
    #[arg(long, value_name = "FILE", requires = "config")]
    pub(super) upstream_ca: Option<PathBuf>,
    /// Replays a cassette, or all of a folder, where no rule answers; what it does not have is refused.
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) cassette: Option<PathBuf>,
    /// Lets pages of any origin call it from a browser (CORS).
    #[arg(long)]
    pub(super) cors: bool,
    /// Serves HTTPS with this certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Serves HTTPS with a certificate that is made now, and written to this file for clients to trust.
    #[arg(long, value_name = "FILE", conflicts_with = "tls_cert")]
    pub(super) tls_self_signed: Option<PathBuf>,
    /// How many connections it has at a time.
    #[arg(long, value_name = "NUMBER")]
    pub(super) max_connections: Option<usize>,
    /// Prints one JSON object in a line in place of `listening on` and the hints: `url`, `base_urls` by
    /// variable, `dashboard`.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the providers are.
#[derive(Debug, clap::Args)]
pub(super) struct Upstreams {
    /// Where a provider is, in place of its own address: `openai=URL`, or a URL alone, which is the
    /// provider's whose host it is, or else all providers'.
    #[arg(long, value_name = "[PROVIDER=]URL")]
    pub(super) upstream: Vec<String>,
    /// Certificates in PEM to trust, beside those that browsers trust.
    #[arg(long, value_name = "FILE")]
    pub(super) upstream_ca: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// Where it is kept: a file, or a folder for `recorded.jsonl`.
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) cassette: PathBuf,
    /// Records everything anew, also what is recorded already.
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) upstreams: Upstreams,
    /// Address or name to listen on, if not 127.0.0.1.
    #[arg(long)]
    pub(super) host: Option<String>,
    /// Port to listen on; 0 takes one that is free, which is the default.
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// Prints one JSON object in a line in place of `listening on` and the hints: `url`, `base_urls` by
    /// variable.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    /// The config file.
    pub(super) file: PathBuf,
    /// What the file must be fit for.
    #[arg(long)]
    pub(super) expect: Option<Expect>,
    /// Profile, in place of the one that MOCK_LLM_PROFILE names.
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What a file is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Expect {
    /// Nothing goes live.
    Development,
    /// Nothing is mocked.
    Production,
}

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The file to write; `-` is stdout.
    #[arg(default_value = "mock-llm.yaml")]
    pub(super) file: PathBuf,
    /// Writes over a file that is there.
    #[arg(long)]
    pub(super) force: bool,
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Health {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Ask {
    /// Whose API is asked.
    pub(super) provider: Asked,
    /// What the user says.
    pub(super) prompt: String,
    /// The model, in place of a usual one.
    #[arg(long)]
    pub(super) model: Option<String>,
    /// Asks for a stream.
    #[arg(long)]
    pub(super) stream: bool,
    /// Offers a tool of this name, and demands that it be called.
    #[arg(long, value_name = "NAME")]
    pub(super) tool: Option<String>,
    /// Config file: YAML, TOML or JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Profile of the config file, in place of the one that MOCK_LLM_PROFILE names.
    #[arg(long, requires = "config")]
    pub(super) profile: Option<String>,
    /// Seed of all that is made up.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Prints one JSON object with status, headers and body.
    #[arg(long)]
    pub(super) json: bool,
}

/// A provider, by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Asked {
    Anthropic,
    Gemini,
    Openai,
}

/// How a server of ours is called.
#[derive(Debug, clap::Args)]
pub(super) struct Reach {
    /// Where the server is, if it is neither what MOCK_LLM_URL says nor http://127.0.0.1:4100.
    #[arg(long)]
    pub(super) url: Option<String>,
    /// Trusts the certificates in this PEM file too: those of a server with --tls-self-signed.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Logs {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// Token of its admin side, in place of MOCK_LLM_ADMIN_TOKEN.
    #[arg(long)]
    pub(super) token: Option<String>,
    /// Only those that this answered: `mock`, or a provider.
    #[arg(long)]
    pub(super) provider: Option<String>,
    /// Only those that spoke this API: `openai`, `anthropic`, `gemini`.
    #[arg(long)]
    pub(super) wire: Option<String>,
    /// Only those of this model; `*` stands for anything.
    #[arg(long)]
    pub(super) model: Option<String>,
    /// Only those with this API key: what logs show of it, `sha256:` and the beginning of its hash, or
    /// the key.
    #[arg(long)]
    pub(super) key: Option<String>,
    /// Only those with this header `x-mock-llm-session`.
    #[arg(long)]
    pub(super) session: Option<String>,
    /// Only those with this status: `429`, `5xx`, `error`.
    #[arg(long)]
    pub(super) status: Option<String>,
    /// Only those since then: `90s`, `5m`, `2h` ago, or a time such as 2026-11-21T18:00:00Z.
    #[arg(long)]
    pub(super) since: Option<String>,
    /// Prints so many at the most, the newest; the default is 100, or none of before with --follow.
    #[arg(long)]
    pub(super) limit: Option<u64>,
    /// Goes on with those that come, until it is interrupted or the server ends.
    #[arg(long, short)]
    pub(super) follow: bool,
    /// Prints one JSON object, or with --follow one a line.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Convert {
    /// The tool's files, or folders with them.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Whose files they are, where that cannot be seen: `aimock`, `llmposter`, `mockllm` or `stubllm`.
    #[arg(long, value_name = "TOOL")]
    pub(super) from: Option<String>,
    /// The config file to write, in YAML; without it, or as `-`, stdout.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Writes over a file that is there.
    #[arg(long)]
    pub(super) force: bool,
    /// Prints one JSON object, with what could not be carried over.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Prints one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}
