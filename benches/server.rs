//! What the server costs, against the floor that it stands on: hyper, giving out ready bytes.
//!
//! Both run as child processes of this one and are called in turn, round after round, over a few
//! or many connections. What is compared is the CPU time that a server's process took for a
//! request, which scarcely moves with whatever else the machine does; it is read from `/proc`, so
//! elsewhere than on Linux only the wall times mean something.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
#[path = "harness/least.rs"]
mod least;

use least::Least;
use tower_mock_llm::{Answer, Fault, MockLlmLayer, MockServer, Reply, Rule, last_user};

/// As the first argument: be that server, in place of the bench.
const FLOOR: &str = "--serve-floor";
const FLAT: &str = "--serve-flat-floor";
const MOCK: &str = "--serve-mock";
const FULL: &str = "--serve-full";

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(FLOOR) => return serve_floor(true),
        Some(FLAT) => return serve_floor(false),
        Some(MOCK) => return serve_mock(false),
        Some(FULL) => return serve_mock(true),
        _ => {}
    }
    let quick = std::env::args().any(|arg| arg == "--test");
    let floor = Server::start(FLOOR);
    let flat = Server::start(FLAT);
    let mock = Server::start(MOCK);
    let full = Server::start(FULL);
    let unary = |server, name, path, text| Case::new(server, name, path, text, false);
    let stream = |server, name, path, text| Case::new(server, name, path, text, true);
    let same = Case::new(&mock, "", PATH, UNARY, false).recorded();

    for connections in [1, 32] {
        table(
            &format!("a whole answer of 50 tokens, {connections} at once"),
            "target: the mock's ratio >= 0.80",
            connections,
            1,
            quick,
            vec![
                // No two of one server in a row: the second would pay for where the first left its threads.
                unary(&floor, "raw hyper, ready bytes, one header", "/json", UNARY),
                unary(&flat, "raw hyper without writev, the mock's own headers", "/same", UNARY)
                    .teach(&same),
                unary(&floor, "raw hyper, the same with writev", "/same", UNARY).teach(&same),
                unary(&flat, "the least by hand, without writev", "/least", UNARY).teach(&same),
                unary(&mock, "MockServer, three rules, journal on", PATH, UNARY),
                unary(&full, "MockServer, 100 rules, journal and metrics", PATH, UNARY),
            ],
        );
        table(
            &format!("a stream of 500 tokens, {connections} at once"),
            "targets: frame by frame 1.2x the CPU of both floors; whole stream alone <= 300 us",
            connections,
            501,
            quick,
            vec![
                stream(&floor, "raw hyper, one HTTP frame a chunk", "/frames", STREAM),
                stream(&flat, "raw hyper, the same without writev", "/frames", STREAM),
                stream(&floor, "raw hyper, one HTTP frame in all", "/coalesced", STREAM),
                stream(&mock, "MockServer, one HTTP frame a chunk", PATH, APART),
                stream(&mock, "MockServer, neighbours share a frame", PATH, STREAM),
            ],
        );
    }
    start_up(quick);
}

const PATH: &str = "/v1/chat/completions";

/// What the three rules look for.
const UNARY: &str = "capital";
const STREAM: &str = "long story";
const APART: &str = "slow story";

/// In the order of the mock's rules.
const RULES: [&str; 3] = [STREAM, APART, UNARY];

fn fifty_tokens() -> String {
    "word ".repeat(50).trim_end().to_owned()
}

/// `full`: with an admin side, as `mock-llm serve` has it, and a hundred rules, of which the last answers.
fn serve_mock(full: bool) {
    let text = |tokens| Reply::text("word ".repeat(tokens).trim_end());
    // A fault keeps the frames of a stream apart, as a pace does; this one is never reached.
    let apart = Answer::from(text(500)).fault(Fault::abort_after(usize::MAX));
    let mut layer = MockLlmLayer::new();
    for index in 0..if full { 97 } else { 0 } {
        let other = last_user().contains(format!("topic number {index}"));
        layer = layer.rule(Rule::when(other).respond_with("another topic"));
    }
    let layer = layer
        .rule(Rule::when(last_user().contains(STREAM)).respond_with(text(500)))
        .rule(Rule::when(last_user().contains(APART)).respond_with(apart))
        .rule(Rule::when(last_user().contains(UNARY)).respond_with(fifty_tokens()));
    let server = MockServer::builder(layer).admin(full).start().expect("a server");
    announce(server.addr());
    wait_for_parent();
}

