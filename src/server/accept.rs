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
use tokio::sync::{Notify, Semaphore, oneshot};

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

#[expect(
    clippy::disallowed_methods,
    reason = "a server has a task for each connection, and must wait when there are no more files"
)]
pub(super) async fn serve(
    listener: TcpListener,
    serving: Serving,
    mut stopped: oneshot::Receiver<Stop>,
) {
    let bell = Arc::new(Bell::default());
    let places = serving.limits.connections.min(Semaphore::MAX_PERMITS);
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(places as usize));
    let serving = Arc::new(serving);
    let how = loop {
        let place = match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                bell.ring();
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
                    let (serving, bell) = (Arc::clone(&serving), Arc::clone(&bell));
                    let heard = bell.times();
                    tokio::spawn(async move {
                        connection(&serving, tcp, &bell, heard).await;
                        drop(place);
                    });
                }
                Err(_) => {
                    // There are no more files.
                    bell.ring();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    };
    drop(listener);
    if let Some(admin) = &serving.current.load().admin {
        admin.close();
    }
    bell.ends.store(true, Ordering::Release);
    bell.ring();
    // The last connection is gone when all places are free.
    let drained = room.acquire_many(places);
    match how {
        // The runtime is dropped, and the connections with it.
        Stop::Cut => {}
        Stop::Drain(longest) => {
            let _ = tokio::time::timeout(longest, drained).await;
        }
        #[cfg(any(feature = "reqwest-0_12", feature = "reqwest-0_13"))]
        Stop::Retire => {
            let _ = drained.await;
        }
    }
}

/// Thousands of these wait at a time, so what it needs is made where it is used up: whatever lives on
/// over an `await`, an argument too, is kept in the task.
async fn connection(serving: &Serving, tcp: TcpStream, bell: &Bell, heard: usize) {
    let flags = Arc::<Flags>::default();
    let socket = Socket { tcp, flags: Arc::clone(&flags) };
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
        first = tokio::time::timeout(serving.limits.idle, first) => first,
        // It has not said anything yet.
        () = bell.rung_after(heard) => return,
    };
    let Ok(Some((io, is_http2))) = first else { return };
    let engine = Engine {
        current: Arc::clone(&serving.current),
        flags: Arc::clone(&flags),
        longest: serving.limits.body,
        last: Last::default(),
    };
    match (io, is_http2) {
        (Io::Plain(socket), false) => {
            let connection = http1(serving, TokioIo::new(socket), engine);
            served(pin!(connection), bell, heard, &flags).await;
        }
        (Io::Plain(socket), true) => {
            Box::pin(rare(serving, TokioIo::new(socket), true, engine, bell, heard)).await;
        }
        #[cfg(feature = "tls")]
        (Io::Secured(secured), _) => {
            let io = TokioIo::new(secured);
            Box::pin(rare(serving, io, is_http2, engine, bell, heard)).await;
        }
    }
}

/// What is not plain HTTP/1.1 is larger, and in a box of its own.
async fn rare<I>(
    serving: &Serving,
    io: I,
    is_http2: bool,
    engine: Engine,
    bell: &Bell,
    heard: usize,
) where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let flags = Arc::clone(&engine.flags);
    if is_http2 {
        let http = http2(serving);
        served(pin!(http.serve_connection(io, engine)), bell, heard, &flags).await;
    } else {
        served(pin!(http1(serving, io, engine)), bell, heard, &flags).await;
    }
}

enum Io {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Secured(Box<tokio_rustls::server::TlsStream<Socket>>),
}

/// Without a look at the version, which costs a connection 16 KiB for as long as it lives: hyper makes
/// room for another 8 after the few bytes that were looked at.
fn http1<I>(serving: &Serving, io: I, engine: Engine) -> http1::Connection<I, Engine>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let Limits { head, idle, .. } = serving.limits;
    http1::Builder::new()
        // Answers are small: one copy costs less than the gathering of head and body.
        .writev(false)
        .max_buf_size(head.max(8192))
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(io, engine)
}

/// For what may be HTTP/2.
fn http2(serving: &Serving) -> auto::Builder<TokioExecutor> {
    let Limits { head, idle, .. } = serving.limits;
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().writev(false);
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        // A peer that is gone is noticed.
        .keep_alive_interval(Some(idle));
    http
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
    bell: &Bell,
    mut heard: usize,
    flags: &Flags,
) {
    let mut ends = false;
    loop {
        let mut news = pin!(bell.notify.notified());
        let mut is_told = false;
        let next = poll_fn(|cx| {
            // An error is the client's affair: it went away, or spoke no HTTP.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(false);
            }
            // A stream wakes this for each frame, and to ask for news each time costs as much as half
            // of a frame. They are asked for once, which makes them wake this task.
            if !std::mem::replace(&mut is_told, true) && news.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            let has_news = flags.close.load(Ordering::Relaxed) && !ends || bell.times() != heard;
            if has_news { Poll::Ready(true) } else { Poll::Pending }
        });
        if !next.await {
            return;
        }
        heard = bell.times();
        if flags.close.load(Ordering::Relaxed) || bell.ends.load(Ordering::Acquire) {
            connection.as_mut().graceful_shutdown();
            ends = true;
        } else if !flags.asked.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// A request has come.
    pub(super) asked: AtomicBool,
    /// It is to be closed, once the answers that are on their way are sent. Set only while it is polled.
    pub(super) close: AtomicBool,
    /// Its socket is to be reset when it is dropped.
    pub(super) reset: AtomicBool,
}

/// Tells all connections that there is no room, so that whoever has not asked for anything must go, or
/// that the server ends.
#[derive(Debug, Default)]
struct Bell {
    notify: Notify,
    times: AtomicUsize,
    ends: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        self.times.fetch_add(1, Ordering::Release);
        self.notify.notify_waiters();
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::Acquire)
    }

    /// Waits until it rings for the next time after so many.
    async fn rung_after(&self, times: usize) {
        let news = self.notify.notified();
        if self.times() == times {
            news.await;
        }
    }
}
