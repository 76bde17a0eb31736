//! The least that a mock must do to give one chat completion, by hand: it reads the request, looks for
//! its rules, puts an id, the model and a text between ready bytes, and enters the request into a
//! journal. It checks nothing, counts nothing, draws nothing from a seed, and knows one provider.
//! What a mock costs beyond this it pays for what it knows.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use memchr::memmem::Finder;
use serde::Deserialize;

pub(crate) struct Least {
    pub(crate) headers: HeaderMap,
    /// What stands before the id, the model and the text, and behind them.
    around: [Vec<u8>; 4],
    text: String,
    rules: Vec<Finder<'static>>,
    calls: AtomicU64,
    /// As many requests as the mock's keeps, if any.
    pub(crate) journal: Option<Mutex<VecDeque<Arc<Entry>>>>,
}

type Entry = (Parts, Bytes);

#[derive(Deserialize)]
struct Chat<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

const JOURNAL: usize = 500;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Least {
    /// Answers as a mock did with this text, but for what varies, whenever one of these is in the last
    /// message.
    pub(crate) fn like(answer: Response<Bytes>, text: &str, rules: &[&'static str]) -> Self {
        let (head, body) = answer.into_parts();
        let mut rest = &body[..];
        let mut before = |start: &str, of_value: &dyn Fn(&[u8]) -> usize| {
            let found = memchr::memmem::find(rest, start.as_bytes()).expect("it is in the answer");
            let (before, value) = rest.split_at(found + start.len());
            rest = &value[of_value(value)..];
            before.to_vec()
        };
        let to_quote = |value: &[u8]| memchr::memchr(b'"', value).expect("its end");
        let around = [
            before("\"id\": \"", &to_quote),
            before("\"model\": \"", &to_quote),
            before("\"content\": \"", &to_quote),
        ];
        let [id, model, content] = around;
        Self {
            headers: head.headers,
            around: [id, model, content, rest.to_vec()],
            text: text.to_owned(),
            rules: rules.iter().map(|text| Finder::new(*text)).collect(),
            calls: AtomicU64::new(0),
            journal: Some(Mutex::default()),
        }
    }

    pub(crate) fn answer(&self, head: Parts, body: Bytes) -> Response<Full<Bytes>> {
        let chat: Chat<'_> = serde_json::from_slice(&body).expect("a chat");
        let last = chat.messages.last().expect("a message").content.as_bytes();
        assert!(self.rules.iter().any(|rule| rule.find(last).is_some()), "no rule matches");
        let id = format!("chatcmpl-{:029}", self.calls.fetch_add(1, Ordering::Relaxed));
        let texts = [id.as_bytes(), chat.model.as_bytes(), self.text.as_bytes(), b""];
        let length = self.around.iter().map(Vec::len).chain(texts.map(<[u8]>::len)).sum();
        let mut out = Vec::with_capacity(length);
        for (before, text) in self.around.iter().zip(texts) {
            out.extend_from_slice(before);
            out.extend_from_slice(text);
        }
        let mut response = Response::new(Full::new(Bytes::from(out)));
        *response.headers_mut() = self.headers.clone();
        if let Some(value) = response.headers_mut().get_mut(REQUEST_ID) {
            *value = HeaderValue::from_str(&id).expect("an id");
        }
        if let Some(journal) = &self.journal {
            let mut journal = journal.lock().expect("no panic");
            journal.push_back(Arc::new((head, body)));
            let gone = if journal.len() > JOURNAL { journal.pop_front() } else { None };
            drop(journal);
            drop(gone);
        }
        response
    }
}
