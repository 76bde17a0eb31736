//! The command `mock-llm`, as functions.
//!
//! ```
//! use tower_mock_llm::cli;
//!
//! let (mut out, mut err) = (Vec::new(), Vec::new());
//! let code = cli::run(["mock-llm", "serve"], &mut out, &mut err, || Ok(|| ()));
//! assert_eq!(code, cli::SUCCESS);
//! assert!(String::from_utf8_lossy(&out).starts_with("listening on http://127.0.0.1:"));
//! ```

mod args;
mod ask;
mod cassette;
mod client;
mod convert;
mod doctor;
mod health;
mod init;
mod logs;
mod progress;
mod record;
mod serve;
mod style;
#[cfg(test)]
mod tests;
mod validate;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::{CommandFactory, Parser};
use serde::Serialize;

use self::args::{Args, Command};
pub use self::style::Colors;
use self::style::{Tone, paint};
use crate::config::Config;
use crate::error::Error;

/// The exit code when all went well, also when it was ended by a signal or a closed pipe.
pub const SUCCESS: u8 = 0;
/// The exit code when something could not be done: a port is taken, say.
pub const FAILURE: u8 = 1;
/// The exit code when the arguments make no sense.
pub const USAGE: u8 = 2;
/// The exit code when a config file is good, but not what `validate --expect` says.
pub const UNMET: u8 = 3;
/// The exit code when `cassette lint` found something, or `cassette diff` a difference.
pub const FOUND: u8 = 4;

/// Does what the arguments say, the program's name first among them, and returns the exit code.
///
/// A server calls `listen` before it says that it is there, and ends when what that returned
/// returns: see [`signals`].
pub fn run<I, L, W>(args: I, out: &mut dyn Write, err: &mut dyn Write, listen: L) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
    L: FnOnce() -> io::Result<W>,
    W: FnOnce(),
{
    run_in(Colors::default(), args, out, err, listen)
}

/// The same with colours.
pub fn run_in<I, L, W>(
    colors: Colors,
    args: I,
    out: &mut dyn Write,
    err: &mut dyn Write,
    listen: L,
) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
    L: FnOnce() -> io::Result<W>,
    W: FnOnce(),
{
    let name = paint(colors.err, Tone::Bad, "mock-llm:");
    let done = match Args::try_parse_from(args) {
        Err(usage) if usage.use_stderr() => {
            let usage = usage.to_string();
            let _ = write!(err, "{name} {}", usage.trim_start_matches("error: "));
            return USAGE;
        }
        Err(help) => write!(out, "{help}").map_err(Failure::from),
        Ok(args) => match args.command {
            Command::Ask(options) => ask::ask(&options, out),
            Command::Cassette(options) => cassette::cassette(&options, out),
            Command::Completions { shell, json } => completions(shell, json, out),
            Command::Convert(options) => convert::convert(&options, out, err),
            Command::Doctor(options) => doctor::doctor(&options, colors.out, out),
            Command::Health(options) => health::health(&options, colors.out, out),
            Command::Init(options) => init::init(&options, out),
            Command::Logs(options) => logs::logs(&options, out),
            Command::Record(options) => record::record(&options, out, err, listen),
            Command::Schema { json: _ } => {
                write!(out, "{}", crate::config::schema()).map_err(Failure::from)
            }
            Command::Serve(options) => serve::serve(&options, out, err, listen),
            Command::Validate(options) => validate::validate(&options, colors.out, out),
        },
    };
    match done {
        Ok(()) => SUCCESS,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => SUCCESS,
        Err(Failure::Said) => FAILURE,
        Err(Failure::UnmetSaid) => UNMET,
        Err(Failure::FoundSaid) => FOUND,
        Err(failure) => {
            let _ = writeln!(err, "{name} {failure}");
            if matches!(failure, Failure::Unmet(_)) { UNMET } else { FAILURE }
        }
    }
}

/// Listens for requests to end the process: `SIGINT` (Ctrl-C) and, on Unix, `SIGTERM`. What it
/// returns waits for one.
///
/// # Errors
///
/// If the operating system lets nobody listen to signals.
pub fn signals() -> io::Result<impl FnOnce()> {
    #[cfg(unix)]
    use tokio::signal::unix::{SignalKind, signal};
    #[cfg(windows)]
    use tokio::signal::windows::{ctrl_break, ctrl_c};

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    #[cfg(unix)]
    let (mut interrupted, mut ended) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    #[cfg(windows)]
    let (mut interrupted, mut ended) = (ctrl_c()?, ctrl_break()?);
    drop(context);
    Ok(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupted.recv() => (),
                _ = ended.recv() => (),
            }
        });
    })
}

/// What `completions --json` prints.
#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

fn completions(
    shell: clap_complete::Shell,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // It panics where it cannot write, so it writes where it can.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "mock-llm", &mut script);
    if json {
        let script = String::from_utf8_lossy(&script).into_owned();
        return print_json(out, &Completions { shell: shell.to_string(), script });
    }
    Ok(out.write_all(&script)?)
}

/// A config file, under the profile that the command line names, or else the environment.
fn config(file: &Path, profile: Option<&str>) -> Result<Config, Failure> {
    Ok(match profile {
        Some(profile) => Config::load_profile(file, profile)?,
        None => Config::load(file)?,
    })
}

/// What waits for answers, on this thread.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("cannot start a runtime: {error}")))
}

fn print_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value)
        .map_err(|error| Failure::Output(io::Error::from(error)))?;
    Ok(writeln!(out)?)
}

enum Failure {
    /// It stands on stdout already.
    FoundSaid,
    Mock(Error),
    Other(String),
    Output(io::Error),
    /// It stands on stdout already.
    Said,
    Signal(io::Error),
    Unmet(String),
    UnmetSaid,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Mock(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mock(error) => error.fmt(f),
            Self::Other(message) | Self::Unmet(message) => f.write_str(message),
            Self::FoundSaid | Self::Said | Self::UnmetSaid => Ok(()),
            Self::Output(error) => write!(f, "cannot write: {error}"),
            Self::Signal(error) => write!(f, "cannot listen to signals: {error}"),
        }
    }
}
