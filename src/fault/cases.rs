//! The cases of a sweep.

use std::time::Duration;

use super::Recut;
use super::kind::{Fault, Kind};
use crate::reply::ApiError;

/// Every case for an answer of so many frames.
pub(super) fn faults(frames: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    for frame in 0..frames {
        faults.extend([
            Fault::abort_after(frame),
            Fault::end_after(frame),
            Fault::stall_after(frame),
            Fault::pause_after(frame, Duration::from_secs(1)),
            Fault::error_after(frame, ApiError::overloaded()),
            Fault::drop_frame(frame),
            Fault::duplicate_frame(frame),
            Fault::swap_frames(frame),
            Fault::corrupt_frame(frame),
            Fault::truncate_frame(frame),
        ]);
    }
    faults.extend([
        Fault::abort_after(frames),
        Fault::without_terminator(),
        Fault::without_finish(),
        Fault::repeat_finish(),
        Fault::content_type("text/html"),
        Fault::content_length(1),
        Fault::trailing("<html>502 Bad Gateway</html>"),
        Fault::recut(Recut::anywhere()),
        Fault::recut(Recut::bytes()),
        Fault::recut(Recut::in_characters()),
        Fault::recut(Recut::in_line_ends()),
        Fault::recut(Recut::in_line_ends().crlf()),
        Fault::recut(Recut::together()),
        Fault::recut(Recut::frames().comments()),
        Fault::recut(Recut::frames().keep_alives()),
        Fault::recut(Recut::frames().crlf()),
        Fault::recut(Recut::frames().no_last_blank_line()),
        Fault::adversary(),
    ]);
    // JSON may not begin with one.
    if frames > 1 {
        faults.push(Fault::recut(Recut::frames().bom()));
    }
    faults
}

/// Whether a reader of the format finds the whole answer in it.
pub(super) fn is_harmless(fault: &Fault) -> bool {
    match &fault.0 {
        Kind::Recut(recut) => recut.is_same(),
        Kind::Pause { .. } => true,
        _ => false,
    }
}

/// Whether a stream without numbers has nothing to tell it by.
pub(super) fn is_unseen(fault: &Fault) -> bool {
    matches!(
        fault.0,
        Kind::Drop { .. } | Kind::Duplicate { .. } | Kind::RepeatFinish | Kind::Swap { .. }
    )
}
