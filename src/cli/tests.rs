//! The command, as a function.

mod calls;
mod files;
mod serve;
mod surface;

use super::*;
use crate::layer::MockLlmLayer;
use crate::server::MockServer;

pub(super) fn ran(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(args, &mut out, &mut err, || Ok(|| ()));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

/// A path in the repository.
fn example(name: &str) -> String {
    format!("{}/examples/config/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A path of a test's own, where nothing is.
pub(super) fn fresh(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("mock-llm-cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}
