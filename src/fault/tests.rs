//! Faults over frames, without a runtime.

use bytes::Bytes;

use super::*;
use crate::provider::Entropy;
use crate::reply::ApiError;
use crate::wire::{Frame, FrameBuf, FrameKind};

fn frames() -> Vec<Frame> {
    [
        ("data: {\"a\":\"ü\"}\n\n", FrameKind::Plain),
        ("data: {\"b\":2}\n\n", FrameKind::Plain),
        ("data: {\"end\":1}\n\n", FrameKind::Finish),
        ("data: [DONE]\n\n", FrameKind::Terminator),
    ]
    .map(|(text, kind)| Frame { bytes: Bytes::from(text), kind })
    .to_vec()
}

fn disrupted(frames: Vec<Frame>, fault: Fault, shape: Shape, seed: u64) -> Vec<Step> {
    let mut error = FrameBuf::new();
    error.frame(|buf| buf.extend_from_slice(b"data: {\"error\":1}\n\n"));
    let disruption = Disruption::new(fault, shape, Entropy::new(seed), error);
    Disrupt::new(frames.into_iter(), Some(Box::new(disruption))).collect()
}

/// The steps in short: letters for the frames, as far as they are whole.
fn played(fault: Fault) -> String {
    let short = |step: &Step| match step {
        Step::Abort => "!".to_owned(),
        Step::Pause(wait) => format!("({})", wait.as_secs()),
        Step::Stall => "~".to_owned(),
        Step::Send(bytes) => match frames().iter().position(|frame| frame.bytes == bytes) {
            Some(at) => ["a", "b", "f", "t"][at].to_owned(),
            None if bytes.starts_with(b"data: {\"error\"") => "e".to_owned(),
            None => "?".to_owned(),
        },
    };
    disrupted(frames(), fault, Shape::Events, 1).iter().map(short).collect()
}

#[test]
fn each_kind_of_trouble_comes_in_its_place() {
    use std::time::Duration;
    let error = || ApiError::overloaded();
    for (fault, steps) in [
        (Fault::abort_after(2), "ab!"),
        (Fault::abort_after(0), "!"),
        (Fault::abort_after(4), "abft!"),
        (Fault::abort_after(9), "abft"),
        (Fault::end_after(1), "a"),
        (Fault::end_after(0), ""),
        (Fault::end_after(4), "abft"),
        (Fault::stall_after(0), "~"),
        (Fault::stall_after(3), "abf~"),
        (Fault::pause_after(1, Duration::from_secs(5)), "a(5)bft"),
        (Fault::pause_after(4, Duration::from_secs(5)), "abft(5)"),
        (Fault::error_after(0, error()), "e"),
        (Fault::error_after(2, error()), "abe"),
        (Fault::error_after(9, error()), "abft"),
        (Fault::without_terminator(), "abf"),
        (Fault::without_finish(), "abt"),
        (Fault::repeat_finish(), "abfft"),
        (Fault::drop_frame(1), "aft"),
        (Fault::duplicate_frame(0), "aabft"),
        (Fault::swap_frames(0), "baft"),
        (Fault::swap_frames(3), "abft"),
        (Fault::corrupt_frame(1), "a?ft"),
        (Fault::truncate_frame(1), "a?ft"),
        (Fault::trailing("x"), "abft?"),
        (Fault::content_length(3), "abft"),
        (Fault::content_type("text/html"), "abft"),
    ] {
        let name = format!("{fault:?}");
        assert_eq!(played(fault), steps, "{name}");
    }
}

#[test]
fn of_a_room_that_marks_nothing_the_last_frame_is_the_terminator() {
    let plain = |frame: Frame| Frame { kind: FrameKind::Plain, ..frame };
    let unmarked: Vec<_> = frames().into_iter().map(plain).collect();
    let fault = Fault::without_terminator();
    assert_eq!(disrupted(unmarked.clone(), fault.clone(), Shape::Events, 1).len(), 3);
    assert_eq!(disrupted(unmarked, fault.clone(), Shape::Whole, 1).len(), 4);
    // Gemini's events end with the finish.
    let mut no_terminator = frames();
    no_terminator.pop();
    assert_eq!(disrupted(no_terminator, fault, Shape::Events, 1).len(), 3);
}

