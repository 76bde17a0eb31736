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

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

use self::args::{Args, Command, Serve};
use crate::error::Error;
use crate::layer::MockLlmLayer;
use crate::provider::{Provider, registry};
use crate::server::MockServer;

/// The exit code when all went well, also when it was ended by a signal or a closed pipe.
pub const SUCCESS: u8 = 0;
/// The exit code when something could not be done: a port is taken, say.
pub const FAILURE: u8 = 1;
/// The exit code when the arguments make no sense.
pub const USAGE: u8 = 2;

/// What a provider's SDKs read for their base URL, and what it must be after the server's URL.
const BASE_URLS: &[(Provider, &str, &str)] = &[
    (Provider::ANTHROPIC, "ANTHROPIC_BASE_URL", ""),
    (Provider::GEMINI, "GOOGLE_GEMINI_BASE_URL", ""),
    (Provider::OPENAI, "OPENAI_BASE_URL", "/v1"),
];

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
    let done = match Args::try_parse_from(args) {
        Err(usage) if usage.use_stderr() => {
            let usage = usage.to_string();
            let _ = write!(err, "mock-llm: {}", usage.trim_start_matches("error: "));
            return USAGE;
        }
        Err(help) => write!(out, "{help}").map_err(Failure::from),
        Ok(args) => match args.command {
            Command::Serve(options) => serve(&options, out, err, listen),
        },
    };
    match done {
        Ok(()) => SUCCESS,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => SUCCESS,
        Err(failure) => {
            let _ = writeln!(err, "mock-llm: {failure}");
            FAILURE
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

fn serve<W: FnOnce()>(
    options: &Serve,
    out: &mut dyn Write,
    err: &mut dyn Write,
    listen: impl FnOnce() -> io::Result<W>,
) -> Result<(), Failure> {
    // First of all, so that a signal that comes early ends it in order too.
    let wait = listen().map_err(Failure::Signal)?;
    let layer = MockLlmLayer::new().seed(options.seed).pace(options.pace.clone());
    let server =
        MockServer::builder(layer).host(options.host.as_str()).port(options.port).start()?;
    writeln!(out, "listening on {}", server.url())?;
    out.flush()?;
    if !server.addr().ip().is_loopback() {
        let addr = server.addr();
        let _ = writeln!(
            err,
            "mock-llm: warning: {addr} is open to the network, to anyone and without a key"
        );
    }
    // Hints only: it serves without them.
    let rooms = registry::builtin();
    for (provider, variable, path) in BASE_URLS {
        if rooms.iter().any(|room| room.provider() == *provider) {
            let _ = writeln!(err, "{variable}={}{path}", server.url());
        }
    }
    wait();
    server.shutdown();
    Ok(())
}

enum Failure {
    Mock(Error),
    Output(io::Error),
    Signal(io::Error),
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
            Self::Output(error) => write!(f, "cannot write: {error}"),
            Self::Signal(error) => write!(f, "cannot listen to signals: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(args: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(args, &mut out, &mut err, || Ok(|| ()));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    }

    #[test]
    fn the_first_line_says_where_it_listens() {
        let (code, out, err) = ran(&["mock-llm", "serve", "--seed", "3"]);
        assert_eq!(code, SUCCESS, "{err}");
        let url = out.strip_prefix("listening on ").unwrap().trim_end();
        assert!(url.starts_with("http://127.0.0.1:"), "{out}");
        assert!(err.contains(&format!("OPENAI_BASE_URL={url}/v1")), "{err}");
        assert!(!err.contains("warning"), "{err}");
    }

    #[test]
    fn a_port_open_to_the_network_is_warned_of() {
        let (code, out, err) = ran(&["mock-llm", "serve", "--host", "0.0.0.0"]);
        assert_eq!(code, SUCCESS, "{err}");
        assert!(out.starts_with("listening on http://"), "{out}");
        assert!(err.starts_with("mock-llm: warning: 0.0.0.0:"), "{err}");
    }

    #[test]
    fn a_taken_port_is_a_failure_that_names_it() {
        let other = MockServer::start().unwrap();
        let port = other.addr().port().to_string();
        let (code, out, err) = ran(&["mock-llm", "serve", "--port", &port]);
        assert_eq!((code, out.as_str()), (FAILURE, ""));
        let expected = format!("mock-llm: cannot listen on 127.0.0.1:{port}: ");
        assert!(err.starts_with(&expected), "{err}");
    }

    #[test]
    fn nonsense_is_a_usage_error_on_stderr() {
        for args in [&["mock-llm", "serve", "--port", "x"][..], &["mock-llm"]] {
            let (code, out, err) = ran(args);
            assert_eq!((code, out.as_str()), (USAGE, ""), "{args:?}");
            assert!(err.starts_with("mock-llm: "), "{err}");
        }
    }

    #[test]
    fn a_pace_is_read_or_refused_with_its_form() {
        let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "first=300ms; gap=20ms"]);
        assert_eq!(code, SUCCESS, "{err}");
        let (code, _, err) = ran(&["mock-llm", "serve", "--pace", "gap=20"]);
        assert_eq!(code, USAGE);
        assert!(err.contains("`gap=20`: `20` is no time; write 20ms, 1.5s or 100us"), "{err}");
    }

    #[test]
    fn help_and_version_are_no_errors() {
        let (code, out, err) = ran(&["mock-llm", "serve", "--help"]);
        assert_eq!((code, err.as_str()), (SUCCESS, ""));
        assert!(out.contains("Examples:"), "{out}");
        let (code, out, _) = ran(&["mock-llm", "--version"]);
        assert_eq!(code, SUCCESS);
        assert_eq!(out, format!("mock-llm {}\n", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_broken_pipe_is_success() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for args in [&["mock-llm", "serve"][..], &["mock-llm", "--help"]] {
            assert_eq!(run(args, &mut Broken, &mut Vec::new(), || Ok(|| ())), SUCCESS);
        }
    }
}
