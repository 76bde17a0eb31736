//! Genuine errors of reqwest, for answers that are to be none.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::error::BoxError;
use crate::reply::NoAnswer;

/// On a client's connector: fails every connection.
#[derive(Clone)]
pub(super) struct Fail {
    pub(super) how: NoAnswer,
    pub(super) host: String,
}

/// A connector that fails.
pub(super) struct Failing<S> {
    fail: Fail,
    inner: PhantomData<fn() -> S>,
}

impl<S> Clone for Failing<S> {
    fn clone(&self) -> Self {
        Self { fail: self.fail.clone(), inner: PhantomData }
    }
}

impl fmt::Debug for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fail({})", self.how)
    }
}

impl<S> fmt::Debug for Failing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.fail, f)
    }
}

impl<S> Layer<S> for Fail {
    type Service = Failing<S>;

    fn layer(&self, _: S) -> Failing<S> {
        Failing { fail: self.clone(), inner: PhantomData }
    }
}

impl<S, R> Service<R> for Failing<S>
where
    S: Service<R, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Ready<Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: R) -> Self::Future {
        ready(Err(self.fail.how.to_io(&self.fail.host).into()))
    }
}

macro_rules! error {
    ($feature:literal, $name:ident, $reqwest:ident) => {
        /// The error that a client gets whose connection fails so: it is made by one.
        #[cfg(feature = $feature)]
        pub(super) async fn $name(
            how: NoAnswer,
            url: ::$reqwest::Url,
        ) -> Option<::$reqwest::Error> {
            let host = url.host_str().unwrap_or_default().to_owned();
            let client = ::$reqwest::Client::builder()
                .no_proxy()
                .connector_layer(Fail { how, host })
                .build();
            match client {
                Ok(client) => {
                    // Plain HTTP: its TLS may not be built in, and the connection is none anyway.
                    let mut plain = url.clone();
                    let _ = plain.set_scheme("http");
                    let error = client.get(plain).send().await.err()?;
                    Some(error.with_url(url))
                }
                Err(error) => Some(error),
            }
        }
    };
}

error!("reqwest-middleware-0_4", error_0_12, reqwest12);
error!("reqwest-middleware-0_5", error_0_13, reqwest);