/// The cheapest thing that hyper can do. The mock's server writes without `writev`, so only the
/// floor that does so too shows what the mock itself costs; the other is hyper as it comes.
fn serve_floor(writev: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)));
    let listener = listener.expect("a port");
    announce(listener.local_addr().expect("an address"));
    std::thread::spawn(|| {
        wait_for_parent();
        std::process::exit(0);
    });
    let ready: Arc<Ready> = Arc::default();
    runtime.block_on(async {
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let _ = tcp.set_nodelay(true);
            let ready = Arc::clone(&ready);
            #[expect(clippy::disallowed_methods, reason = "a server has a task a connection")]
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|request| ready.answer(request));
                let mut http = hyper::server::conn::http1::Builder::new();
                let _ = http
                    .timer(TokioTimer::new())
                    .writev(writev)
                    .serve_connection(TokioIo::new(tcp), service)
                    .await;
            });
        }
    });
}

/// Answers that lie ready.
struct Ready {
    json: Bytes,
    frames: Arc<[Bytes]>,
    coalesced: Bytes,
    /// What the mock said: taught by the parent.
    same: OnceLock<Response<Bytes>>,
    /// What says the same.
    least: OnceLock<Least>,
}

impl Default for Ready {
    fn default() -> Self {
        let chunk = |text: &str| {
            Bytes::from(format!(
                "data: {{\"id\":\"chatcmpl-Bw3OjkPyqXvXKCwXsN2Zq8d1vVvVA\",\"object\":\"chat.\
                 completion.chunk\",\"created\":1767225610,\"model\":\"gpt-4o-2024-08-06\",\
                 \"service_tier\":\"default\",\"system_fingerprint\":\"fp_07871e2ad8\",\"choices\":\
                 [{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\
                 \"finish_reason\":null}}],\"obfuscation\":\"Ab3dEf9h\"}}\n\n"
            ))
        };
        let done = Bytes::from_static(b"data: [DONE]\n\n");
        let frames: Arc<[Bytes]> = std::iter::repeat_n(chunk(" word"), 500).chain([done]).collect();
        Self {
            json: vec![b'x'; 840].into(),
            coalesced: frames.concat().into(),
            frames,
            same: OnceLock::new(),
            least: OnceLock::new(),
        }
    }
}

/// All bytes at once, or frame by frame.
type FloorBody = Either<Full<Bytes>, StreamBody<stream::Iter<Ahead>>>;

/// The frames that are left.
struct Ahead(Arc<[Bytes]>, usize);

impl Iterator for Ahead {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let frame = self.0.get(self.1)?.clone();
        self.1 += 1;
        Some(Ok(Frame::data(frame)))
    }
}

impl Ready {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<FloorBody>, Infallible> {
        let (head, body) = request.into_parts();
        let asked = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let whole = |bytes: &Bytes| Either::Left(Full::new(bytes.clone()));
        let (kind, body) = match head.uri.path() {
            "/json" => ("application/json", whole(&self.json)),
            "/same" => {
                let same = self.same.get().expect("it was taught");
                let mut response = Response::new(whole(same.body()));
                *response.headers_mut() = same.headers().clone();
                return Ok(response);
            }
            "/least" => {
                let least = self.least.get().expect("it was taught");
                return Ok(least.answer(head, asked).map(Either::Left));
            }
            "/teach" => {
                self.learn(&asked);
                ("text/plain", whole(&Bytes::new()))
            }
            "/coalesced" => ("text/event-stream", whole(&self.coalesced)),
            _ => {
                let frames = stream::iter(Ahead(Arc::clone(&self.frames), 0));
                ("text/event-stream", Either::Right(StreamBody::new(frames)))
            }
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }

