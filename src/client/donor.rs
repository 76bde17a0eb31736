//! Connections of a reqwest's own making, taken from a client that dials for another.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::BoxFuture;
use crate::error::BoxError;

/// A client that dials for another.
#[derive(Debug)]
pub(super) enum Donor {
    #[cfg(feature = "reqwest-0_12")]
    V0_12((::reqwest12::Client, String)),
    #[cfg(feature = "reqwest-0_13")]
    V0_13((::reqwest::Client, String)),
}

impl Donor {
    /// One of each reqwest.
    pub(super) fn each(addr: SocketAddr) -> Result<Vec<Self>, BoxError> {
        Ok(vec![
            #[cfg(feature = "reqwest-0_13")]
            Self::V0_13(donor_0_13(addr)?),
            #[cfg(feature = "reqwest-0_12")]
            Self::V0_12(donor_0_12(addr)?),
        ])
    }

    pub(super) async fn dial(&self) -> Result<Box<dyn Any + Send>, BoxError> {
        match self {
            #[cfg(feature = "reqwest-0_12")]
            Self::V0_12((client, url)) => donated(client.get(url).send().await.err()),
            #[cfg(feature = "reqwest-0_13")]
            Self::V0_13((client, url)) => donated(client.get(url).send().await.err()),
        }
    }
}

macro_rules! donor {
    ($feature:literal, $name:ident, $reqwest:ident) => {
        #[cfg(feature = $feature)]
        fn $name(addr: SocketAddr) -> Result<(::$reqwest::Client, String), ::$reqwest::Error> {
            let client = ::$reqwest::Client::builder()
                .no_proxy()
                // Without a pool each request dials, in the task that asked for it.
                .pool_max_idle_per_host(0)
                .connector_layer(Donate)
                .build()?;
            Ok((client, format!("http://{addr}/")))
        }
    };
}

donor!("reqwest-0_12", donor_0_12, reqwest12);
donor!("reqwest-0_13", donor_0_13, reqwest);

/// Takes the connection out of the error in which [`Donate`] sent it.
fn donated<E: Into<BoxError>>(error: Option<E>) -> Result<Box<dyn Any + Send>, BoxError> {
    let error: BoxError = error.map_or_else(|| "it answered".into(), Into::into);
    let mut source: Option<&(dyn StdError + 'static)> = Some(&*error);
    while let Some(inner) = source {
        if let Some(Donation(connection)) = inner.downcast_ref() {
            let taken = connection.lock().unwrap_or_else(PoisonError::into_inner).take();
            return taken.ok_or_else(|| "a connection was donated twice".into());
        }
        source = inner.source();
    }
    Err(format!("tower-mock-llm cannot reach its own server: {error}").into())
}

/// On the donor's connector: lets the connection be made, and fails with it.
#[derive(Clone, Copy, Debug)]
struct Donate;

#[derive(Clone, Debug)]
struct Donating<S>(S);

impl<S> Layer<S> for Donate {
    type Service = Donating<S>;

    fn layer(&self, inner: S) -> Donating<S> {
        Donating(inner)
    }
}

impl<S, R> Service<R> for Donating<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async move {
            let connection: Box<dyn Any + Send> = Box::new(connecting.await?);
            Err(Donation(Mutex::new(Some(connection))).into())
        })
    }
}

/// A connection on its way to another client.
struct Donation(Mutex<Option<Box<dyn Any + Send>>>);

impl fmt::Debug for Donation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Donation")
    }
}

impl fmt::Display for Donation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection went to another client")
    }
}

impl StdError for Donation {}
