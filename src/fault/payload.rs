//! Frames, broken and mended: where the payload lies, and what holds the items of an array apart.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::util::rng::Rng;

/// Where the payload of a frame lies: behind the last `data: ` of an event, else from the first
/// brace, always before the line ends.
pub(super) fn payload(frame: &[u8]) -> Range<usize> {
    const DATA: &[u8] = b"data: ";
    let start = match frame.windows(DATA.len()).position(|at| at == DATA) {
        Some(at) if at == 0 || frame[at - 1] == b'\n' => at + DATA.len(),
        _ => frame.iter().position(|byte| *byte == b'{').unwrap_or(0),
    };
    let end = frame.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |at| at + 1);
    start..end.max(start)
}

/// One byte of the payload becomes a control character, which is no JSON, neither inside nor
/// outside of a string.
pub(super) fn corrupt(frame: &Bytes, rng: &mut Rng) -> Bytes {
    let payload = payload(frame);
    if payload.is_empty() {
        return frame.clone();
    }
    let at = payload.start + rng.below(payload.len() as u64) as usize;
    let mut broken = BytesMut::from(&frame[..]);
    // 1 to 8: tab and the line ends lie above.
    broken[at] = 1 + rng.below(8) as u8;
    broken.freeze()
}

/// A part of the payload, and all that is around it. Something is always missing.
pub(super) fn truncate(frame: &Bytes, rng: &mut Rng) -> Bytes {
    let payload = payload(frame);
    if payload.is_empty() {
        return frame.clone();
    }
    let kept = payload.start + rng.below(payload.len() as u64) as usize;
    let mut broken = BytesMut::from(&frame[..kept]);
    broken.extend_from_slice(&frame[payload.end..]);
    broken.freeze()
}

/// What stands before the items of an array that is sent item by item: an array from which an item
/// is missing is still an array.
#[derive(Debug, Default)]
pub(super) struct Items {
    is_open: bool,
    between: Option<Bytes>,
}

impl Items {
    /// Notes what holds the items apart, as the room writes it.
    pub(super) fn note(&mut self, frame: &Bytes) {
        if self.between.is_none()
            && let Some(at) = frame.iter().position(|byte| *byte == b'{')
            && at > 0
            && !frame.starts_with(b"[")
        {
            self.between = Some(frame.slice(..at));
        }
    }

    /// The frame with what must stand before it at this place.
    pub(super) fn place(&mut self, frame: Bytes) -> Bytes {
        let item = frame.iter().position(|byte| *byte == b'{');
        let between = self.between.as_deref().unwrap_or(b",");
        let before: &[u8] = match (self.is_open, item) {
            (false, _) => b"[",
            (true, Some(_)) => between,
            (true, None) => b"",
        };
        self.is_open = true;
        let item = item.unwrap_or(usize::from(frame.starts_with(b"[")));
        if frame[..item] == *before {
            return frame;
        }
        let mut placed = BytesMut::from(before);
        placed.extend_from_slice(&frame[item..]);
        placed.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_found() {
        for (frame, expected) in [
            ("data: {\"a\":1}\n\n", "{\"a\":1}"),
            ("event: x\ndata: {}\r\n\r\n", "{}"),
            ("data: [DONE]\n\n", "[DONE]"),
            ("\n,\r\n{\n \"a\": 1\n}", "{\n \"a\": 1\n}"),
            ("{\"text\": \"data: 1\"}\n", "{\"text\": \"data: 1\"}"),
            ("\n]", "\n]"),
            ("", ""),
            ("\n\n", ""),
        ] {
            assert_eq!(&frame[payload(frame.as_bytes())], expected, "{frame:?}");
        }
    }

    #[test]
    fn broken_payloads_are_no_json_and_keep_their_framing() {
        let frame = Bytes::from("data: {\"text\":\"grüße\",\"n\":[1,null]}\n\n");
        for seed in 0..200 {
            for broken in
                [corrupt(&frame, &mut Rng::new(seed)), truncate(&frame, &mut Rng::new(seed))]
            {
                assert!(broken.starts_with(b"data: ") && broken.ends_with(b"\n\n"), "{broken:?}");
                assert_ne!(broken, frame);
                let json = &broken[6..broken.len() - 2];
                assert!(!json.contains(&b'\n'));
                assert!(serde_json::from_slice::<serde_json::Value>(json).is_err(), "{broken:?}");
            }
        }
    }

    #[test]
    fn an_array_stays_one_whatever_is_missing() {
        let frames = ["[{\"a\":1}", "\n,\r\n{\"b\":2}", "\n,\r\n{\"c\":3}", "\n]"].map(Bytes::from);
        for order in [&[0, 1, 2, 3][..], &[1, 2, 3], &[0, 2, 3], &[1, 0, 2, 3], &[0, 0, 3], &[3]] {
            let mut items = Items::default();
            let mut body = Vec::new();
            for at in order {
                items.note(&frames[*at]);
                body.extend_from_slice(&items.place(frames[*at].clone()));
            }
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value.as_array().unwrap().len(), order.len() - 1, "{order:?}");
        }
    }
}
