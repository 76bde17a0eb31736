//! The command as a process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// A command that serves, until it is ended.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
    err: Arc<(Mutex<String>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mock-llm"));
        command.args(args);
        Self::of(command)
    }

    /// One that may have no more files than this.
    pub(crate) fn with_files(most: u32, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_mock-llm")]).args(args);
        Self::of(command)
    }

    /// One whose environment has these variables.
    pub(crate) fn with_env(variables: &[(&str, &str)], args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mock-llm"));
        command.args(args).envs(variables.iter().copied());
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let err = Arc::<(Mutex<String>, Condvar)>::default();
        let (into, lines) = (Arc::clone(&err), BufReader::new(process.stderr.take().unwrap()));
        let reader = std::thread::spawn(move || {
            for line in lines.lines() {
                *into.0.lock().unwrap() += &(line.unwrap() + "\n");
                into.1.notify_all();
            }
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap_or_default().to_owned();
        Self { process, url, err, reader: Some(reader) }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it says this on stderr, and forgets what it said until then.
    pub(crate) fn stderr_has(&self, text: &str) {
        let mut err = self.err.0.lock().unwrap();
        loop {
            if let Some(at) = err.find(text) {
                err.drain(..at + text.len());
                return;
            }
            err = self.err.1.wait(err).unwrap();
        }
    }

    /// Ends it in order: its exit code, and the rest of what it said on stderr.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let code = self.process.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        let err = self.err.0.lock().unwrap().clone();
        (code, err)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder of a test's own, gone in the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mock-llm-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
