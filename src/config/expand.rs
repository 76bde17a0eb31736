//! `${NAME}` and `${NAME:-default}`, from the environment.

use super::fault::Fault;
use super::node::{Node, Scalar, Value};

/// What a variable is set to.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Expands all texts. A variable that is not set is no error yet: only who reads its text fails.
pub(super) fn expand(node: &mut Node, env: Env<'_>) -> Result<(), Fault> {
    let place = node.place;
    match &mut node.value {
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand(item, env).map_err(|fault| fault.under(format!("[{index}]")))?;
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let mut name = Scalar { text: std::mem::take(&mut key.name), ..Scalar::default() };
                expand_text(&mut name, env).map_err(|fault| fault.at(key.place))?;
                if let Some(unset) = name.unset {
                    return Err(not_set(&unset).at(key.place));
                }
                key.name = name.text;
                expand(value, env).map_err(|fault| fault.under(&key.name))?;
            }
        }
        Value::Scalar(scalar) => expand_text(scalar, env).map_err(|fault| fault.at(place))?,
    }
    Ok(())
}

/// What to say of a variable that is needed.
pub(super) fn not_set(name: &str) -> Fault {
    Fault::new(format!(
        "the environment variable {name} is not set; set it, or write `${{{name}:-default}}`"
    ))
}

fn expand_text(scalar: &mut Scalar, env: Env<'_>) -> Result<(), Fault> {
    if !scalar.text.contains("${") {
        return Ok(());
    }
    let mut text = String::with_capacity(scalar.text.len());
    let mut rest = scalar.text.as_str();
    // Whether nothing stands beside the variables.
    let mut only = true;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        only &= before.is_empty();
        if let Some(before) = before.strip_suffix('$') {
            text.push_str(before);
            text.push_str("${");
            rest = after;
            continue;
        }
        text.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            return Err(Fault::new("`${` without `}`; write `$${` for the characters themselves"));
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(char::is_numeric) {
            return Err(Fault::new(format!(
                "`${{{inside}}}` names no environment variable; write `$${{` for the characters \
                 themselves"
            )));
        }
        // As in a shell: with `:-`, empty is as good as not set.
        let set = env(name).filter(|value| default.is_none() || !value.is_empty());
        match set.as_deref().or(default) {
            Some(value) => text.push_str(value),
            None => scalar.unset = Some(name.to_owned()),
        }
        rest = after;
    }
    text.push_str(rest);
    scalar.plain |= only && rest.is_empty();
    scalar.text = text;
    Ok(())
}
