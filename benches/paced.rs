//! Thousands of streams at a pace: whether each takes as long as it should, how late its tokens are,
//! and what a stream that waits holds in memory. In process, and on the server beside raw hyper.
//!
//! One thread does all the work of a side. The machine's other work shows in the lateness, not in
//! the memory. Memory of servers is read from `/proc`, so it is only known on Linux.

#![expect(clippy::disallowed_methods, reason = "the floor has a task a connection, clients wait")]

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use futures::stream;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep_until};
use tower::{Service, ServiceExt};
use tower_mock_llm::{MockBody, MockLlmLayer, MockServer, Pace, Reply, Rule};

const FLOOR: &str = "--serve-floor";
const ALIKE: &str = "--serve-floor-with-headers";
const MOCK: &str = "--serve-mock";

/// What is played: the gaps add up to two seconds.
#[derive(Clone, Copy)]
struct Plan {
    streams: usize,
    tokens: u32,
    gap: Duration,
}

const FULL: Plan = Plan { streams: 2000, tokens: 101, gap: Duration::from_millis(20) };
const QUICK: Plan = Plan { streams: 20, tokens: 6, gap: Duration::from_millis(4) };

fn main() {
    let quick = std::env::args().any(|arg| arg == "--test");
    let mut plan = if quick { QUICK } else { FULL };
    match std::env::args().nth(1).as_deref() {
        Some(FLOOR) => return serve_floor(std::env::args().nth(2).is_some(), false),
        Some(ALIKE) => return serve_floor(std::env::args().nth(2).is_some(), true),
        Some(MOCK) => return serve_mock(std::env::args().nth(2).is_some()),
        _ => {}
    }
    // `cargo bench --bench paced -- 1000`
    if let Some(streams) = std::env::args().find_map(|arg| arg.parse().ok()) {
        plan.streams = streams;
    }
    println!(
        "{} streams at once, {} tokens, {:?} nominal",
        plan.streams,
        plan.tokens,
        plan.nominal()
    );
    memory(plan);
    let runtime = runtime();
    let lateness = runtime.block_on(join_all((0..plan.streams).map(|n| in_process(plan, n))));
    print("in process", plan, lateness, "");
    for (kind, name) in
        [(FLOOR, "raw hyper"), (ALIKE, "raw hyper, the mock's headers"), (MOCK, "MockServer")]
    {
        let server = Server::start(kind, quick);
        // What a server takes once and for all is taken before.
        runtime.block_on(over_a_socket(plan, 0, server.addr));
        let (before, busy) = (server.resident_kib(), server.busy());
        let calls = join_all((0..plan.streams).map(|n| over_a_socket(plan, n, server.addr)));
        let during = async {
            sleep_until(Instant::now() + plan.nominal() * 3 / 4).await;
            server.resident_kib()
        };
        let (lateness, during) = runtime.block_on(futures::future::join(calls, during));
        let held = before.zip(during).map_or_else(String::new, |(before, during)| {
            let each = during.saturating_sub(before) as f64 / plan.streams as f64;
            format!("; {each:.1} KiB resident a stream")
        });
        let busy = busy.zip(server.busy()).map_or_else(String::new, |(before, after)| {
            let each =
                (after - before) as f64 * 1e4 / lateness.len() as f64 / f64::from(plan.tokens);
            format!("; {each:.1} us of CPU a token")
        });
        print(name, plan, lateness, &(held + &busy));
    }
}

impl Plan {
    fn nominal(self) -> Duration {
        self.gap * (self.tokens - 1)
    }

    /// Streams do not begin all at once, but spread over a gap.
    async fn wait_for_turn(self, n: usize) {
        sleep_until(Instant::now() + self.gap.mul_f64(n as f64 / self.streams as f64)).await;
    }

