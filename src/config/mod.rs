//! The config file: YAML, TOML or JSON that says what is mocked, and what it answers.
//!
//! [`MockLlmLayer::from_config`](crate::MockLlmLayer::from_config) makes a layer of one, `mock-llm
//! serve --config` a server. [The guide](crate::guide::config) describes every key.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_mock_llm::BoxError> {
//! use http_body_util::{BodyExt, Full};
//! use tower::ServiceExt;
//! use tower_mock_llm::config::Config;
//!
//! let config = Config::from_yaml(
//!     "
//! providers:
//!   mock:
//!     type: mock
//!     responses:
//!       gpt-4:
//!         default: I do not know.
//!         patterns:
//!           weather: Sunny.
//!   openai:
//!     type: openai
//!     enabled: false
//! models:
//!   gpt-4: {provider: mock, fallback_provider: openai}
//! ",
//! )?;
//! assert!(config.live().is_empty());
//! let request = http::Request::post("https://api.openai.com/v1/chat/completions")
//!     .body(Full::<bytes::Bytes>::from(
//!         r#"{"model": "gpt-4", "messages": [{"role": "user", "content": "The WEATHER?"}]}"#,
//!     ))?;
//! let response = config.layer()?.into_service().oneshot(request).await?;
//! assert_eq!(response.headers()["x-mock-llm"], "true");
//! let body = response.into_body().collect().await?.to_bytes();
//! let body: serde_json::Value = serde_json::from_slice(&body)?;
//! assert_eq!(body["choices"][0]["message"]["content"], "Sunny.");
//! # Ok(())
//! # }
//! ```

mod build;
mod de;
#[cfg(feature = "cli")]
mod draft;
mod expand;
mod exposure;
mod fallback;
mod fault;
mod file;
mod json;
mod live;
mod load;
mod make;
mod nearest;
mod node;
mod says;
mod schema;
#[cfg(test)]
mod tests;
mod toml;
mod words;
mod yaml;

use std::env::VarError;
use std::fmt;
use std::path::Path;

use self::build::Plan;
#[cfg(feature = "cli")]
pub(crate) use self::draft::Draft;
pub(crate) use self::fallback::Fallbacks;
use self::fault::Fault;
pub(crate) use self::live::LiveModels;
use self::load::{Format, Loader};
#[cfg(feature = "cli")]
pub(crate) use self::node::{Key, Node, Value};
pub use self::schema::schema;
use crate::error::Error;
use crate::layer::MockLlmLayer;

/// How deep lists and maps may be in each other.
const DEEPEST: usize = 64;

/// A config file, read and checked.
pub struct Config {
    plan: Plan,
    /// It and its includes; names, where it was given as a text.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command looks again"))]
    files: Vec<String>,
}

