//! Files, found, read and laid over each other.

use std::path::{Path, PathBuf};

use super::de::{At, from_node};
use super::expand::{Env, expand};
use super::fault::Fault;
use super::file::File;
use super::node::{Node, Place, Scalar, Value};
use super::{json, toml, yaml};

/// The profiles that need no section of their own.
pub(super) const PROFILES: [&str; 4] = ["dev", "ci", "demo", "production"];

/// The lists that are joined where files are laid over each other: the first that fits decides.
const JOINED: [&str; 2] = ["rules", "trouble"];

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Toml,
    Yaml,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Fault> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("toml") => Ok(Self::Toml),
            Some("yaml" | "yml") => Ok(Self::Yaml),
            _ => Err(Fault::new(
                "its name must end in `.yaml`, `.yml`, `.toml` or `.json`, so that its format is \
                 known",
            )),
        }
    }
}

/// What reads files: the names of those that it read, for messages.
pub(super) struct Loader<'a> {
    pub(super) env: Env<'a>,
    pub(super) files: Vec<String>,
    /// Those that are being read, one including the next.
    open: Vec<PathBuf>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(env: Env<'a>) -> Self {
        Self { env, files: Vec::new(), open: Vec::new() }
    }

    /// The file as it holds under the profile, checked in all its profiles.
    pub(super) fn load(&mut self, path: &Path, profile: Option<&str>) -> Result<File, Fault> {
        let node = self.read(path)?;
        self.settle(node, profile)
    }

    /// The same, from a text that includes nothing.
    pub(super) fn parse(
        &mut self,
        name: &str,
        text: &str,
        format: Format,
        profile: Option<&str>,
    ) -> Result<File, Fault> {
        self.files.push(name.to_owned());
        let mut node = parse(0, text, format)?;
        if let Some(include) = node.take("include") {
            return Err(Fault::new("a text cannot include files")
                .at(include.place)
                .under("include"));
        }
        expand(&mut node, self.env)?;
        self.settle(node, profile)
    }

    fn settle(&mut self, mut node: Node, profile: Option<&str>) -> Result<File, Fault> {
        let profiles = match node.take("profiles") {
            Some(Node { value: Value::Map(profiles), .. }) => profiles,
            Some(node) if !node.is_null() => {
                return Err(Fault::new(format!("expected a map, but it is {}", node.kind()))
                    .at(node.place)
                    .under("profiles"));
            }
            _ => Vec::new(),
        };
        // A mistake in a profile that is not chosen is one all the same.
        for (key, over) in &profiles {
            let under = |fault: Fault| fault.under(&key.name).under("profiles");
            for nested in ["include", "profiles"] {
                if let Some(node) = over.get(nested) {
                    let fault = Fault::new("belongs to the top of a file").at(node.place);
                    return Err(under(fault.under(nested)));
                }
            }
            let mut over = over.clone();
            excuse(&mut over, true);
            from_node::<File>(&over).map_err(under)?;
        }
        if let Some(name) = profile {
            let known = profiles.iter().map(|(key, _)| key.name.as_str());
            let known: Vec<_> = known.chain(PROFILES).collect();
            match profiles.iter().find(|(key, _)| key.name == name) {
                Some((_, over)) => node.overlay_file(over.clone(), &JOINED),
                None if PROFILES.contains(&name) => {}
                None => return Err(Fault::unknown("profile", name, &known)),
            }
        }
        excuse(&mut node, false);
        from_node(&node)
    }

    /// A file, and beneath it those that it includes.
    fn read(&mut self, path: &Path) -> Result<Node, Fault> {
        let file = u16::try_from(self.files.len()).unwrap_or(u16::MAX);
        self.files.push(path.display().to_string());
        let top = Place { file, line: 1, column: 1 };
        if self.open.iter().any(|open| open == path) || self.files.len() > 100 {
            return Err(Fault::new("it is included by itself, or by too many").at(top));
        }
        let format = Format::of(path).map_err(|fault| fault.at(top))?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| Fault::new(format!("cannot be read: {error}")).at(top))?;
        let mut node = parse(file, &text, format)?;
        expand(&mut node, self.env)?;
        let Some(include) = node.take("include") else { return Ok(node) };
        let under = |fault: Fault| fault.under("include");
        let names: Vec<At<String>> = match &include.value {
            Value::Scalar(_) => vec![from_node(&include).map_err(under)?],
            _ => from_node(&include).map_err(under)?,
        };
        self.open.push(path.to_owned());
        let mut base = Node { place: node.place, value: Value::Map(Vec::new()) };
        for At { place, value: name } in names {
            let other = path.parent().unwrap_or(Path::new("")).join(&name);
            if !other.is_file() {
                let fault = Fault::new(format!("there is no file {}", other.display()));
                return Err(under(fault.at(place)));
            }
            let other = self.read(&other)?;
            base.overlay_file(other, &JOINED);
        }
        self.open.pop();
        base.overlay_file(node, &JOINED);
        Ok(base)
    }
}

/// A file as it is, whatever it is for.
#[cfg(feature = "cli")]
pub(super) fn tree(path: &Path) -> Result<Node, Fault> {
    let top = Place { file: 0, line: 1, column: 1 };
    let format = Format::of(path).map_err(|fault| fault.at(top))?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::new(format!("cannot be read: {error}")).at(top))?;
    parse(0, &text, format)
}

fn parse(file: u16, text: &str, format: Format) -> Result<Node, Fault> {
    // Some editors on Windows begin a file with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json::read(file, text),
        Format::Toml => toml::read(file, text),
        Format::Yaml => yaml::read(file, text),
    }
}

/// What is switched off needs no variables: what they would say is taken as empty, under `enabled:
/// false`, or wherever it `is_off` already.
fn excuse(node: &mut Node, is_off: bool) {
    let is_false = |node: &Node| match &node.value {
        Value::Scalar(Scalar { text, plain, .. }) => *plain && text == "false",
        _ => false,
    };
    let is_off = is_off || node.get("enabled").is_some_and(is_false);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| excuse(item, is_off)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| excuse(&mut entry.1, is_off)),
        Value::Scalar(scalar) => {
            if is_off && scalar.unset.take().is_some() {
                scalar.plain = true;
                scalar.text.clear();
            }
        }
    }
}
