//! The command `mock-llm`; what it does is in `tower_mock_llm::cli`.

use std::io;
use std::process::ExitCode;

use tower_mock_llm::cli;

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let colors = cli::Colors::of_terminal();
    let code = cli::run_in(colors, std::env::args_os(), &mut out, &mut err, cli::signals);
    ExitCode::from(code)
}