impl Config {
    /// Reads a file, under the profile that `MOCK_LLM_PROFILE` names, if it is set.
    ///
    /// # Errors
    ///
    /// If it cannot be read or makes no sense, or if the mock is enabled under the profile `production`.
    /// The message has file, line and column, the path of the
    /// key, and the nearest right name for a wrong one:
    /// `mock-llm.yaml:4:5: providers.mock: unknown key `enabeld`; did you mean `enabled`?`
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let profile = match std::env::var("MOCK_LLM_PROFILE") {
            // It may be meant to be `production`.
            Err(VarError::NotUnicode(_)) => {
                return Err(Error::config("MOCK_LLM_PROFILE names no profile: it is no UTF-8"));
            }
            profile => profile.ok().filter(|profile| !profile.is_empty()),
        };
        Self::load_in(path.as_ref(), profile.as_deref(), &environment)
    }

    /// Reads a file under this profile.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); if there is no such profile.
    pub fn load_profile(path: impl AsRef<Path>, profile: &str) -> Result<Self, Error> {
        Self::load_in(path.as_ref(), Some(profile), &environment)
    }

    /// Reads a text in YAML, without a profile.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        Self::parse("<yaml>", text, Format::Yaml, None, &environment)
    }

    /// Reads a text in TOML, without a profile.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Self::parse("<toml>", text, Format::Toml, None, &environment)
    }

    /// Reads a text in JSON, without a profile.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Self::parse("<json>", text, Format::Json, None, &environment)
    }

    pub(crate) fn load_in(
        path: &Path,
        profile: Option<&str>,
        env: expand::Env<'_>,
    ) -> Result<Self, Error> {
        let mut loader = Loader::new(env);
        let plan = loader.load(path, profile).and_then(|file| Plan::new(file, &loader.files)).and_then(|plan| {
            // The accident that all of this is to prevent.
            if profile == Some("production") && (plan.mocks_anything() || plan.mocks_every_key()) {
                return Err(Fault::new(
                    "under the profile `production` the mock must not answer, but it is enabled; \
                     disable it in `profiles.production`",
                ));
            }
            Ok(plan)
        });
        Self::of(plan, loader.files)
    }

    fn parse(
        name: &str,
        text: &str,
        format: Format,
        profile: Option<&str>,
        env: expand::Env<'_>,
    ) -> Result<Self, Error> {
        let mut loader = Loader::new(env);
        let plan = loader
            .parse(name, text, format, profile)
            .and_then(|file| Plan::new(file, &loader.files));
        Self::of(plan, loader.files)
    }

    fn of(plan: Result<Plan, Fault>, files: Vec<String>) -> Result<Self, Error> {
        match plan {
            Ok(plan) => Ok(Self { plan, files }),
            Err(mut fault) => {
                // What has no line of its own is about the whole file.
                if fault.place.is_none()
                    && let Some(file) = files.first()
                {
                    return Err(Error::config(format!("{file}: {}", fault.report(&[]))));
                }
                fault.place.get_or_insert_default();
                Err(Error::config(fault.report(&files)))
            }
        }
    }

    /// The files that it was read from.
    #[cfg(feature = "cli")]
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The layer that the file describes.
    ///
    /// # Errors
    ///
    /// If it would answer anything and the environment variable `MOCK_LLM_FORBID` forbids that.
    pub fn layer(&self) -> Result<MockLlmLayer, Error> {
        self.layer_that(false)
    }

    fn layer_that(&self, passes_on: bool) -> Result<MockLlmLayer, Error> {
        if !self.mocked().is_empty() && crate::claim::is_forbidden() {
            return Err(Error::config(format!(
                "MOCK_LLM_FORBID forbids to mock, but the config file does: {}",
                self.mocked().join("; ")
            )));
        }
        self.plan.layer(passes_on)
    }

    /// What of the file is answered by the mock, one line each; empty if nothing is.
    pub fn mocked(&self) -> Vec<String> {
        self.plan.mocked()
    }

    /// What of the file lets requests go to a provider, one line each; empty if nothing does.
    pub fn live(&self) -> Vec<String> {
        self.plan.live()
    }

    /// What is no mistake but may surprise, one line each.
    pub fn warnings(&self) -> Vec<String> {
        self.plan.warnings()
    }

    /// Where a server listens, as far as the file says it: host and port.
    pub fn server(&self) -> (Option<&str>, Option<u16>) {
        let server = &self.plan.file.server;
        (server.host.as_deref(), server.port)
    }

    /// Whether the file says how much is remembered.
    #[cfg(feature = "cli")]
    pub(crate) fn says_journal(&self) -> bool {
        self.plan.file.journal.is_some()
    }
}