    /// Takes a response as it came from the wire.
    fn learn(&self, response: &[u8]) {
        let text = std::str::from_utf8(response).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut headers = HeaderMap::new();
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").expect("a header");
            // Hyper adds these two itself.
            if !matches!(name, "date" | "content-length") {
                let name = name.parse::<http::HeaderName>().expect("a name");
                headers.append(name, value.parse().expect("a value"));
            }
        }
        let mut same = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *same.headers_mut() = headers;
        self.least.get_or_init(|| Least::like(same.clone(), &fifty_tokens(), &RULES));
        self.same.get_or_init(|| same);
    }
}

fn announce(addr: SocketAddr) {
    println!("{addr}");
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
    fn start(kind: &str) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg(kind)
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

    /// The CPU time that all its threads took.
    fn cpu(&self) -> Option<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let mut nanoseconds = 0;
        for task in tasks {
            let schedstat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            nanoseconds += schedstat.split(' ').next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(nanoseconds))
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

/// One kind of call.
struct Case<'a> {
    server: &'a Server,
    name: &'static str,
    request: Vec<u8>,
    connections: Vec<Connection>,
    /// Microseconds of CPU a request, a round.
    cpu: Vec<f64>,
    /// Microseconds from a request's first byte to its response's last.
    wall: Vec<f64>,
}

impl<'a> Case<'a> {
    fn new(server: &'a Server, name: &'static str, path: &str, text: &str, stream: bool) -> Self {
        let text =
            format!("Please tell me, in as many words as you like: {text}, and why it is so.");
        let body = serde_json::json!({
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": text}],
            "temperature": 0.7,
            "max_tokens": 512,
            "stream": stream,
        });
        let request = post(server.addr, path, body.to_string().as_bytes());
        Self { server, name, request, connections: Vec::new(), cpu: Vec::new(), wall: Vec::new() }
    }

    /// The response, as it comes from the wire.
    fn recorded(&self) -> Vec<u8> {
        Connection::open(self.server.addr).call(&self.request).to_vec()
    }

    /// Makes the floor say what the mock said.
    fn teach(self, response: &[u8]) -> Self {
        Connection::open(self.server.addr).call(&post(self.server.addr, "/teach", response));
        self
    }

    /// Calls for about `length`, over all connections at once.
    #[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
    fn round(&mut self, length: Duration) {
        let before = self.server.cpu();
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < length {
            let sent = Instant::now();
            for connection in &mut self.connections {
                connection.send(&self.request);
            }
            for connection in &mut self.connections {
                connection.receive();
            }
            self.wall.push(sent.elapsed().as_secs_f64() * 1e6);
            calls += self.connections.len();
        }
        let took = self.server.cpu().zip(before).map_or(Duration::ZERO, |(now, was)| now - was);
        self.cpu.push(took.as_secs_f64() * 1e6 / calls as f64);
    }
}