    fn layer(self) -> MockLlmLayer {
        let text = "word ".repeat(self.tokens as usize);
        MockLlmLayer::new()
            .rule(Rule::always().respond_with(Reply::text(text.trim_end())))
            .pace(Pace::new(Duration::ZERO, self.gap))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// When each token came after the time at which it was due.
#[derive(Default)]
struct Lateness {
    start: Option<Instant>,
    tokens: Vec<Duration>,
    took: Duration,
}

impl Lateness {
    fn note(&mut self, plan: Plan, tokens: usize) {
        let now = Instant::now();
        let start = *self.start.get_or_insert(now);
        for _ in 0..tokens {
            let due = start + plan.gap * self.tokens.len() as u32;
            self.tokens.push(now.saturating_duration_since(due));
        }
        self.took = now - start;
    }
}

const DELTA: &[u8] = b"\"delta\":{\"content\":\"";

/// How many deltas with text begin in these bytes.
fn deltas(bytes: &[u8]) -> usize {
    // A client that is slow itself would measure that.
    memchr::memmem::find_iter(bytes, DELTA).count()
}

fn chat() -> Bytes {
    let body = serde_json::json!({
        "model": "gpt-4o", "stream": true,
        "messages": [{"role": "user", "content": "Tell me a story, slowly."}],
    });
    body.to_string().into()
}

fn request() -> Request<Full<Bytes>> {
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-bench")
        .body(Full::new(chat()))
        .expect("a request")
}

async fn in_process(plan: Plan, n: usize) -> Lateness {
    thread_local! {
        static LAYER: std::cell::OnceCell<MockLlmLayer> = const { std::cell::OnceCell::new() };
    }
    let service = LAYER.with(|layer| layer.get_or_init(|| plan.layer()).clone()).into_service();
    plan.wait_for_turn(n).await;
    let Ok(response) = service.oneshot(request()).await;
    let mut body = response.into_body();
    let mut lateness = Lateness::default();
    while let Some(frame) = body.frame().await {
        let data = frame.expect("a frame").into_data().expect("data");
        lateness.note(plan, deltas(&data));
    }
    lateness
}

/// What a stream holds that waits for its next token: its body, and all that hangs on it.
fn memory(plan: Plan) {
    let runtime = runtime();
    let _context = runtime.enter();
    let mut service = plan.layer().into_service();
    let mut cx = Context::from_waker(Waker::noop());
    let mut waiting = |streams: usize| {
        let mut bodies: Vec<MockBody<Full<Bytes>>> = Vec::with_capacity(streams);
        for _ in 0..streams {
            let Poll::Ready(Ok(response)) = pin!(service.call(request())).poll(&mut cx) else {
                panic!("nothing waits before the first token");
            };
            let mut body = response.into_body();
            while let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(&mut cx) {
                assert!(frame.is_some(), "the stream waits before its end");
            }
            bodies.push(body);
        }
        bodies
    };
    // The journal is full from here on: it keeps so many requests, however many streams there are.
    drop(waiting(600));
    let mut bodies = Vec::new();
    let held = allocation_counter::measure(|| bodies = waiting(plan.streams));
    let each = held.bytes_current as f64 / plan.streams as f64;
    println!(
        "in process, a waiting stream holds {each:.0} bytes (target: 1024), of them {} inline",
        size_of::<MockBody<Full<Bytes>>>()
    );
    drop(bodies);
}

fn print(name: &str, plan: Plan, all: Vec<Lateness>, server: &str) {
    let nominal = plan.nominal();
    let mut tokens: Vec<_> = all.iter().flat_map(|one| one.tokens.iter().copied()).collect();
    assert_eq!(tokens.len(), plan.streams * plan.tokens as usize, "{name}: tokens are missing");
    tokens.sort();
    let mut took: Vec<_> = all.iter().map(|one| one.took.as_secs_f64()).collect();
    took.sort_by(f64::total_cmp);
    let off = |seconds: f64| (seconds / nominal.as_secs_f64() - 1.0) * 100.0;
    let ms = |q: f64| tokens[((tokens.len() - 1) as f64 * q) as usize].as_secs_f64() * 1e3;
    println!(
        "{name}: a stream takes {:+.2} % (median), {:+.2} % (longest); a token is late by {:.2} ms \
         (p50), {:.2} ms (p99){server}",
        off(took[took.len() / 2]),
        off(took[took.len() - 1]),
        ms(0.5),
        ms(0.99),
    );
}

async fn over_a_socket(plan: Plan, n: usize, addr: SocketAddr) -> Lateness {
    plan.wait_for_turn(n).await;
    let tcp = TcpStream::connect(addr).await.expect("a connection: see `ulimit -n`");
    let body = chat();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer sk-bench\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), &body].concat();
    tcp.writable().await.expect("a connection");
    assert_eq!(tcp.try_write(&request).expect("a connection"), request.len());
    let mut lateness = Lateness::default();
    let mut buf = [0; 4096];
    // What a delta's mark may have begun in.
    let mut rest: Vec<u8> = Vec::new();
    loop {
        tcp.readable().await.expect("a stream");
        let read = match tcp.try_read(&mut buf) {
            Ok(0) => panic!("the server closed the connection"),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        };
        rest.extend_from_slice(&buf[..read]);
        let found = deltas(&rest);
        if found > 0 {
            lateness.note(plan, found);
        }
        if rest.ends_with(b"\r\n0\r\n\r\n") {
            return lateness;
        }
        let keep = rest.len().min(DELTA.len() - 1);
        rest.drain(..rest.len() - keep);
    }
}