#[cfg(feature = "server")]
impl Config {
    /// A server of the file, still to be started: what is mocked is answered, what goes live goes to the
    /// providers of the file that are enabled, once the server has an
    /// [upstream](crate::MockServerBuilder::upstream). With the feature `upstream` it has one already,
    /// if the file lets anything go live.
    ///
    /// ```
    /// use tower_mock_llm::config::Config;
    ///
    /// let config = Config::from_yaml("providers: {mock: {type: mock}}\nserver: {port: 0}\n")?;
    /// let server = config.server_builder()?.start()?;
    /// assert!(server.addr().ip().is_loopback());
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`layer`](Self::layer); if a provider that is enabled has no `base_url` and none that is known.
    pub fn server_builder(&self) -> Result<crate::MockServerBuilder, Error> {
        let routes = self.plan.routes_live()?;
        let (host, port) = self.server();
        let builder = crate::MockServer::builder(self.layer_that(true)?);
        #[cfg(feature = "upstream")]
        let builder =
            if routes.is_empty() { builder } else { builder.upstream(crate::Upstream::new()) };
        let builder = builder.routes(routes).port(port.unwrap_or(0));
        let server = &self.plan.file.server;
        let builder = builder.cors(server.cors == Some(true));
        let mut builder = builder.sessions_by_key(server.sessions_by_key == Some(true));
        if let Some(token) = &self.plan.file.server.admin_token {
            builder = builder.admin_token(&token.0);
        }
        Ok(match host {
            Some(host) => builder.host(host),
            None => builder,
        })
    }
}

/// Shows no key.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("mocked", &self.mocked())
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

impl MockLlmLayer {
    /// A layer as a config file describes it, under the profile that `MOCK_LLM_PROFILE` names: see
    /// [`config`](crate::config).
    ///
    /// ```no_run
    /// use tower_mock_llm::MockLlmLayer;
    ///
    /// let layer = MockLlmLayer::from_config("mock-llm.yaml")?;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::load`] and [`Config::layer`].
    pub fn from_config(path: impl AsRef<Path>) -> Result<Self, Error> {
        Config::load(path)?.layer()
    }
}

/// The rules of a piece of a file, in JSON, which must have nothing else: for a server that runs.
#[cfg(feature = "server")]
pub(crate) fn rules_of_json(text: &str) -> Result<Vec<crate::respond::Rule>, Error> {
    use std::collections::BTreeMap;

    use serde::de::IgnoredAny;

    // Looked at first of all, lest it include a file.
    match serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text) {
        Ok(keys) => {
            if let Some(key) = keys.keys().find(|key| !RULES.contains(&key.as_str())) {
                return Err(Error::config(format!(
                    "`{key}` cannot be changed while the server runs; there may be `{}`",
                    RULES.join("`, `")
                )));
            }
        }
        // What is no object at all is refused below, with its place.
        Err(error)
            if text.trim_start().starts_with('{')
                && serde_json::from_str::<IgnoredAny>(text).is_ok() =>
        {
            return Err(Error::config(format!("<body>: {error}")));
        }
        Err(_) => {}
    }
    // Nothing of it is expanded: who sends it is not who started the server.
    let config = Config::parse("<body>", text, Format::Json, None, &|_| None)?;
    config.plan.rules().map_err(|fault| Error::config(fault.report(&["<body>".to_owned()])))
}

/// The keys of a file that say what is answered.
#[cfg(feature = "server")]
const RULES: [&str; 3] = ["models", "providers", "rules"];

/// Another tool's file, as it is: YAML, TOML or JSON, by its name. Nothing in it is a variable.
///
/// # Errors
///
/// If it cannot be read: the message has file, line and column.
#[cfg(feature = "cli")]
pub(crate) fn read_tree(path: &Path) -> Result<Node, Error> {
    load::tree(path).map_err(|fault| Error::config(fault.report(&[path.display().to_string()])))
}

/// The same, of a JSON text.
#[cfg(feature = "cli")]
pub(crate) fn json_tree(text: &str) -> Result<Node, Error> {
    json::read(0, text).map_err(|fault| Error::config(fault.report(&[])))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn too_deep() -> Fault {
    Fault::new(format!("lists and maps more than {DEEPEST} deep"))
}

fn twice(name: &str) -> Fault {
    // It may be one of `keys`. No key of the file has a digit.
    let is_secret = name.len() >= 16 && name.contains(|c: char| c.is_ascii_digit());
    let name = if is_secret { exposure::shown(name) } else { name.to_owned() };
    Fault::new(format!("the key `{name}` stands here for the second time"))
}
