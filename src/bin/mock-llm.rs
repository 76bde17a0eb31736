//! The command `mock-llm`; what it does is in `tower_mock_llm::cli`.

use std::io;
use std::process::ExitCode;

use tower_mock_llm::cli;

fn main() -> ExitCode {
    let args = std::env::args_os();
    ExitCode::from(cli::run(args, &mut io::stdout(), &mut io::stderr(), || {
        cli::until_signal()
    }))
}
