//! Cassettes in other places than folders.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tower::Layer;
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, RecordMode, Store};

use crate::upstream::{ask, call, joined, says};

/// Records so many answers, each to a question of its own.
fn record(store: impl Store, who: &str, count: usize) {
    let cassette = Cassette::open_in(store, "x.jsonl").unwrap().mode(RecordMode::RecordMissing);
    let layer = MockLlmLayer::new().cassette(cassette).recording();
    let stack = layer.layer(says(|asked| format!("{{\"asked\":{asked}}}")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..count {
            let (parts, _) = call(stack.clone(), ask(&format!("{who} {number}"))).await;
            assert_eq!(parts.status, 200);
        }
    });
}

/// Whether the answer comes from the cassette.
async fn replays(store: impl Store, question: &str) -> bool {
    let cassette = Cassette::open_in(store, "x.jsonl").unwrap();
    let service = MockLlmLayer::new().cassette(cassette).into_service();
    let (parts, frames) = call(service, ask(question)).await;
    parts.status == 200 && joined(&frames).contains(question)
}

#[cfg(feature = "object-store")]
mod objects {
    use std::fmt;

    use futures::stream::BoxStream;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{
        CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
        PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    };
    use tower_mock_llm::cassette::Objects;

    use super::*;

    /// Memory that knows how often it was written, and perhaps knows no conditions.
    #[derive(Debug, Clone)]
    struct Counted {
        memory: Arc<InMemory>,
        knows_conditions: bool,
        refused: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new(knows_conditions: bool) -> Self {
            Self { memory: Arc::default(), knows_conditions, refused: Arc::default() }
        }
    }

    impl fmt::Display for Counted {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("memory")
        }
    }

    #[async_trait::async_trait]
    impl ObjectStore for Counted {
        async fn put_opts(
            &self,
            location: &Path,
            payload: PutPayload,
            options: PutOptions,
        ) -> Result<PutResult> {
            if !self.knows_conditions && options.mode != PutMode::Overwrite {
                let operation = "put_opts".to_owned();
                return Err(object_store::Error::NotImplemented {
                    operation,
                    implementer: self.to_string(),
                });
            }
            let put = self.memory.put_opts(location, payload, options).await;
            self.refused.fetch_add(usize::from(put.is_err()), Ordering::SeqCst);
            put
        }

        async fn put_multipart_opts(
            &self,
            location: &Path,
            options: PutMultipartOptions,
        ) -> Result<Box<dyn MultipartUpload>> {
            self.memory.put_multipart_opts(location, options).await
        }

        async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
            let got = self.memory.get_opts(location, options).await;
            // Between reading and writing, others have their turn.
            tokio::task::yield_now().await;
            std::thread::yield_now();
            got
        }

        fn delete_stream(
            &self,
            locations: BoxStream<'static, Result<Path>>,
        ) -> BoxStream<'static, Result<Path>> {
            self.memory.delete_stream(locations)
        }

        fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
            self.memory.list(prefix)
        }

        async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
            self.memory.list_with_delimiter(prefix).await
        }

        async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
            self.memory.copy_opts(from, to, options).await
        }
    }

    #[test]
    fn machines_that_record_into_one_object_lose_nothing() {
        let memory = Counted::new(true);
        std::thread::scope(|scope| {
            for who in 0..4 {
                // Each has its own connections, and its own idea of the object.
                let store = Objects::new(memory.clone()).unwrap().under("suite/main");
                scope.spawn(move || record(store, &format!("machine {who}"), 15));
            }
        });
        let store = Objects::new(memory.clone()).unwrap().under("suite/main");
        let cassette = Cassette::open_in(store, "x.jsonl").unwrap();
        assert_eq!(cassette.len(), 60);
        assert!(cassette.location().ends_with("memory: suite/main/x.jsonl"));
        // They did get in each other's way.
        assert!(memory.refused.load(Ordering::SeqCst) > 0);
    }

    #[tokio::test]
    async fn it_may_be_used_and_dropped_where_futures_run() {
        let memory = Counted::new(true);
        let store = Objects::new(memory.clone()).unwrap();
        let opened = Cassette::open_in(store.clone(), "x.jsonl").unwrap();
        let layer =
            MockLlmLayer::new().cassette(opened.mode(RecordMode::RecordMissing)).recording();
        let stack = layer.layer(says(|asked| format!("{{\"asked\":{asked}}}")));
        assert_eq!(call(stack, ask("hi")).await.0.status, 200);
        assert!(replays(store.clone(), "hi").await);
        assert!(!replays(store, "ho").await);
        // Recorded again, it stands in the place of the old one.
        let store = Objects::new(memory).unwrap();
        let opened = Cassette::open_in(store.clone(), "x.jsonl").unwrap();
        let layer = MockLlmLayer::new().cassette(opened.mode(RecordMode::RecordAll)).recording();
        call(layer.layer(says(|_| "{\"asked\":\"hi, again\"}".to_owned())), ask("hi")).await;
        let cassette = Cassette::open_in(store, "x.jsonl").unwrap();
        assert_eq!(cassette.len(), 1);
        let (_, frames) =
            call(MockLlmLayer::new().cassette(cassette).into_service(), ask("hi")).await;
        assert!(joined(&frames).contains("hi, again"));
    }

    #[tokio::test]
    async fn a_store_without_conditions_is_refused_before_anything_is_lost() {
        let store = Objects::new(Counted::new(false)).unwrap();
        let cassette = Cassette::open_in(store, "x.jsonl").unwrap().mode(RecordMode::RecordMissing);
        let layer = MockLlmLayer::new().cassette(cassette);
        let handle = layer.handle();
        let stack = layer.recording().layer(says(|_| "{}".to_owned()));
        let response = tower::ServiceExt::oneshot(stack, ask("hi")).await.unwrap();
        let read = http_body_util::BodyExt::collect(response.into_body()).await;
        assert!(read.unwrap_err().to_string().contains("knows no conditional writes"));
        assert!(handle.check().unwrap_err().to_string().contains("record into a folder"));
    }
}