fn post(addr: SocketAddr, path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\n\
         authorization: Bearer sk-bench\r\ncontent-length: {}\r\n\r\n",
        body.len(),
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A connection that is kept.
struct Connection {
    tcp: TcpStream,
    buf: Vec<u8>,
    length: usize,
}

impl Connection {
    fn open(addr: SocketAddr) -> Self {
        let tcp = TcpStream::connect(addr).expect("a connection");
        tcp.set_nodelay(true).expect("no delay");
        tcp.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        Self { tcp, buf: vec![0; 512 * 1024], length: 0 }
    }

    fn call(&mut self, request: &[u8]) -> &[u8] {
        self.send(request);
        self.receive();
        &self.buf[..self.length]
    }

    fn send(&mut self, request: &[u8]) {
        self.tcp.write_all(request).expect("a request is taken");
    }

    fn receive(&mut self) {
        self.length = 0;
        while !is_whole(&self.buf[..self.length]) {
            let read = self.tcp.read(&mut self.buf[self.length..]).expect("an answer");
            assert_ne!(read, 0, "the server closed the connection");
            self.length += read;
        }
        assert!(self.buf.starts_with(b"HTTP/1.1 200 OK\r\n"), "a refusal");
    }
}

/// Whether this is the whole of a response.
fn is_whole(response: &[u8]) -> bool {
    // No head is longer, and streams are far longer.
    let start = &response[..response.len().min(2048)];
    let find = |text: &[u8]| start.windows(text.len()).position(|window| window == text);
    let Some(head) = find(b"\r\n\r\n") else {
        return false;
    };
    match find(b"content-length: ") {
        Some(at) if at < head => {
            let digits = response[at + 16..].iter().take_while(|byte| byte.is_ascii_digit());
            let length = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
            response.len() >= head + 4 + length
        }
        _ => response.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// Runs the cases in turn and prints a row for each; ratios are throughput for CPU time, to the
/// first case.
fn table(
    title: &str,
    target: &str,
    connections: usize,
    items: u64,
    quick: bool,
    mut cases: Vec<Case<'_>>,
) {
    let (rounds, length) = if quick { (1, 10) } else { (15, 80) };
    for case in &mut cases {
        case.connections = (0..connections).map(|_| Connection::open(case.server.addr)).collect();
        case.round(Duration::from_millis(5));
        (case.cpu, case.wall) = (Vec::new(), Vec::new());
    }
    for _ in 0..rounds {
        for case in &mut cases {
            case.round(Duration::from_millis(length));
        }
    }
    println!("\n{title} ({target})");
    println!(
        "{:<46} {:>9} {:>11} {:>12} {:>6} {:>9} {:>9}",
        "", "CPU us", "per CPU s", "items/CPU s", "ratio", "p50 us", "p99 us"
    );
    let floor = cases[0].cpu.clone();
    for case in &mut cases {
        let ratios: Vec<f64> =
            floor.iter().zip(&case.cpu).map(|(floor, own)| floor / own).collect();
        let (ratio, cpu) = (percentile(ratios, 50), percentile(case.cpu.clone(), 50));
        let (p50, p99) = (percentile(case.wall.clone(), 50), percentile(case.wall.clone(), 99));
        if cpu == 0.0 {
            println!(
                "{:<46} {:>9} {:>11} {:>12} {:>6} {p50:>9.0} {p99:>9.0}",
                case.name, "skipped", "(no /proc)", "", ""
            );
            continue;
        }
        println!(
            "{:<46} {cpu:>9.2} {:>11.0} {:>12.0} {ratio:>6.2} {p50:>9.0} {p99:>9.0}",
            case.name,
            1e6 / cpu,
            1e6 / cpu * items as f64,
        );
    }
}

/// Time from nothing to the first answer, and memory thereafter.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn start_up(quick: bool) {
    println!("\nstart-up (targets: the mock <= 10 ms, <= 8 MiB)");
    println!("{:<46} {:>9} {:>9} {:>11}", "", "p50 ms", "least ms", "RSS MiB");
    for (kind, name, path) in
        [(FLOOR, "raw hyper", "/json"), (MOCK, "MockServer, three rules", PATH)]
    {
        let (mut times, mut resident) = (Vec::new(), Vec::new());
        for _ in 0..if quick { 1 } else { 15 } {
            let start = Instant::now();
            let server = Server::start(kind);
            Case::new(&server, name, path, UNARY, false).recorded();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            resident.extend(server.resident_kib().map(|kib| kib as f64 / 1024.0));
        }
        let resident = if resident.is_empty() { f64::NAN } else { percentile(resident, 50) };
        println!(
            "{name:<46} {:>9.2} {:>9.2} {resident:>11.1}",
            percentile(times.clone(), 50),
            percentile(times, 0),
        );
    }
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}
