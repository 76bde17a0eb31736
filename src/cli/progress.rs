//! How far it is, where something takes long and somebody looks.

use std::io::{IsTerminal, Write};

/// The items, one after the other. On a terminal a bar on standard error says how many are done; with few
/// of them there is none.
pub(super) fn over<T>(items: &[T]) -> Progress<'_, T> {
    let is_shown = items.len() >= MANY
        && std::io::stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let bar: Option<Box<dyn Write>> = is_shown.then(|| Box::new(std::io::stderr()) as _);
    Progress { items, done: 0, shown: None, bar }
}

/// Fewer are done before anybody could read it.
const MANY: usize = 50;

/// In letters.
const WIDTH: usize = 24;

pub(super) struct Progress<'a, T> {
    items: &'a [T],
    done: usize,
    /// How much of the bar was full when it was drawn last.
    shown: Option<usize>,
    bar: Option<Box<dyn Write>>,
}

impl<'a, T> Iterator for Progress<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let Some(item) = self.items.get(self.done) else {
            self.clear();
            return None;
        };
        self.draw();
        self.done += 1;
        Some(item)
    }
}

impl<T> Progress<'_, T> {
    /// Draws it, where it looks another than before. That it cannot be drawn is no reason to stop.
    fn draw(&mut self) {
        let Some(bar) = &mut self.bar else { return };
        let all = self.items.len();
        let percent = self.done * 100 / all;
        if self.shown.replace(percent) == Some(percent) {
            return;
        }
        let full = self.done * WIDTH / all;
        let (full, empty) = ("#".repeat(full), " ".repeat(WIDTH - full));
        let _ = write!(bar, "\r[{full}{empty}] {} of {all} files", self.done);
        let _ = bar.flush();
    }

    /// Leaves nothing of it on the line.
    fn clear(&mut self) {
        if let Some(mut bar) = self.bar.take()
            && self.shown.is_some()
        {
            let _ = write!(bar, "\r\x1b[K");
            let _ = bar.flush();
        }
    }
}

impl<T> Drop for Progress<'_, T> {
    /// What failed is said on a line of its own.
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Screen(Sender<String>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_fills_and_is_wiped_away() {
        let items: Vec<usize> = (0..200).collect();
        let (sender, drawn) = channel();
        let bar: Box<dyn Write> = Box::new(Screen(sender));
        let progress = Progress { items: &items, done: 0, shown: None, bar: Some(bar) };
        assert!(progress.copied().eq(0..200));
        let drawn: String = drawn.try_iter().collect();
        let bars: Vec<&str> = drawn.split('\r').collect();
        // Once for each of the hundred, and the end.
        assert_eq!((bars.len(), bars[0]), (102, ""));
        assert_eq!(bars[1], format!("[{}] 0 of 200 files", " ".repeat(24)));
        assert_eq!(bars[51], format!("[{}{}] 100 of 200 files", "#".repeat(12), " ".repeat(12)));
        assert_eq!(bars[101], "\x1b[K");
    }

    #[test]
    fn what_stops_in_the_middle_leaves_a_clean_line() {
        let (sender, drawn) = channel();
        let bar: Box<dyn Write> = Box::new(Screen(sender));
        let mut progress = Progress { items: &[1, 2], done: 0, shown: None, bar: Some(bar) };
        progress.next();
        drop(progress);
        assert!(drawn.try_iter().collect::<String>().ends_with("\r\x1b[K"));
        // A test's standard error is no terminal, or there are few.
        assert!(over(&[1, 2, 3]).bar.is_none());
    }
}
