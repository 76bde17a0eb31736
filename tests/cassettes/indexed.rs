//! With an index beside the file, all is as it is without, but for how much is read.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::json;
use tower::{Layer, ServiceExt};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, Folder, RecordMode, Stale, Stat, Store};

use crate::upstream::{Req, Scratch, ask, body, call, chat, joined, says};

const NAME: &str = "x.jsonl";

/// A folder that knows what was read of the cassette.
#[derive(Clone, Debug)]
struct Counted {
    folder: Folder,
    wholes: Arc<AtomicUsize>,
    parts: Arc<AtomicUsize>,
}

impl Counted {
    fn new(scratch: &Scratch) -> Self {
        let folder = Folder::new(scratch.file(""));
        Self { folder, wholes: Arc::default(), parts: Arc::default() }
    }

    fn open(&self) -> Cassette {
        Cassette::open_in(self.clone(), NAME).unwrap()
    }

    /// How often all of it was read, and how often a part.
    fn reads(&self) -> (usize, usize) {
        (self.wholes.swap(0, Ordering::SeqCst), self.parts.swap(0, Ordering::SeqCst))
    }
}

impl Store for Counted {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.wholes.fetch_add(usize::from(name == NAME), Ordering::SeqCst);
        self.folder.read(name)
    }

    fn append(&self, name: &str, text: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> io::Result<()> {
        self.folder.append(name, text)
    }

    fn replace(
        &self,
        name: &str,
        text: &mut dyn FnMut(&[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        self.folder.replace(name, text)
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
        self.parts.fetch_add(1, Ordering::SeqCst);
        self.folder.read_range(name, range)
    }

    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        self.folder.stat(name)
    }

    fn locate(&self, name: &str) -> String {
        self.folder.locate(name)
    }
}

/// Of some kinds: asked once, asked again, interrupted, with a date, of another provider.
async fn record(path: &Path) {
    let live = |number: usize| {
        tower::service_fn(move |request: Req| async move {
            let asked = request.into_body().collect().await.unwrap().to_bytes();
            let cut = asked.windows(3).any(|it| it == b"cut");
            let lines = [
                Ok(format!("data: {{\"n\":{number}}}\n\n").into()),
                match cut {
                    true => Err("it broke".into()),
                    false => Ok(Bytes::from_static(b"data: [DONE]\n\n")),
                },
            ];
            let said = body(lines.into(), Duration::ZERO);
            Ok::<_, std::convert::Infallible>(http::Response::new(said))
        })
    };
    let asked =
        ["one", "two", "again", "cut", "again", "the weather in Rome on 2026-11-21", "again"];
    for (number, text) in asked.into_iter().enumerate() {
        // Each by a run of its own, so that what is asked again is recorded again.
        let cassette = Cassette::open(path).unwrap().mode(RecordMode::RecordMissing);
        for _ in asked[..number].iter().filter(|before| **before == text && text != "cut") {
            let replayed = MockLlmLayer::new().cassette(cassette.clone()).into_service();
            assert_eq!(call(replayed, ask(text)).await.0.status, 200);
        }
        let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live(number));
        let body = stack.oneshot(ask(text)).await.unwrap().into_body();
        assert_eq!(body.collect().await.is_err(), text == "cut");
    }
    // Of an age that is always the same: none.
    let text = std::fs::read_to_string(path).unwrap();
    let mut dates = text.split("\"at\":\"");
    let first = dates.next().unwrap().to_owned();
    let text = dates.fold(first, |all, rest| all + "\"at\":\"2100-01-01T00:00:00Z" + &rest[20..]);
    std::fs::write(path, text).unwrap();
    assert_eq!(Cassette::open(path).unwrap().len(), asked.len());
}

