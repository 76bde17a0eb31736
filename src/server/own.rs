//! Requests that own their bytes.
//!
//! hyper hands out slices of the buffer that it read a request into. The journal keeps requests, so it
//! would keep these buffers, 8 KiB for a few hundred bytes, and hyper would make a new one for each
//! request and another for each answer that it waits for. A copy costs less.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Uri};

use crate::request::RequestHead;

/// Where a connection's last request went, which is mostly where the next one goes.
#[derive(Default)]
pub(super) struct Last(Mutex<Uri>);

/// A query may hold a key.
impl fmt::Debug for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Last(..)")
    }
}

/// Copies what a head has of the connection's buffer: one piece for all values.
pub(super) fn own_head(head: &mut RequestHead, last: &Last) {
    // Over HTTP/2 it has a host, and a buffer of its own.
    if head.uri.authority().is_none() {
        let mut last = last.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != head.uri {
            let copy = Bytes::copy_from_slice(path_and_query(&head.uri).as_bytes());
            *last = Uri::from_maybe_shared(copy).unwrap_or_default();
        }
        // It is another where it has no path, as that of `OPTIONS *`.
        if *last == head.uri {
            head.uri = last.clone();
        }
    }
    let length = head.headers.values().map(HeaderValue::len).sum();
    let mut owned = BytesMut::with_capacity(length);
    head.headers.values().for_each(|value| owned.extend_from_slice(value.as_bytes()));
    let mut owned = owned.freeze();
    for value in head.headers.values_mut() {
        if let Ok(mut copy) = HeaderValue::from_maybe_shared(owned.split_to(value.len())) {
            copy.set_sensitive(value.is_sensitive());
            *value = copy;
        }
    }
}

fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("", |place| place.as_str())
}

/// Copies a piece of a body, unless it fills the buffer anyway.
pub(super) fn own_data(data: Bytes) -> Bytes {
    /// hyper's buffers begin at twice as much, and double.
    const SMALL: usize = 4096;
    if data.len() > SMALL { data } else { Bytes::copy_from_slice(&data) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, header};

    use super::*;

    #[test]
    fn a_copied_head_is_the_same_and_lets_the_buffer_go() {
        let buffer = Bytes::from(b"/v1/chat?a=%20&b Bearer sk-1 \xe9 ".to_vec());
        let value = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value(17..28));
        headers.get_mut(header::AUTHORIZATION).unwrap().set_sensitive(true);
        headers.append("x-twice", value(29..30));
        headers.append("x-twice", value(0..0));
        let uri = Uri::from_maybe_shared(buffer.slice(..16)).unwrap();
        let mut head = RequestHead { method: Method::POST, uri, headers };
        let before = (head.uri.clone(), head.headers.clone());
        let last = Last::default();
        own_head(&mut head, &last);
        assert_eq!((&head.uri, &head.headers), (&before.0, &before.1));
        assert!(head.headers[header::AUTHORIZATION].is_sensitive());
        assert_eq!(head.headers["x-twice"], b"\xe9"[..]);
        drop(before);
        assert!(buffer.is_unique(), "something still stands in it");

        // The next one of the connection: the same case, and another.
        for place in ["/v1/chat?a=%20&b", "/V1/chat?a=%20&b", "/v1/chat", "*"] {
            let buffer = Bytes::from(place.to_owned());
            let uri = Uri::from_maybe_shared(buffer.clone()).unwrap();
            let mut head = RequestHead { uri, ..RequestHead::default() };
            own_head(&mut head, &last);
            assert_eq!(head.uri.to_string(), place);
            assert!(place == "*" || buffer.is_unique(), "{place}");
        }
    }

    #[test]
    fn a_head_with_a_host_in_its_url_keeps_it() {
        let uri = Uri::from_static("http://127.0.0.1:80/v1/models");
        let mut head = RequestHead { uri: uri.clone(), ..RequestHead::default() };
        own_head(&mut head, &Last::default());
        assert_eq!(head.uri, uri);
    }
}
