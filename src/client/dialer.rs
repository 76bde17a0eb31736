//! Connections to the mock's own server, for clients of any reqwest.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::donor::Donor;
#[cfg(feature = "cassette")]
use super::live::Way;
use crate::error::BoxError;
use crate::layer::MockLlmLayer;
use crate::server::{MockServer, Off};

/// Dials the mock's own server, which it starts.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) layer: MockLlmLayer,
    line: OnceLock<Result<Line, String>>,
    #[cfg(feature = "cassette")]
    pub(super) way: Way,
}

/// A server, and a client of each reqwest to reach it with.
#[derive(Debug)]
struct Line {
    /// Only `None` while it is dropped.
    server: Option<MockServer>,
    donors: Vec<Donor>,
}

impl Dialer {
    pub(super) fn new(layer: MockLlmLayer) -> Self {
        Self {
            layer,
            line: OnceLock::new(),
            #[cfg(feature = "cassette")]
            way: Way::default(),
        }
    }

    /// A connection, if one of the donors has the reqwest in which `C` is one.
    pub(super) async fn dial<C: Send + 'static>(&self, known: &AtomicUsize) -> Result<C, BoxError> {
        let line = self.line.get_or_init(|| Line::new(self).map_err(|error| error.to_string()));
        let line = line
            .as_ref()
            .map_err(|error| format!("tower-mock-llm has no server to connect to: {error}"))?;
        let first = known.load(Ordering::Relaxed);
        for n in (0..line.donors.len()).map(|n| (first + n) % line.donors.len()) {
            let connection = line.donors[n].dial().await?;
            if let Ok(connection) = connection.downcast::<C>() {
                known.store(n, Ordering::Relaxed);
                #[cfg(feature = "cassette")]
                self.way.is_of(n);
                return Ok(*connection);
            }
        }
        Err("this client is of another reqwest than those that tower-mock-llm was built for: \
             enable its feature `reqwest-0_12` or `reqwest-0_13`"
            .into())
    }
}

impl Line {
    fn new(dialer: &Dialer) -> Result<Self, BoxError> {
        let server = MockServer::builder(dialer.layer.clone());
        #[cfg(feature = "cassette")]
        let server = match dialer.layer.mock().settings.cassette {
            Some(_) => server.recorded_through(dialer.way.sender()?),
            None => server,
        };
        let server = server.start_with(Off::Redirect)?;
        let donors = Donor::each(server.addr())?;
        Ok(Self { server: Some(server), donors })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.retire();
        }
    }
}
