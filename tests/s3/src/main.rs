//! `Objects` against a server that speaks S3's protocol: records from some machines at once, replays, refuses
//! nothing and loses nothing, with an index and without. `tests/s3/run` starts the server.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use tower::{Layer, ServiceExt, service_fn};
use tower_mock_llm::MockLlmLayer;
use tower_mock_llm::cassette::{Cassette, Objects, RecordMode, Store};

const MACHINES: usize = 4;
const EACH: usize = 10;

fn bucket() -> AmazonS3 {
    let endpoint = std::env::args().nth(1).expect("the address of a server, http://127.0.0.1:PORT");
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_bucket_name("recordings")
        .with_region("us-east-1")
        .with_access_key_id("any")
        .with_secret_access_key("any")
        .with_allow_http(true)
        .build()
        .expect("all is said that must be")
}

fn store() -> Objects {
    Objects::new(bucket()).expect("a runtime").under("my-app/main")
}

fn ask(text: &str) -> Request<Full<Bytes>> {
    let body = format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("content-type", "application/json")
        .header("authorization", "Bearer sk-canary-0123456789abcdef")
        .body(Full::from(body))
        .expect("well-formed")
}

/// The status, and what was said.
async fn call(cassette: Cassette, text: &str) -> (u16, String) {
    let live = service_fn(|request: Request<Full<Bytes>>| async move {
        let asked = request.into_body().collect().await?.to_bytes();
        Ok::<_, Infallible>(Response::new(Full::from(asked)))
    });
    let stack = MockLlmLayer::new().cassette(cassette).recording().layer(live);
    let response = stack.oneshot(ask(text)).await.expect("an answer");
    let status = response.status().as_u16();
    let said = response.into_body().collect().await.expect("a whole one").to_bytes();
    (status, String::from_utf8_lossy(&said).into_owned())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Each has its own connections, and its own idea of the object.
    std::thread::scope(|scope| {
        for machine in 0..MACHINES {
            scope.spawn(move || {
                let cassette = Cassette::open_in(store(), "x.jsonl").expect("none, or well-formed");
                let cassette = cassette.mode(RecordMode::RecordMissing);
                for number in 0..EACH {
                    let text = format!("machine {machine} asks {number}");
                    let (status, said) = block_on(call(cassette.clone(), &text));
                    assert!(status == 200 && said.contains(&text), "{status} {said}");
                }
            });
        }
    });
    let object = store().read("x.jsonl").expect("it can be read").expect("it is there");
    assert!(!String::from_utf8_lossy(&object).contains("canary"), "a key was written");
    println!("recorded {} calls from {MACHINES} machines", MACHINES * EACH);
    for is_indexed in [false, true] {
        let cassette = Cassette::open_in(store(), "x.jsonl").expect("well-formed");
        assert_eq!(cassette.len(), MACHINES * EACH, "none was lost");
        for machine in 0..MACHINES {
            for number in 0..EACH {
                let text = format!("machine {machine} asks {number}");
                let (status, said) = block_on(call(cassette.clone(), &text));
                assert!(status == 200 && said.contains(&text), "{status} {said}");
            }
        }
        let (status, why) = block_on(call(cassette.clone(), "what nobody asked"));
        assert!(status == 400 && why.contains("the nearest, the one at"), "{status} {why}");
        assert!(cassette.unused().is_empty());
        println!(
            "replayed them{}, {}",
            if is_indexed { " by an index" } else { "" },
            cassette.location()
        );
        cassette.write_index().expect("an index");
    }
    // A part, as an index reads it, and what is not there.
    assert_eq!(store().read_range("x.jsonl", 0..14).unwrap().unwrap(), b"{\"cassette\":1}");
    assert!(store().read_range("none.jsonl", 0..14).unwrap().is_none());
    assert!(store().stat("none.jsonl").unwrap().is_none());
    let stat = store().stat("x.jsonl").unwrap().unwrap();
    assert_eq!(stat.length, object.len() as u64);
    assert!(!stat.version.is_empty());
    println!("a part, its length and its version {}", stat.version);
}
