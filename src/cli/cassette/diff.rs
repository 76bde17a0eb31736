//! `mock-llm cassette diff`.

use std::io::Write;

use serde::Serialize;

use super::args::Diff;
use super::{Chosen, Failure, pointers, print_json};
use crate::cassette::DifferenceClass;
use crate::cassette::shelf::{Change, Pair, Recording, compare};

/// A difference, on one line.
#[derive(Serialize)]
struct Row<'a> {
    /// `FILE:LINE`, if there is one on that side.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<String>,
    /// `recording`, `request` or `response`.
    of: &'a str,
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<&'a str>,
}

pub(super) fn diff(options: &Diff, out: &mut dyn Write) -> Result<(), Failure> {
    let ignored = pointers(&options.ignore)?;
    let (left, right) = (Chosen::read(&options.left)?, Chosen::read(&options.right)?);
    let pairs = compare(&left.recordings(), &right.recordings(), &ignored);
    let in_left = |it: &Recording| Some(format!("{}:{}", left.file.name, it.line()));
    let in_right = |it: &Recording| Some(format!("{}:{}", right.file.name, it.line()));
    let mut rows = Vec::new();
    for pair in &pairs {
        let alone = |left, right| Row {
            left,
            right,
            of: "recording",
            pointer: "",
            class: None,
            was: None,
            is: None,
        };
        match pair {
            Pair::Left(one) => rows.push(alone(in_left(one), None)),
            Pair::Right(one) => rows.push(alone(None, in_right(one))),
            Pair::Both { left, right, changes } => {
                rows.extend(changes.iter().map(|Change { of, difference }| Row {
                    left: in_left(left),
                    right: in_right(right),
                    of,
                    pointer: &difference.pointer,
                    class: (*of == "request").then(|| difference.class.to_string()),
                    was: difference.recorded.as_deref(),
                    is: difference.asked.as_deref(),
                }));
            }
        }
    }
    // What is ignored when requests are compared is told, and is no difference.
    let volatile = DifferenceClass::Volatile.to_string();
    let differs = rows.iter().any(|row| row.class.as_ref() != Some(&volatile));
    if options.json {
        print_json(out, &rows)?;
    } else {
        let mut last = (None, None);
        for row in &rows {
            if (&row.left, &row.right) != (&last.0, &last.1) {
                match (&row.left, &row.right) {
                    (Some(left), Some(right)) => writeln!(out, "{left} and {right}:")?,
                    (Some(left), None) => writeln!(out, "{left}: nothing like it in B")?,
                    (None, Some(right)) => writeln!(out, "{right}: nothing like it in A")?,
                    (None, None) => {}
                }
                last = (row.left.clone(), row.right.clone());
            }
            if row.of != "recording" {
                let class = row.class.as_ref().map_or(String::new(), |class| format!(" ({class})"));
                let (was, is) = (row.was.unwrap_or("nothing"), row.is.unwrap_or("nothing"));
                writeln!(out, "  {} at {}{class}: {was}, then {is}", row.of, row.pointer)?;
            }
        }
    }
    if differs { Err(Failure::FoundSaid) } else { Ok(()) }
}
