//! Files that are broken, folders that cannot be written, and many who write at once.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, Folder, RecordMode, Store};

use crate::upstream::{Scratch, ask, call, joined, says};

async fn record(path: &Path, who: &str, count: usize) {
    let cassette = Cassette::open(path).unwrap().mode(RecordMode::RecordMissing);
    record_by(MockLlmLayer::new().cassette(cassette), who, count).await;
}

async fn record_by(layer: MockLlmLayer, who: &str, count: usize) {
    let live = says(|asked| format!("{{\"asked\":{asked}}}"));
    let stack = layer.recording().layer(live);
    for number in 0..count {
        let (parts, _) = call(stack.clone(), ask(&format!("{who} {number}"))).await;
        assert_eq!(parts.status, 200);
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn eight_threads_lose_nothing() {
    let scratch = Scratch::new("threads");
    let path = scratch.file("x.jsonl");
    std::thread::scope(|scope| {
        for who in 0..8 {
            let path = &path;
            scope.spawn(move || block_on(record(path, &format!("thread {who}"), 20)));
        }
    });
    assert_eq!(Cassette::open(&path).unwrap().len(), 160);
}

/// Not a test of its own: what the processes below run.
#[test]
fn a_process_that_records() {
    let Some(path) = std::env::var_os("CASSETTE_OF_A_CHILD") else { return };
    let count = std::env::var("CASSETTE_COUNT").unwrap().parse().unwrap();
    let who = format!("process {}", std::process::id());
    // The mode is the environment's.
    let cassette = Cassette::open(path).unwrap();
    block_on(record_by(MockLlmLayer::from_env().unwrap().cassette(cassette), &who, count));
}

fn process(path: &Path, count: usize) -> std::process::Child {
    command(path, count).spawn().unwrap()
}

fn command(path: &Path, count: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "files::a_process_that_records"])
        .env("CASSETTE_OF_A_CHILD", path)
        .env("CASSETTE_COUNT", count.to_string())
        .env("MOCK_LLM", "record_missing")
        .stdout(Stdio::null());
    command
}