fn pieces(recut: Recut, shape: Shape, seed: u64) -> Vec<Bytes> {
    let steps = disrupted(frames(), Fault::recut(recut), shape, seed);
    let bytes = |step| match step {
        Step::Send(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    steps.into_iter().map(bytes).collect()
}

fn body() -> Vec<u8> {
    frames().iter().flat_map(|frame| frame.bytes.to_vec()).collect()
}

#[test]
fn a_body_that_is_cut_is_the_same_body() {
    for recut in [
        Recut::anywhere(),
        Recut::bytes(),
        Recut::frames(),
        Recut::in_characters(),
        Recut::in_line_ends(),
        Recut::together(),
    ] {
        for seed in 0..20 {
            let pieces = pieces(recut, Shape::Events, seed);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert_eq!(pieces.concat(), body(), "{recut:?}");
        }
    }
}

#[test]
fn each_cut_is_where_it_says() {
    let of = |recut| pieces(recut, Shape::Events, 1);
    assert_eq!(of(Recut::bytes()).len(), body().len());
    assert_eq!(of(Recut::together()).len(), 1);
    assert_eq!(of(Recut::frames()).len(), 4);
    let split = of(Recut::in_characters());
    assert_eq!(split.len(), 5);
    assert!(split[0].ends_with(&[0xc3]) && split[1].starts_with(&[0xbc]));
    // Four blank lines, each cut between its line ends.
    let split = of(Recut::in_line_ends());
    assert_eq!(split.len(), 8);
    assert!(split.iter().all(|piece| piece.ends_with(b"\n")));
    let split = of(Recut::in_line_ends().crlf());
    assert_eq!(split.iter().filter(|piece| piece.ends_with(b"\r")).count(), 8);
    let sizes = |seed| pieces(Recut::anywhere(), Shape::Events, seed).len();
    assert_eq!(sizes(3), sizes(3));
    assert!((0..20).map(sizes).collect::<std::collections::HashSet<_>>().len() > 1);
}

#[test]
fn what_is_written_otherwise_is_allowed_by_the_format() {
    let of = |recut| String::from_utf8(pieces(recut, Shape::Events, 1).concat()).unwrap();
    let plain = String::from_utf8(body()).unwrap();
    assert_eq!(of(Recut::frames().bom()), format!("\u{feff}{plain}"));
    assert_eq!(of(Recut::frames().crlf()), plain.replace('\n', "\r\n"));
    assert_eq!(of(Recut::frames().no_last_blank_line()), plain.trim_end());
    assert_eq!(of(Recut::frames().keep_alives()).replace(":\n\n", ""), plain);
    let commented = of(Recut::frames().comments());
    assert_eq!(commented.lines().filter(|line| line.starts_with(": ")).count(), 4);
    let uncommented: Vec<_> =
        commented.split_inclusive('\n').filter(|line| !line.starts_with(": ")).collect();
    assert_eq!(uncommented.concat(), plain);

    // JSON has no comments; blank lines may stand before it, and line ends between its tokens.
    let json =
        || vec![Frame { bytes: Bytes::from("{\n  \"a\": \"\\n\"\n}\n"), kind: FrameKind::Plain }];
    let recut = Recut::together().comments().keep_alives().crlf().no_last_blank_line();
    let steps = disrupted(json(), Fault::recut(recut), Shape::Whole, 1);
    let expected = "\n   \n{\r\n  \"a\": \"\\n\"\r\n}";
    assert_eq!(steps, [Step::Send(Bytes::from(expected))]);
}

#[test]
fn the_adversary_differs_by_request_and_never_by_run() {
    let of = |seed| pieces(Recut::adversary(), Shape::Events, seed);
    let mut bodies = std::collections::HashSet::new();
    for seed in 0..64 {
        assert_eq!(of(seed), of(seed));
        let body = of(seed).concat();
        assert!(body.ends_with(b"\n\n") || body.ends_with(b"\r\n\r\n"));
        bodies.insert(body);
    }
    assert!(bodies.len() > 10, "{}", bodies.len());
}

/// An answer carries it, whether or not there is trouble.
#[test]
fn a_fault_is_no_weight() {
    assert!(size_of::<Option<Fault>>() <= 24, "{}", size_of::<Option<Fault>>());
}
