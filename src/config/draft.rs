//! A config file that is to be written: values in order, and their YAML.

use super::node::{Node, Value};

/// A value of a file that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Draft {
    List(Vec<Draft>),
    Map(Vec<(String, Draft)>),
    /// A number, `true`, `false` or `null`.
    Plain(String),
    Text(String),
}

impl Draft {
    /// A text as it is: what would be a variable in a config file is made none.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.replace("${", "$${"))
    }

    pub(crate) fn plain(value: impl ToString) -> Self {
        Self::Plain(value.to_string())
    }

    pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Draft)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A value that was read, as it is: what would be a variable in a config file is made none.
    pub(crate) fn of(node: &Node) -> Self {
        match &node.value {
            Value::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Map(entries) => {
                let entries = entries.iter();
                Self::Map(
                    entries
                        .map(|(key, value)| (key.name.replace("${", "$${"), Self::of(value)))
                        .collect(),
                )
            }
            Value::Scalar(scalar) if scalar.is_null() => Self::plain("null"),
            Value::Scalar(scalar) if scalar.is_json() => Self::plain(&scalar.text),
            Value::Scalar(scalar) => Self::text(&scalar.text),
        }
    }

    /// A file in YAML.
    pub(crate) fn to_yaml(&self) -> String {
        let mut yaml = String::new();
        self.write(0, &mut yaml);
        yaml
    }

    /// What stands behind `key:` or `-`, and the end of the line.
    fn write_behind(&self, depth: usize, in_list: bool, yaml: &mut String) {
        match self {
            Self::Plain(value) => yaml.push_str(&format!(" {value}\n")),
            Self::Text(text) => {
                yaml.push(' ');
                write_text(text, depth, yaml);
                yaml.push('\n');
            }
            Self::List(items) if items.is_empty() => yaml.push_str(" []\n"),
            Self::Map(entries) if entries.is_empty() => yaml.push_str(" {}\n"),
            // The first line stands behind the dash.
            Self::Map(_) if in_list => {
                let mut inside = String::new();
                self.write(depth, &mut inside);
                yaml.push(' ');
                yaml.push_str(inside.trim_start_matches(' '));
            }
            _ => {
                yaml.push('\n');
                self.write(depth, yaml);
            }
        }
    }

    fn write(&self, depth: usize, yaml: &mut String) {
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    indent(depth, yaml);
                    write_key(key, yaml);
                    yaml.push(':');
                    value.write_behind(depth + 1, false, yaml);
                }
            }
            Self::List(items) => {
                for item in items {
                    indent(depth, yaml);
                    yaml.push('-');
                    item.write_behind(depth + 1, true, yaml);
                }
            }
            Self::Plain(_) | Self::Text(_) => self.write_behind(depth, false, yaml),
        }
    }
}

fn indent(depth: usize, yaml: &mut String) {
    yaml.extend(std::iter::repeat_n("  ", depth));
}

fn write_key(key: &str, yaml: &mut String) {
    if is_word(key) { yaml.push_str(key) } else { quote(key, yaml) }
}

fn write_text(text: &str, depth: usize, yaml: &mut String) {
    if is_word(text) || is_prose(text) {
        yaml.push_str(text);
    } else if is_block(text) {
        let trimmed = text.strip_suffix('\n');
        yaml.push_str(if trimmed.is_some() { "|" } else { "|-" });
        for line in trimmed.unwrap_or(text).split('\n') {
            yaml.push('\n');
            if !line.is_empty() {
                indent(depth, yaml);
                yaml.push_str(line);
            }
        }
    } else {
        quote(text, yaml);
    }
}

/// Whether it may stand without quotes, whatever reads it.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 8] = ["false", "n", "no", "null", "off", "on", "true", "yes"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && text != "y"
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether it is of plain words with spaces between.
fn is_prose(text: &str) -> bool {
    let mut words = text.split(' ');
    let is_part = |word: &str| {
        !word.is_empty()
            && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ','))
            && !word.starts_with('-')
    };
    let first = words.next().unwrap_or_default();
    first.starts_with(char::is_alphabetic) && text.contains(' ') && text.split(' ').all(is_part)
}

/// Whether it can be written line by line.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| !line.ends_with([' ', '\t']))
        && text.chars().all(|c| c == '\n' || is_printable(c))
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn quote(text: &str, yaml: &mut String) {
    yaml.push('"');
    for c in text.chars() {
        match c {
            '"' => yaml.push_str("\\\""),
            '\\' => yaml.push_str("\\\\"),
            '\n' => yaml.push_str("\\n"),
            '\r' => yaml.push_str("\\r"),
            '\t' => yaml.push_str("\\t"),
            c if is_printable(c) => yaml.push(c),
            c => yaml.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    yaml.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::node::{Node, Value};
    use crate::config::yaml;

    fn texts(node: &Node) -> Vec<String> {
        match &node.value {
            Value::List(items) => items.iter().flat_map(texts).collect(),
            Value::Map(entries) => entries
                .iter()
                .flat_map(|(key, value)| std::iter::once(key.name.clone()).chain(texts(value)))
                .collect(),
            Value::Scalar(scalar) => vec![scalar.text.clone()],
        }
    }

    #[test]
    fn every_text_comes_back() {
        let all = [
            "",
            "a",
            "no",
            "On",
            "y",
            "12",
            "1.5",
            "null",
            "~",
            " a",
            "a ",
            "a: b",
            "a #b",
            "- a",
            "it is 5, or so",
            "what?",
            "{a}",
            "[a]",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "'a'",
            "\"a\"",
            "a\\b",
            "a\nb",
            "a\nb\n",
            "a\n\n  b\n",
            "\na",
            " a\nb",
            "a\n\n",
            "a \nb",
            "a\r\nb",
            "a\tb",
            "tab\t\nb",
            "\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
            "é, ü",
            "日本 語",
            "---\na",
            "a\n---\nb",
            "a\n...",
            "-",
            "? a",
            "a:",
            ":a",
            "= a",
            "<<",
            "0x1f",
            "é",
        ];
        for text in all {
            let draft = Draft::Map(vec![
                (text.to_owned(), Draft::Text(text.to_owned())),
                (
                    "list".to_owned(),
                    Draft::List(vec![
                        Draft::Text(text.to_owned()),
                        Draft::Map(vec![(
                            "deep".to_owned(),
                            Draft::Map(vec![(text.to_owned(), Draft::Text(text.to_owned()))]),
                        )]),
                        Draft::List(vec![Draft::Text(text.to_owned())]),
                    ]),
                ),
            ]);
            let yaml = draft.to_yaml();
            let node = yaml::read(0, &yaml).unwrap_or_else(|fault| panic!("{fault}\n{yaml}"));
            let expected = [text, text, "list", text, "deep", text, text, text];
            assert_eq!(texts(&node), expected, "{yaml}");
        }
    }

    #[test]
    fn a_file_looks_as_one_would_write_it() {
        let draft = Draft::map([
            ("seed", Draft::plain(7)),
            (
                "rules",
                Draft::List(vec![Draft::map([
                    ("name", Draft::text("one")),
                    ("when", Draft::map([("last_user", Draft::text("costs ${X}?"))])),
                    ("reply", Draft::text("two\nlines")),
                    ("then", Draft::List(vec![])),
                ])]),
            ),
        ]);
        assert_eq!(
            draft.to_yaml(),
            "seed: 7\nrules:\n  - name: one\n    when:\n      last_user: \"costs $${X}?\"\n    \
             reply: |-\n      two\n      lines\n    then: []\n"
        );
    }
}
