//! The port: connections are taken, served, and closed in the end.

use std::io;
use std::net::ToSocketAddrs;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot, watch};

use super::engine::Engine;
use super::socket::Socket;
use super::{Off, Stop};
use crate::admin::Admin;
use crate::mock::Mock;
use crate::upstream::Upstreams;

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

#[expect(
    clippy::disallowed_methods,
    reason = "a server has a task for each connection, and must wait when there are no more files"
)]
pub(super) async fn serve(
    listener: TcpListener,
    mock: Mock,
    off: Off,
    admin: Option<Arc<Admin>>,
    upstream: Option<Arc<Upstreams>>,
    mut stopped: oneshot::Receiver<Stop>,
) {
    let (drain, _) = watch::channel(());
    let mut http = auto::Builder::new(TokioExecutor::new());
    // Answers are small: one copy costs less than the gathering of head and body.
    http.http1().writev(false);
    let how = loop {
        tokio::select! {
            how = &mut stopped => break how.unwrap_or(Stop::Cut),
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    // Else each frame of a stream waits for the client's acknowledgement of the one
                    // before.
                    let _ = tcp.set_nodelay(true);
                    let reset = Arc::default();
                    let socket = Socket { tcp, reset: Arc::clone(&reset) };
                    let (mock, admin, upstream) = (mock.clone(), admin.clone(), upstream.clone());
                    let close = Arc::default();
                    let engine = Engine { mock, admin, off, close, reset, upstream };
                    tokio::spawn(connection(http.clone(), socket, engine, drain.subscribe()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    };
    drop(listener);
    if let Some(admin) = &admin {
        admin.close();
    }
    drain.send_replace(());
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

async fn connection(
    http: auto::Builder<TokioExecutor>,
    socket: Socket,
    engine: Engine,
    mut drain: watch::Receiver<()>,
) {
    let close = Arc::clone(&engine.close);
    let is_http2 = tokio::select! {
        biased;
        is_http2 = may_be_http2(&socket.tcp) => is_http2,
        // It has not said anything yet.
        _ = drain.changed() => return,
    };
    if is_http2 {
        let connection = http.serve_connection(TokioIo::new(socket), engine);
        Box::pin(served(connection, drain, close)).await;
    } else {
        // The same without a look at the version, which costs a connection 16 KiB for as long as it
        // lives: hyper makes room for another 8 after the few bytes that were looked at.
        let io = TokioIo::new(socket);
        let connection = http1::Builder::new().writev(false).serve_connection(io, engine);
        served(connection, drain, close).await;
    }
}

/// Whether the first bytes may begin HTTP/2; they are not taken.
async fn may_be_http2(tcp: &tokio::net::TcpStream) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut first = [0; PREFACE.len()];
    let peeked = tcp.peek(&mut first).await;
    peeked.is_ok_and(|length| length > 0 && PREFACE.starts_with(&first[..length]))
}

async fn served<C: GracefulConnection>(
    connection: C,
    mut drain: watch::Receiver<()>,
    close: Arc<Notify>,
) {
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            biased;
            // An error is the client's affair: it went away, or spoke no HTTP.
            _ = &mut connection => return,
            _ = drain.changed() => connection.as_mut().graceful_shutdown(),
            () = close.notified() => connection.as_mut().graceful_shutdown(),
        }
    }
}
