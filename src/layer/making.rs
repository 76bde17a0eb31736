//! How a layer is made, and switched.

use std::sync::Arc;

use super::MockLlmLayer;
use crate::claim::{Claims, Mode, Unmatched, is_forbidden};
use crate::error::Error;
use crate::journal::Bound;
use crate::mock::{Mock, Settings, Shared};
use crate::pace::Pace;
use crate::provider::registry;
use crate::respond::DefaultReply;
use crate::util::tokens::Chunking;

/// How it is made, and switched.
impl MockLlmLayer {
    /// A layer that answers for every built-in provider.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            #[cfg(feature = "cassette")]
            cassette: None,
            #[cfg(feature = "cassette")]
            cassette_mode: None,
            check_replies: true,
            claims: Claims {
                rooms: registry::builtin(),
                providers: None,
                keys: None,
                hosts: None,
                local: Vec::new(),
                owned: Vec::new(),
                everywhere: false,
                unmatched: Unmatched::Refuse,
            },
            chunking: Chunking::default(),
            default: Arc::new(DefaultReply::new(0)),
            fault_header: None,
            #[cfg(feature = "config")]
            fallbacks: None,
            #[cfg(feature = "config")]
            live_models: None,
            journal: Bound { entries: 500, bytes: 64 * 1024 * 1024 },
            lenient: false,
            marked: false,
            max_body: 16 * 1024 * 1024,
            models: Vec::new(),
            own_default: false,
            pace: Pace::INSTANT,
            pace_header: None,
            paces: Vec::new(),
            prompt_caching: None,
            quota: None,
            seed: 0,
            tokenizer: None,
            strict: None,
            troubles: Vec::new(),
            watch: false,
        };
        let mock = Mock {
            settings: Arc::new(settings),
            shared: Arc::new(Shared::default()),
            #[cfg(feature = "cassette")]
            records: false,
        };
        Self { mock }
    }

    /// A layer that the environment variable `MOCK_LLM` switches: `mock` on, `off` or unset off. With
    /// the feature `cassette`, `replay`, `record_missing`, `record_all`, `refresh` and `verify` switch it on
    /// too, and say what its cassette does.
    ///
    /// # Errors
    ///
    /// If the variable has any other value, or `MOCK_LLM_FORBID` forbids what it says.
    pub fn from_env() -> Result<Self, Error> {
        let value = std::env::var_os("MOCK_LLM");
        let value = value.as_deref().map_or("off".into(), std::ffi::OsStr::to_string_lossy);
        #[cfg(feature = "cassette")]
        let cassette_mode = crate::cassette::RecordMode::parse(&value);
        #[cfg(feature = "cassette")]
        let mode = cassette_mode.map_or_else(|| Mode::parse(&value), |_| Ok(Mode::Mock))?;
        #[cfg(not(feature = "cassette"))]
        let mode = Mode::parse(&value)?;
        if mode == Mode::Mock && is_forbidden() {
            let why = format!("MOCK_LLM is `{value}`, but MOCK_LLM_FORBID forbids to mock");
            return Err(Error::config(why));
        }
        let layer = Self::new().enabled(mode == Mode::Mock);
        #[cfg(feature = "cassette")]
        let layer = layer.with(|settings| settings.cassette_mode = cassette_mode);
        Ok(layer)
    }

    /// Switches the mock on (the default) or off: the types are the same either way.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        // Whether that is forbidden is asked when it starts.
        self.mock.set_mode(if enabled { Mode::Mock } else { Mode::Off });
        self
    }
}

impl Default for MockLlmLayer {
    fn default() -> Self {
        Self::new()
    }
}
