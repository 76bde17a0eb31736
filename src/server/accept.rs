//! The port: connections are taken, served, and closed in the end.

use std::future::{Future, poll_fn};
use std::io;
use std::net::ToSocketAddrs;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, Semaphore, oneshot, watch};

use super::Stop;
use super::core::Current;
use super::engine::Engine;
use super::limits::Limits;
use super::own::Last;
use super::socket::Socket;

pub(super) fn listen(host: &str, port: u16) -> io::Result<(Runtime, TcpListener)> {
    let addr = (host, port)
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    let listener = {
        let _context = runtime.enter();
        // Std asks for 128, which a burst of first calls can exceed.
        socket.listen(4096)?
    };
    Ok((runtime, listener))
}

/// What a server is made of.
pub(super) struct Serving {
    pub(super) current: Arc<Current>,
    pub(super) limits: Limits,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<super::Tls>,
}

/// What each connection is told.
struct Signals {
    /// The server ends.
    drain: watch::Receiver<()>,
    /// There is no room: whoever has not asked for anything must go.
    shed: Arc<Bell>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server has a task for each connection, and must wait when there are no more files"
)]
pub(super) async fn serve(
    listener: TcpListener,
    serving: Serving,
    mut stopped: oneshot::Receiver<Stop>,
) {
    let (drain, _) = watch::channel(());
    let shed = Arc::new(Bell::default());
    let room = Arc::new(Semaphore::new(serving.limits.connections));
    let serving = Arc::new(serving);
    let how = loop {
        let place = match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                shed.ring_for_all();
                tokio::select! {
                    how = &mut stopped => break how.unwrap_or(Stop::Cut),
                    place = Arc::clone(&room).acquire_owned() => match place {
                        Ok(place) => place,
                        Err(_) => break Stop::Cut,
                    },
                }
            }
        };
        tokio::select! {
            how = &mut stopped => break how.unwrap_or(Stop::Cut),
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    // Else each frame of a stream waits for the client's acknowledgement of the one
                    // before.
                    let _ = tcp.set_nodelay(true);
                    let signals = Signals { drain: drain.subscribe(), shed: Arc::clone(&shed) };
                    let serving = Arc::clone(&serving);
                    tokio::spawn(async move {
                        connection(&serving, tcp, signals).await;
                        drop(place);
                    });
                }
                Err(_) => {
                    // There are no more files.
                    shed.ring_for_all();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    };
    drop(listener);
    if let Some(admin) = &serving.current.load().admin {
        admin.close();
    }
    drain.send_replace(());
    // Those who look before they ask.
    shed.ring_for_all();
    match how {
        // The runtime is dropped, and the connections with it.
        Stop::Cut => {}
        Stop::Drain(longest) => {
            let _ = tokio::time::timeout(longest, drain.closed()).await;
        }
        #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
        Stop::Retire => drain.closed().await,
    }
}

async fn connection(serving: &Serving, tcp: TcpStream, mut signals: Signals) {
    let Limits { idle, body: longest, .. } = serving.limits;
    let (reset, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let socket = Socket { tcp, reset: Arc::clone(&reset) };
    let (current, close) = (Arc::clone(&serving.current), Arc::default());
    let last = Last::default();
    let engine = Engine { current, close, reset, asked, longest, last };
    let first = async {
        #[cfg(feature = "tls")]
        if let Some(tls) = &serving.tls {
            let secured = tls.acceptor.accept(socket).await.ok()?;
            let is_http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
            return Some((Io::Secured(Box::new(secured)), is_http2));
        }
        let is_http2 = may_be_http2(&socket.tcp).await;
        Some((Io::Plain(socket), is_http2))
    };
    let first = tokio::select! {
        biased;
        first = tokio::time::timeout(idle, first) => first,
        // It has not said anything yet.
        _ = signals.drain.changed() => return,
        () = signals.shed.notify.notified() => return,
    };
    let Ok(Some((io, is_http2))) = first else { return };
    match io {
        Io::Plain(socket) => talk(serving, TokioIo::new(socket), is_http2, engine, signals).await,
        #[cfg(feature = "tls")]
        Io::Secured(secured) => {
            Box::pin(talk(serving, TokioIo::new(secured), is_http2, engine, signals)).await;
        }
    }
}

enum Io {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Secured(Box<tokio_rustls::server::TlsStream<Socket>>),
}

async fn talk<I>(serving: &Serving, io: I, is_http2: bool, engine: Engine, signals: Signals)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (close, asked) = (Arc::clone(&engine.close), Arc::clone(&engine.asked));
    let Limits { head, idle, .. } = serving.limits;
    if is_http2 {
        let mut http = auto::Builder::new(TokioExecutor::new());
        // Answers are small: one copy costs less than the gathering of head and body.
        http.http1().writev(false);
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
            // A peer that is gone is noticed.
            .keep_alive_interval(Some(idle));
        let mut connection = Box::pin(http.serve_connection(io, engine));
        served(connection.as_mut(), signals, close, asked).await;
    } else {
        // The same without a look at the version, which costs a connection 16 KiB for as long as it
        // lives: hyper makes room for another 8 after the few bytes that were looked at.
        let connection = http1::Builder::new()
            .writev(false)
            .max_buf_size(head.max(8192))
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .serve_connection(io, engine);
        served(pin!(connection), signals, close, asked).await;
    }
}

/// Whether the first bytes may begin HTTP/2; they are not taken.
async fn may_be_http2(tcp: &TcpStream) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut first = [0; PREFACE.len()];
    let peeked = tcp.peek(&mut first).await;
    peeked.is_ok_and(|length| length > 0 && PREFACE.starts_with(&first[..length]))
}

/// Borrows the connection: whatever a future is given it keeps beside what it makes of it.
async fn served<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    mut signals: Signals,
    close: Arc<Bell>,
    asked: Arc<AtomicBool>,
) {
    loop {
        let Signals { drain, shed } = &mut signals;
        let rung = || close.rung() + shed.rung();
        let mut seen = None;
        let news = async {
            tokio::select! {
                _ = drain.changed() => News::Close,
                () = close.notify.notified() => News::Close,
                () = shed.notify.notified() => News::Shed,
            }
        };
        let mut news = pin!(news);
        let next = poll_fn(|cx| {
            // An error is the client's affair: it went away, or spoke no HTTP.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            // A stream wakes this for each frame, and to ask for news each time costs as much as half
            // of a frame. They are asked for once, which makes them wake this task, and then when there
            // are any.
            let now = rung();
            if seen.replace(now) == Some(now) {
                return Poll::Pending;
            }
            news.as_mut().poll(cx).map(Some)
        });
        match next.await {
            None => return,
            Some(News::Close) => connection.as_mut().graceful_shutdown(),
            Some(News::Shed) if asked.load(Ordering::Relaxed) => {}
            Some(News::Shed) => return,
        }
    }
}

/// What a connection is told while it lives.
enum News {
    Close,
    Shed,
}

/// Wakes those who wait for it, and lets them see at a glance whether it rang.
#[derive(Debug, Default)]
pub(super) struct Bell {
    notify: Notify,
    times: AtomicUsize,
}

impl Bell {
    /// Wakes one, now or when it comes to wait.
    pub(super) fn ring(&self) {
        self.times.fetch_add(1, Ordering::Release);
        self.notify.notify_one();
    }

    /// Wakes all who wait.
    fn ring_for_all(&self) {
        self.times.fetch_add(1, Ordering::Release);
        self.notify.notify_waiters();
    }

    fn rung(&self) -> usize {
        self.times.load(Ordering::Acquire)
    }
}
