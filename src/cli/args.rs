//! What may be said on the command line.

use clap::{Parser, Subcommand};

use crate::pace::Pace;

/// A mock of the LLM providers' APIs.
#[derive(Debug, Parser)]
#[command(
    name = "mock-llm",
    version,
    after_help = "Examples:\n  \
        mock-llm serve\n  \
        mock-llm serve --port 4100 --seed 7\n  \
        OPENAI_BASE_URL=http://127.0.0.1:4100/v1 OPENAI_API_KEY=any python app.py"
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves every provider's API at one address, until SIGINT or SIGTERM.
    #[command(after_help = "Its first line on stdout is `listening on http://127.0.0.1:PORT`; \
        it listens by then. Hints go to stderr.\n\n\
        Examples:\n  \
        mock-llm serve\n  \
        mock-llm serve --port 4100 --seed 7\n  \
        mock-llm serve --pace 'first=300ms; gap=20ms'\n  \
        mock-llm serve --host 0.0.0.0 --port 4100    # in a container")]
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Address or name to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: String,
    /// Port to listen on; 0 takes one that is free.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// Seed of all that is made up; the same seed gives the same bytes.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// How fast answers come, unless a request's header `x-mock-llm-pace` says it: `instant`,
    /// `model=gpt-4o`, `first=300ms; gap=20ms` ...
    #[arg(long, default_value = "instant")]
    pub(super) pace: Pace,
}
