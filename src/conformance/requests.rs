//! Which requests a room takes, and how it reads them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::Request;

use super::{Samples, Suite};
use crate::provider::{Call, registry};
use crate::request::{Head, LlmRequest, RequestHead};
use crate::util::rng::Rng;

impl Suite<'_> {
    pub(super) fn claims(&mut self, samples: &Samples) {
        let provider = self.synth.provider();
        self.expect(!provider.as_str().is_empty(), || "the provider has no name".to_owned());
        for sample in [&samples.whole, &samples.stream] {
            let host = sample.uri().host().unwrap_or_default().to_owned();
            self.expect(self.synth.owns(&host), || format!("does not own its host {host:?}"));
            let upper = host.to_ascii_uppercase();
            self.expect(self.synth.owns(&upper), || format!("tells {upper:?} from {host:?}"));
            let elsewhere = [format!("{host}.example.com"), format!("x{host}")];
            for host in elsewhere.iter().map(String::as_str).chain(["", "localhost", "example.com"])
            {
                self.expect(!self.synth.owns(host), || format!("owns {host:?}"));
            }
            let others: Vec<_> =
                registry::builtin().into_iter().filter(|o| o.provider() != provider).collect();
            for other in others {
                self.expect(!other.owns(&host), || {
                    format!("{} owns the host {host:?} too", other.provider())
                });
            }
        }
        let (parts, ()) = Request::get("/").body(()).unwrap_or_default().into_parts();
        let head = RequestHead::from(parts);
        let root = self.synth.recognize(&head.as_head());
        self.expect(root.is_none(), || "recognizes `GET /` as a call".to_owned());
    }

    pub(super) fn understands(
        &mut self,
        sample: &Request<Bytes>,
        wants_stream: bool,
    ) -> Option<(Call, LlmRequest)> {
        let what = if wants_stream { "the sample stream" } else { "the sample" };
        let head = Head::of(sample);
        let call = self.calmly("it looks at a head", || self.synth.recognize(&head))?;
        self.expect(call.is_some(), || format!("does not recognize {what}"));
        let call = call?;
        let parse = || self.synth.parse(call.clone(), &head, sample.body());
        let parsed = self.calmly("it parses", parse)?;
        if let Err(error) = &parsed {
            self.expect(false, || format!("refuses {what}: {error:?}"));
        }
        let request = parsed.ok()?;
        self.expect(request.provider == self.synth.provider(), || {
            format!("gives {what} to the provider {}", request.provider)
        });
        self.expect(!request.model.is_empty(), || format!("finds no model in {what}"));
        self.expect(!request.messages.is_empty(), || format!("finds no message in {what}"));
        self.expect(request.stream == wants_stream, || {
            format!("takes {what} for {}", if request.stream { "a stream" } else { "no stream" })
        });
        self.expect(request.body == *sample.body(), || format!("does not keep the body of {what}"));
        Some((call, request))
    }

    /// Bytes from outside: cut, mangled, deep, huge, not UTF-8.
    pub(super) fn survives(&mut self, sample: &Request<Bytes>, call: &Call) {
        const LETTERS: &[u8] = b"{}[]\",:0-nt\\u\xff \x00";
        let head = Head::of(sample);
        let body = sample.body();
        let mut soups: Vec<Vec<u8>> = (0..body.len()).map(|end| body[..end].to_vec()).collect();
        let mut rng = Rng::new(0x736f_7570);
        for _ in 0..2000 {
            let mut soup = body.to_vec();
            for _ in 0..=rng.below(3) {
                let at = rng.below(soup.len().max(1) as u64) as usize;
                let letter = LETTERS[rng.below(LETTERS.len() as u64) as usize];
                match (soup.get_mut(at), rng.below(3)) {
                    (Some(byte), 0) => *byte = letter,
                    (Some(_), 1) => soup.insert(at, letter),
                    (Some(_), _) => drop(soup.remove(at)),
                    (None, _) => {}
                }
            }
            soups.push(soup);
        }
        for deep in ["[", "{\"messages\":", "{\"contents\":[{\"parts\":[", "[{\"a\":"] {
            soups.push(deep.repeat(100_000).into_bytes());
        }
        for soup in soups {
            let soup = Bytes::from(soup);
            let parse = || self.synth.parse(call.clone(), &head, &soup).map(drop);
            let Ok(result) = catch_unwind(AssertUnwindSafe(parse)) else {
                let start = String::from_utf8_lossy(&soup[..soup.len().min(200)]).into_owned();
                self.expect(false, || format!("panics while it parses {start:?}"));
                return;
            };
            if let Err(error) = result {
                self.renders(&error, &head, Some(call));
            }
        }
    }
}