#[test]
fn where_it_is_forbidden_to_mock_nothing_is_recorded() {
    let scratch = Scratch::new("forbidden");
    let path = scratch.file("x.jsonl");
    let mut command = command(&path, 1);
    let output = command.env("MOCK_LLM_FORBID", "1").stdout(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    let why = "MOCK_LLM is `record_missing`, but MOCK_LLM_FORBID forbids to mock";
    let said = [output.stdout, output.stderr].concat();
    assert!(String::from_utf8(said).unwrap().contains(why));
    assert!(!path.exists());
}

#[test]
fn eight_processes_lose_nothing() {
    let scratch = Scratch::new("processes");
    let path = scratch.file("x.jsonl");
    let children: Vec<_> = (0..8).map(|_| process(&path, 10)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(Cassette::open(&path).unwrap().len(), 80);
}

#[test]
fn a_process_that_is_killed_loses_what_was_in_flight_only() {
    let scratch = Scratch::new("killed");
    killed_thrice(&scratch.file("x.jsonl"), |_| {});
}

/// The index is of what was there before, by then.
#[test]
fn a_process_that_is_killed_beside_an_index_loses_what_was_in_flight_only() {
    let scratch = Scratch::new("killed-indexed");
    let path = scratch.file("x.jsonl");
    killed_thrice(&path, |cassette| {
        // Read before, so that it is not the index that says how many there are.
        let count = cassette.unused().len();
        cassette.write_index().unwrap();
        let again = Cassette::open(&path).unwrap();
        assert_eq!((again.len(), again.unused().len()), (count, count));
    });
}

fn killed_thrice(path: &Path, then: impl Fn(&Cassette)) {
    let mut kept = 0;
    for _ in 0..3 {
        let mut child = process(path, usize::MAX);
        while std::fs::metadata(path).map_or(0, |it| it.len()) < (kept as u64 + 20) * 500 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let before = Cassette::open(path).unwrap().len();
        assert!(before >= kept + 10, "{before} after {kept}");
        // A lock that it left behind is taken over.
        block_on(record(path, "afterwards", 1));
        let cassette = Cassette::open(path).unwrap();
        kept = cassette.len();
        then(&cassette);
    }
}

/// A disk that is full after so much of a file was written: the write comes back short, then fails.
#[cfg(unix)]
#[test]
fn what_a_full_disk_kept_of_a_recording_is_taken_back() {
    let scratch = Scratch::new("limited");
    let path = scratch.file("x.jsonl");
    let mut recorder = command(&path, usize::MAX);
    let mut limited = Command::new("sh");
    // In blocks of 512 bytes, or of 1024; a signal that is ignored lets the write fail instead.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    limited.arg(recorder.get_program()).args(recorder.get_args());
    for (name, value) in recorder.get_envs() {
        limited.env(name, value.unwrap());
    }
    let output = limited.stdout(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("cannot write the cassette "), "{said}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("{\"end\":\"whole\"}\n") && text.len() <= 16 * 1024, "{text}");
    let kept = Cassette::open(&path).unwrap().len();
    assert!(kept > 5, "{kept}");
    // With place again, it goes on.
    recorder.env("CASSETTE_COUNT", "2");
    assert!(recorder.status().unwrap().success());
    assert_eq!(Cassette::open(&path).unwrap().len(), kept + 2);
}

/// A folder that nobody may write to. Root may, whatever the rights: then one of the kernel's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_may_only_be_read_is_told_before_anything_is_sent() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new("read-only");
    let folder = scratch.file("folder");
    block_on_a_thread(&folder.join("old.jsonl"));
    let writable = std::fs::metadata(&folder).unwrap().permissions();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let is_root = std::fs::write(folder.join("probe"), "").is_ok();
    let target = if is_root { Path::new("/proc/self") } else { &folder };
    let cassette = Cassette::open(target.join("x.jsonl")).unwrap().mode(RecordMode::RecordMissing);
    let layer = MockLlmLayer::new().cassette(cassette);
    let live = says(|asked| panic!("{asked} was sent"));
    let (parts, frames) = call(layer.recording().layer(live), ask("hi")).await;
    // What is there is replayed all the same.
    let old = Cassette::open(folder.join("old.jsonl")).unwrap().mode(RecordMode::RecordMissing);
    let service = MockLlmLayer::new().cassette(old).into_service();
    let replayed = call(service, ask("before 0")).await.0.status;
    std::fs::set_permissions(&folder, writable).unwrap();
    assert_eq!((parts.status.as_u16(), replayed.as_u16()), (400, 200));
    let why = joined(&frames);
    assert!(why.contains("Nothing was sent. Make its folder writable"), "{why}");
}

#[cfg(target_os = "linux")]
fn block_on_a_thread(path: &Path) {
    std::thread::scope(|scope| scope.spawn(|| block_on(record(path, "before", 1))).join()).unwrap();
}

#[test]
fn a_mangled_cassette_is_not_touched() {
    let scratch = Scratch::new("mangled");
    let path = scratch.file("x.jsonl");
    block_on(record(&path, "me", 2));
    let mangled = std::fs::read_to_string(&path).unwrap().replacen("\"us\":", "\"us\":x", 1);
    std::fs::write(&path, &mangled).unwrap();
    let error = Cassette::open(&path).unwrap_err();
    assert!(error.is_cassette());
    assert!(error.to_string().starts_with(&format!("{}:3:", path.display())), "{error}");
    assert!(error.to_string().contains("MOCK_LLM=record_missing"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), mangled);
}

#[test]
fn a_folder_in_place_of_a_file_is_no_cassette() {
    let scratch = Scratch::new("folder");
    let error = Cassette::open(scratch.file("")).unwrap_err();
    assert!(error.is_io(), "{error}");
    assert!(error.to_string().starts_with("cannot read the cassette "), "{error}");
}

/// A store that takes so many writes.
#[derive(Debug)]
struct Full {
    folder: Folder,
    left: AtomicUsize,
}

impl Store for Full {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.folder.read(name)
    }

    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => self.folder.append(name, text),
        }
    }

    fn replace(&self, _: &str, _: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_asked_and_never_lost_in_silence() {
    let scratch = Scratch::new("full");
    for (writes, is_asked) in [(0, false), (1, true)] {
        let store = Full { folder: Folder::new(scratch.file("")), left: AtomicUsize::new(writes) };
        let cassette = Cassette::open_in(store, "x.jsonl").unwrap().mode(RecordMode::RecordMissing);
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let live = says(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            "{}".to_owned()
        });
        let layer = MockLlmLayer::new().cassette(cassette);
        let handle = layer.handle();
        let response = layer.recording().layer(live).oneshot(ask("hi")).await.unwrap();
        let status = response.status();
        let read = response.into_body().collect().await;
        if is_asked {
            // It was answered; but a test that thinks it recorded would be wrong.
            let error = read.unwrap_err().to_string();
            assert!(error.starts_with("cannot write the cassette "), "{error}");
        } else {
            assert_eq!(status, 400);
            let why = joined(&[read.unwrap().to_bytes()]);
            assert!(why.contains("Nothing was sent. Make its folder writable"), "{why}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), usize::from(is_asked));
        let report = handle.check().unwrap_err().to_string();
        assert!(report.contains("cannot write the cassette "), "{report}");
    }
}

/// Not a test of its own: what the processes below run.
#[test]
fn a_process_that_replays() {
    let Some(path) = std::env::var_os("CASSETTE_TO_REPLAY") else { return };
    let cassette = Cassette::open(path).unwrap();
    block_on(async {
        let layer = MockLlmLayer::new().cassette(cassette);
        for prompt in std::env::var("CASSETTE_PROMPTS").unwrap().split(',') {
            let (parts, frames) = call(layer.clone().into_service(), ask(prompt)).await;
            assert_eq!(parts.status, 200, "{}", joined(&frames));
        }
    });
}

#[cfg(feature = "cli")]
#[test]
fn what_no_test_of_a_run_used_is_found_and_pruned() {
    use tower_mock_llm::cli;

    let scratch = Scratch::new("used");
    let (path, used) = (scratch.file("x.jsonl"), scratch.file("used.jsonl"));
    let layer = |path: &Path| {
        let cassette = Cassette::open(path).unwrap().mode(RecordMode::RecordAll);
        MockLlmLayer::new().cassette(cassette)
    };
    // The first is asked three times, each time in a run of its own, and said alike.
    for number in [1, 3] {
        block_on(record_by(layer(&scratch.file("other.jsonl")), "me", number));
    }
    let recorded = std::fs::read_to_string(scratch.file("other.jsonl")).unwrap();
    let first: String = recorded.split_inclusive('\n').skip(1).take(4).collect();
    std::fs::write(&path, recorded.clone() + &first + &first).unwrap();
    std::fs::remove_file(scratch.file("other.jsonl")).unwrap();
    let prompts = ["me 0", "me 0,me 2"];
    let processes: Vec<_> = prompts
        .iter()
        .map(|prompts| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "files::a_process_that_replays"])
                .env("CASSETTE_TO_REPLAY", &path)
                .env("CASSETTE_PROMPTS", prompts)
                .env("MOCK_LLM_USAGE", &used)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_to_string(&used).unwrap().lines().count(), 3);
    let ran = |args: &[&str]| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = [&["mock-llm", "cassette"][..], args].concat();
        let code = cli::run(args, &mut out, &mut err, || Ok(|| ()));
        assert_eq!(code, cli::SUCCESS, "{}", String::from_utf8(err).unwrap());
        String::from_utf8(out).unwrap()
    };
    let (folder, used) = (scratch.file(""), used.to_str().unwrap().to_owned());
    let cassettes = path.to_str().unwrap();
    let stats = ran(&["stats", cassettes, "--used", &used]);
    assert!(stats.contains("\nnot used      3\n"), "{stats}");
    // What is there twice stays where it was used.
    let pruned = ran(&["prune", cassettes, "--duplicates", "--used", &used]);
    assert!(pruned.ends_with("3 recordings taken out\n"), "{pruned}");
    let left = Cassette::open(&path).unwrap();
    assert_eq!(left.len(), 2);
    block_on(async {
        for (prompt, status) in [("me 0", 200), ("me 1", 400), ("me 2", 200), ("me 0", 400)] {
            let service = MockLlmLayer::new().cassette(left.clone()).into_service();
            assert_eq!(call(service, ask(prompt)).await.0.status, status, "{prompt}");
        }
    });
    // A list that is torn would make too much of them look unused.
    std::fs::write(&used, "{\"cassette\":").unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["mock-llm", "cassette", "prune", folder.to_str().unwrap(), "--used", &used];
    assert_eq!(cli::run(args, &mut out, &mut err, || Ok(|| ())), cli::FAILURE);
    let err = String::from_utf8(err).unwrap();
    assert!(err.contains("used.jsonl:1: this is no line that MOCK_LLM_USAGE writes"), "{err}");
    assert_eq!(Cassette::open(&path).unwrap().len(), 2);
}
