//! One recorded request and its response.

use std::time::Duration;

use bytes::Bytes;

use super::canon::Asked;
use super::stamp::Stamp;

/// A request and its response, as they stand in a file: without secrets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Interaction {
    pub(crate) method: String,
    pub(crate) url: String,
    /// The name of the provider.
    pub(crate) provider: String,
    pub(crate) request_headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
    /// When the head of the response came, in microseconds after the request.
    pub(crate) after: u64,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) frames: Vec<Frame>,
    /// Why the response ended before its end, if it did.
    pub(crate) interrupted: Option<String>,
    /// When, by what and of whom it was recorded; older files do not say.
    pub(crate) recorded: Option<Stamp>,
    /// Where it stands in its file; 0 if it was recorded just now.
    pub(crate) line: usize,
}

/// A piece of a body, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// In microseconds after the head of the response.
    pub(crate) at: u64,
    pub(crate) bytes: Bytes,
}

impl Interaction {
    /// What was asked, to be compared.
    pub(super) fn asked(&self) -> Asked {
        let Self { method, url, provider, request_headers, body, .. } = self;
        let content_type = request_headers.iter().find(|(name, _)| name == "content-type");
        Asked {
            provider: provider.clone().into(),
            method: method.clone().into(),
            url: url.clone(),
            content_type: content_type.map(|(_, value)| value.clone()),
            body: body.clone(),
        }
    }

    /// How long ago it was recorded, at this second since 1970; `None` if it does not say.
    pub(crate) fn age(&self, now: u64) -> Option<Duration> {
        self.recorded.as_ref()?.age(now)
    }

    /// The whole body of the response.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect()
    }

    /// Whether both say the same, whenever it was said.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.status == other.status
            && self.body == other.body
            && self.interrupted == other.interrupted
            && self.said() == other.said()
    }
}