/// All that can be seen of a cassette that is asked this and that.
async fn seen(cassette: &Cassette) -> Vec<String> {
    let layer = MockLlmLayer::new().cassette(cassette.clone());
    let handle = layer.handle();
    let mut seen = vec![cassette.len().to_string()];
    let other = chat(json!({"model": "gpt-5", "messages": []}).to_string());
    let asks = ["again", "two", "again", "cut", "again", "again", "two", "one more", "one"];
    let requests = asks.map(ask).into_iter().chain([
        ask("the weather in Oslo on 2026-11-21"),
        ask("the weather in Rome on 2027-01-01"),
        other,
    ]);
    for (number, request) in requests.enumerate() {
        let (parts, frames) = call(layer.clone().into_service(), request).await;
        seen.push(format!("{} {:?} {frames:?}", parts.status, parts.headers));
        if number == 4 {
            seen.extend(cassette.unused());
            cassette.rewind();
        }
    }
    for received in handle.received() {
        seen.push(format!("{:?}", received.replayed.as_ref().map(|it| it.place())));
    }
    seen.extend(cassette.notes().iter().map(ToString::to_string));
    seen.extend(cassette.unused());
    seen.push(format!("{:?}", cassette.compare(r#"{"model": "gpt-4o", "messages": []}"#)));
    seen.push(handle.check().unwrap_err().to_string());
    seen
}

type Way = fn(Cassette) -> Cassette;

/// Ways to compare and to play, and whether an index that leaves nothing out is of use for them.
const WAYS: [(Way, bool); 9] = [
    (|it| it, true),
    (|it| it.repeat(true), true),
    (|it| it.fuzzy(0.5), true),
    (|it| it.max_age(Duration::ZERO, Stale::Warn), true),
    (|it| it.max_age(Duration::ZERO, Stale::Fail), true),
    (|it| it.transcode(true), true),
    (|it| it.mode(RecordMode::Off).mode(RecordMode::Replay).timing(1.0), true),
    (|it| it.ignore("/messages/*/content"), false),
    (|it| it.normalize(|text| text.split(" on ").next().unwrap_or_default().to_owned()), false),
];

#[tokio::test]
async fn all_is_as_it_is_without_an_index() {
    let scratch = Scratch::new("indexed");
    let path = scratch.file(NAME);
    record(&path).await;
    let mut without = Vec::new();
    for (way, _) in WAYS {
        without.push(seen(&way(Cassette::open(&path).unwrap())).await);
    }
    Cassette::open(&path).unwrap().write_index().unwrap();
    let store = Counted::new(&scratch);
    for is_touched in [false, true] {
        if is_touched {
            // As after a checkout: the text is read, and not looked at line by line.
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        for (index, (way, is_of_use)) in WAYS.into_iter().enumerate() {
            let cassette = way(store.open());
            assert_eq!(store.reads(), if is_touched { (1, 0) } else { (0, 2) }, "{index}");
            let service = || MockLlmLayer::new().cassette(cassette.clone()).into_service();
            assert_eq!(call(service(), ask("two")).await.0.status == 200, index != 4);
            let first = if is_of_use { (0, 1) } else { (1, 0) };
            assert_eq!(store.reads(), if is_touched { (0, 0) } else { first }, "{index}");
            assert_eq!(seen(&way(store.open())).await, without[index], "{index}");
            // A setting that comes late.
            let late = store.open();
            call(MockLlmLayer::new().cassette(late.clone()).into_service(), ask("two")).await;
            late.rewind();
            assert_eq!(seen(&way(late)).await[1..], without[index][1..], "{index}");
            store.reads();
        }
    }
}

#[tokio::test]
async fn an_index_may_leave_places_out() {
    let scratch = Scratch::new("indexed-ignored");
    record(&scratch.file(NAME)).await;
    let store = Counted::new(&scratch);
    let ways: [Way; 3] = [
        |it| it.ignore("/messages/*/content").redact("/temperature"),
        |it| it.redact("/messages/*/content").ignore("/temperature"),
        |it| it.ignore("/messages/*/content"),
    ];
    let plain = seen(&ways[0](store.open())).await;
    ways[0](store.open()).write_index().unwrap();
    for (way, reads) in ways.into_iter().zip([(0, 3), (0, 3), (1, 2)]) {
        store.reads();
        let cassette = way(store.open());
        let service = MockLlmLayer::new().cassette(cassette).into_service();
        assert_eq!(call(service, ask("whatever")).await.0.status, 200);
        assert_eq!(store.reads(), reads);
    }
    assert_eq!(seen(&ways[0](store.open())).await, plain);
}

#[tokio::test]
async fn an_index_that_does_not_fit_is_passed_by() {
    let scratch = Scratch::new("indexed-stale");
    let (path, index) = (scratch.file(NAME), scratch.file("x.jsonl.idx"));
    record(&path).await;
    let store = Counted::new(&scratch);
    let other = scratch.file("other.jsonl");
    std::fs::write(&other, std::fs::read_to_string(&path).unwrap().replace("two", "2.0")).unwrap();
    Cassette::open(&other).unwrap().write_index().unwrap();
    let foreign = std::fs::read(scratch.file("other.jsonl.idx")).unwrap();
    let without = seen(&store.open()).await;
    store.open().write_index().unwrap();
    let fits = std::fs::read(&index).unwrap();
    store.reads();
    let mut broken: Vec<Vec<u8>> = vec![foreign, Vec::new(), b"{\"cassette\":1}\n".to_vec()];
    broken.extend(
        [1, 8, 71, 72, fits.len() - 40, fits.len() - 1].map(|length| fits[..length].to_vec()),
    );
    broken.push([&fits[..], &[0; 40]].concat());
    for at in 0..fits.len() {
        let mut mangled = fits.clone();
        mangled[at] ^= 1 << (at % 8);
        broken.push(mangled);
    }
    for (number, bytes) in broken.iter().enumerate() {
        std::fs::write(&index, bytes).unwrap();
        let cassette = store.open();
        assert_eq!(store.reads().0, 1, "{number}");
        if number % 50 < 11 {
            assert_eq!(seen(&cassette).await, without, "{number}");
        }
    }
    // A folder in its place; and then itself again.
    std::fs::remove_file(&index).unwrap();
    std::fs::create_dir(&index).unwrap();
    assert_eq!(seen(&store.open()).await, without);
    std::fs::remove_dir(&index).unwrap();
    std::fs::write(&index, &fits).unwrap();
    store.reads();
    store.open();
    assert_eq!(store.reads(), (0, 2));
}

/// The same length, the same beginning and end, and written at another time.
#[tokio::test]
async fn an_edit_that_keeps_the_length_is_seen() {
    let scratch = Scratch::new("indexed-edited");
    let path = scratch.file(NAME);
    record(&path).await;
    let store = Counted::new(&scratch);
    // Its beginning and its end, which are always looked at, are of others.
    let recorded = std::fs::read_to_string(&path).unwrap();
    let (first, recorded) = recorded.split_at(recorded.find('\n').unwrap() + 1);
    let filler =
        recorded[..recorded.find("{\"end\"").unwrap() + 16].replace("one", &"1 ".repeat(4000));
    std::fs::write(&path, [first, &filler, recorded, &filler].concat()).unwrap();
    store.open().write_index().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let rewrite = |text: &str, time| {
        std::fs::write(&path, text).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    let edited = text.replace("{\"n\":1}", "{\"n\":7}");
    rewrite(&edited, written + Duration::from_nanos(1_000_000));
    let answer = async |cassette: &Cassette, text: &str| {
        let service = MockLlmLayer::new().cassette(cassette.clone()).into_service();
        joined(&call(service, ask(text)).await.1)
    };
    let cassette = store.open();
    assert!(answer(&cassette, "two").await.contains("{\"n\":7}"));
    // Even if the time was put back: what is read is looked at.
    rewrite(&edited, written);
    let cassette = store.open();
    store.reads();
    assert!(answer(&cassette, "one").await.contains("{\"n\":0}"));
    assert_eq!(store.reads(), (0, 1));
    assert!(answer(&cassette, "two").await.contains("{\"n\":7}"));
    assert_eq!(store.reads(), (1, 1));
    let why = answer(&cassette, "one").await;
    assert!(why.contains("has 1 recording(s)"), "{why}");
    // Behind an open cassette.
    rewrite(&text, written);
    let cassette = store.open();
    assert!(answer(&cassette, "again").await.contains("{\"n\":2}"));
    rewrite(&text.replace("{\"n\":4}", "{\"n\":9}"), written);
    assert!(answer(&cassette, "again").await.contains("{\"n\":9}"));
    assert!(answer(&cassette, "again").await.contains("{\"n\":6}"));
    assert!(answer(&cassette, "again").await.contains("has 3 recording(s)"));
}

#[tokio::test]
async fn what_is_mangled_behind_an_open_cassette_is_told_with_its_line() {
    let scratch = Scratch::new("indexed-mangled");
    let path = scratch.file(NAME);
    record(&path).await;
    let store = Counted::new(&scratch);
    store.open().write_index().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, why) in [
        ("\"us\":", "\"us\":x", "x.jsonl:3:"),
        ("{\"end\":\"whole\"}", "{\"end\":\"hole!\"}", "x.jsonl:6:1: an end is"),
        (&text, "", "x.jsonl has no recording of POST"),
        (&text, "{\"cassette\":1}\n", "x.jsonl has no recording of POST"),
    ] {
        std::fs::write(&path, &text).unwrap();
        store.open().write_index().unwrap();
        let cassette = store.open();
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let layer = MockLlmLayer::new().cassette(cassette.clone());
        let handle = layer.handle();
        let (parts, frames) = call(layer.into_service(), ask("one")).await;
        let said = joined(&frames);
        assert!(parts.status == 400 && said.contains(why), "{why}: {said}");
        assert!(said.contains("Nothing was sent"), "{said}");
        assert!(handle.check().unwrap_err().to_string().contains(why));
        if why.contains(":1:") {
            assert!(cassette.unused()[0].contains(why) && cassette.compare("{}").is_none());
        }
    }
}

#[tokio::test]
async fn who_asks_for_many_has_the_whole_text() {
    let scratch = Scratch::new("indexed-many");
    let path = scratch.file(NAME);
    let cassette = Cassette::open(&path).unwrap().mode(RecordMode::RecordMissing);
    let layer = MockLlmLayer::new().cassette(cassette).recording();
    let stack = layer.layer(says(|asked| format!("{{\"asked\":{asked}}}")));
    for number in 0..400 {
        call(stack.clone(), ask(&format!("question {number}"))).await;
    }
    let store = Counted::new(&scratch);
    store.open().write_index().unwrap();
    store.reads();
    let cassette = store.open();
    let service = || MockLlmLayer::new().cassette(cassette.clone()).into_service();
    for number in (0..400).rev() {
        let text = format!("question {number}\"");
        let (_, frames) = call(service(), ask(text.trim_end_matches('"'))).await;
        assert!(joined(&frames).contains(&text), "{text} {}", joined(&frames));
    }
    assert_eq!(store.reads(), (1, 202));
    assert!(cassette.unused().is_empty());
    assert_eq!(store.reads(), (0, 0));
}

#[tokio::test]
async fn what_others_append_makes_an_index_stale_and_nothing_wrong() {
    let scratch = Scratch::new("indexed-appended");
    let path = scratch.file(NAME);
    record(&path).await;
    let store = Counted::new(&scratch);
    store.open().write_index().unwrap();
    let before = store.open();
    // Two that have the index add at the same time, and one of them is asked for what is there.
    std::thread::scope(|scope| {
        for who in ["ann", "bob"] {
            let store = store.clone();
            scope.spawn(move || {
                let cassette = store.open().mode(RecordMode::RecordMissing);
                let layer = MockLlmLayer::new().cassette(cassette).recording();
                let stack = layer.layer(says(|asked| format!("{{\"asked\":{asked}}}")));
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for number in 0..10 {
                        call(stack.clone(), ask(&format!("{who} {number}"))).await;
                    }
                    let (_, frames) = call(stack.clone(), ask("two")).await;
                    assert!(joined(&frames).contains("{\"n\":1}"));
                });
            });
        }
    });
    let after = store.open();
    assert_eq!((before.len(), after.len()), (7, 27));
    let answer = async |cassette: &Cassette, text: &str| {
        let service = MockLlmLayer::new().cassette(cassette.clone()).into_service();
        call(service, ask(text)).await.0.status.as_u16()
    };
    assert_eq!((answer(&after, "ann 7").await, answer(&after, "two").await), (200, 200));
    // What was there when it was opened is what there is, as without an index.
    assert_eq!((answer(&before, "two").await, answer(&before, "ann 7").await), (200, 400));
    assert_eq!((answer(&before, "one").await, answer(&before, "two").await), (200, 400));
    // An index of all of it fits again.
    after.write_index().unwrap();
    store.reads();
    assert_eq!((store.open().len(), store.reads()), (27, (0, 2)));
}
