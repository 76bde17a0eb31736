//! A small harness for ratios: cases run in turn, round after round, so that whatever else the
//! machine does hits all of them alike; medians of the thread's CPU time are printed with the ratio to
//! the first case.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;

/// Cases that are compared with the first of them.
pub(crate) struct Group<'a> {
    title: &'static str,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: &'static str,
    /// Runs so many iterations and says how long they took.
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
    /// Things made in one iteration.
    items: u64,
}

impl<'a> Group<'a> {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, cases: Vec::new() }
    }

    /// `run` is timed; `setup` makes its input and is not.
    pub(crate) fn case<I, R>(
        &mut self,
        name: &'static str,
        items: u64,
        mut setup: impl FnMut() -> I + 'a,
        mut run: impl FnMut(I) -> R + 'a,
    ) {
        for _ in 0..100 {
            black_box(run(setup()));
        }
        let run = Box::new(move |iterations: u64| {
            // A few at a time: inputs that have left the cache would be measured too.
            const AT_ONCE: u64 = 32;
            let mut took = Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                let inputs: Vec<I> = (0..left.min(AT_ONCE)).map(|_| setup()).collect();
                left -= inputs.len() as u64;
                let start = ThreadTime::now();
                for input in inputs {
                    black_box(run(black_box(input)));
                }
                took += start.elapsed();
            }
            took
        });
        self.cases.push(Case { name, run, items });
    }

    /// Prints a row a case.
    ///
    /// Arguments that are no flags pick the tables whose title contains one of them.
    pub(crate) fn run(mut self) {
        let mut wanted = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).peekable();
        if wanted.peek().is_some() && !wanted.any(|text| self.title.contains(&text)) {
            return;
        }
        const ROUNDS: usize = 41;
        let quick = std::env::args().any(|arg| arg == "--test");
        let rounds = if quick { 1 } else { ROUNDS };
        let batch = Duration::from_millis(if quick { 1 } else { 4 });
        let iterations: Vec<u64> = self
            .cases
            .iter_mut()
            .map(|case| {
                let one = (case.run)(64).as_nanos().max(64) / 64;
                (batch.as_nanos() / one).clamp(1, 20_000) as u64
            })
            .collect();
        let mut times = vec![Vec::new(); self.cases.len()];
        for _ in 0..rounds {
            for (index, case) in self.cases.iter_mut().enumerate() {
                let took = (case.run)(iterations[index]).as_nanos() as f64;
                times[index].push(took / iterations[index] as f64);
            }
        }
        println!("\n{}", self.title);
        println!(
            "{:<58} {:>10} {:>10} {:>7} {:>9}",
            "", "median ns", "p10 ns", "ratio", "M items/s"
        );
        let mut first = None;
        for (case, times) in self.cases.iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            let (median, low) = (times[times.len() / 2], times[times.len() / 10]);
            let ratio = median / *first.get_or_insert(median);
            let rate = case.items as f64 * 1000.0 / median;
            println!("{:<58} {median:>10.0} {low:>10.0} {ratio:>7.2} {rate:>9.2}", case.name);
        }
    }
}