fn serve_mock(quick: bool) {
    let plan = if quick { QUICK } else { FULL };
    // As the floor: without logs, which have a bound for all streams together and not for each.
    let server = MockServer::builder(plan.layer()).admin(false).start().expect("a server");
    println!("{}", server.addr());
    wait_for_parent();
}

/// The least that hyper can do: ready bytes, and deadlines counted from the first. `alike`: with the
/// headers that the mock's answers have, which hyper keeps for as long as a connection lives.
fn serve_floor(quick: bool, alike: bool) {
    let plan = if quick { QUICK } else { FULL };
    let runtime = runtime();
    let headers = match alike {
        true => {
            let Ok(response) = runtime.block_on(plan.layer().into_service().oneshot(request()));
            response.headers().clone()
        }
        false => HeaderMap::new(),
    };
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)));
    let listener = listener.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    std::thread::spawn(|| {
        wait_for_parent();
        std::process::exit(0);
    });
    let frame = Bytes::from_static(
        b"data: {\"id\":\"chatcmpl-Bw3OjkPyqXvXKCwXsN2Zq8d1vVvVA\",\"object\":\"chat.completion.\
        chunk\",\"created\":1767225610,\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\
        \"default\",\"system_fingerprint\":\"fp_07871e2ad8\",\"choices\":[{\"index\":0,\"delta\":{\
        \"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\
        \"Ab3dEf9h\"}\n\n",
    );
    let headers = Arc::new(headers);
    runtime.block_on(async {
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let _ = tcp.set_nodelay(true);
            let (frame, headers) = (frame.clone(), Arc::clone(&headers));
            tokio::spawn(async move {
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let (frame, headers) = (frame.clone(), Arc::clone(&headers));
                    async move {
                        let _ = request.into_body().collect().await;
                        let start = Instant::now();
                        let frames = stream::unfold(0, move |n| {
                            let frame = frame.clone();
                            async move {
                                if n == plan.tokens {
                                    return None;
                                }
                                // The first one goes with the head. A timer would wait for its turn.
                                if n > 0 {
                                    sleep_until(start + plan.gap * n).await;
                                }
                                Some((Ok::<_, Infallible>(Frame::data(frame)), n + 1))
                            }
                        });
                        let mut response = Response::new(StreamBody::new(frames));
                        *response.headers_mut() = HeaderMap::clone(&headers);
                        Ok::<_, Infallible>(response)
                    }
                });
                let mut http = hyper::server::conn::http1::Builder::new();
                let _ = http.writev(false).serve_connection(TokioIo::new(tcp), service).await;
            });
        }
    });
}

/// The parent holds the other end of standard input.
fn wait_for_parent() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A child that serves.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    addr: SocketAddr,
}

impl Server {
    fn start(kind: &str, quick: bool) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(kind)
            .args(quick.then_some("--test"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child process");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("its address");
        let addr = line.trim().parse().expect("an address");
        Self { stdin: child.stdin.take(), child, addr }
    }

    /// How long it has computed, its system calls included, in hundredths of a second.
    fn busy(&self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // After the name, which may hold anything but ends with the last of these.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    }

    fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}