#[cfg(feature = "age")]
mod encrypted {
    use std::path::Path;

    use tower_mock_llm::cassette::{Encrypted, Folder};

    use super::*;
    use crate::upstream::Scratch;

    const KEY: &str = "AGE-SECRET-KEY-12WU2N5KY6FXK0RLKAHM7RA7GRJY6M79RJWPUS43SWRMXHFYRNRPSEXV8A5";
    const OTHER: &str =
        "AGE-SECRET-KEY-1DR587WRMECUDPMWS92UTFWS2G58K2XZJVAT8JN0ZAZ6YEEFWXTYQ2NUPPH";

    #[tokio::test]
    async fn what_the_command_encrypted_is_replayed() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cassettes/golden/age");
        let of_file = format!("# created: 2026-11-21\n# public key: age1...\n{KEY}\n");
        let store = Encrypted::new(Folder::new(golden), &of_file).unwrap();
        assert!(!format!("{store:?}").contains("SECRET"));
        let cassette = Cassette::open_in(store, "weather.jsonl.age").unwrap();
        let service = MockLlmLayer::new().cassette(cassette).into_service();
        let (parts, frames) = call(service, ask("How is the weather?")).await;
        assert_eq!(parts.status, 200);
        assert_eq!(joined(&frames), r#"{"id":"chatcmpl-1","choices":[]}"#);
    }

    #[tokio::test]
    async fn what_is_recorded_is_read_with_the_key_alone() {
        let scratch = Scratch::new("encrypted");
        let folder = || Folder::new(scratch.file(""));
        std::thread::scope(|scope| {
            for who in ["one", "two"] {
                let store = Encrypted::new(folder(), KEY).unwrap();
                scope.spawn(move || record(store, who, 5));
            }
        });
        let bytes = std::fs::read(scratch.file("x.jsonl")).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        for word in [&b"one 3"[..], b"asked", b"cassette", b"openai"] {
            assert!(!bytes.windows(word.len()).any(|it| it == word), "{word:?}");
        }
        for question in ["one 0", "two 4"] {
            assert!(replays(Encrypted::new(folder(), KEY).unwrap(), question).await);
        }
        // Another key opens nothing, and destroys nothing.
        let store = Encrypted::new(folder(), OTHER).unwrap();
        let error = Cassette::open_in(store, "x.jsonl").unwrap_err();
        assert!(error.is_io());
        assert!(error.to_string().contains("it cannot be decrypted with this key"), "{error}");
        Encrypted::new(folder(), OTHER)
            .unwrap()
            .append("x.jsonl", &mut |_| b"mine".to_vec())
            .unwrap_err();
        assert_eq!(std::fs::read(scratch.file("x.jsonl")).unwrap(), bytes);
        // Unless it is one of those that it is for.
        let public = "age160pe0cwqawszf0rlu2ynxpefgrqnsc6jp8vl5ll9stxgpsrrhy3sd0vkua";
        std::fs::remove_file(scratch.file("x.jsonl")).unwrap();
        let store = Encrypted::new(folder(), OTHER).unwrap().recipient(public).unwrap();
        std::thread::scope(|scope| scope.spawn(move || record(store, "both", 1)).join().unwrap());
        for key in [KEY, OTHER] {
            assert!(replays(Encrypted::new(folder(), key).unwrap(), "both 0").await);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for key in ["", "AGE-SECRET-KEY-1", "age1", "AGE-SECRET-KEY-1QQQQ"] {
            let error = Encrypted::new(Folder::new("."), key).unwrap_err();
            assert!(error.is_config() && error.to_string().contains("age-keygen"), "{error}");
        }
        let error = Encrypted::new(Folder::new("."), KEY).unwrap().recipient("age1x").unwrap_err();
        assert!(error.to_string().contains("is no public key of age"), "{error}");
    }
}
