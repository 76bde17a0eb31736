//! What may be said of a cassette before it is used.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "pseudonyms")]
use super::Mask;
#[cfg(doc)]
use super::RecordMode;
use super::deck::Settings;
use super::stamp::{MaxAge, Stale};
use super::{Cassette, Pointer};

impl Cassette {
    /// Leaves a place in the body out when requests are compared, given by a JSON Pointer in which `*`
    /// stands for every element: for dates, session ids and the like.
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.ignore("/temperature");
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ignore(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.ignored.push(pointer))
    }

    /// Compares a place in the body although it is left out when nothing is said, such as `/user` or
    /// `/metadata`; to leave a default out is then another thing than to give it. The pointer is as for
    /// [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn exact(self, pointer: &str) -> Self {
        let place = parsed(pointer);
        self.with(|settings| settings.normal.exact(pointer, place))
    }

    /// Lets a value in the body be another each time, but not be missing or of another type when requests
    /// are compared. The pointer is as for [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn volatile(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.normal.volatile(pointer))
    }

    /// Compares each text in a body as what this makes of it: for dates, paths and made-up ids inside of
    /// prompts. A body that is no JSON is one text. What is recorded stays as it was sent.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// // C:\Users\ann and /home/bob are the same to a test.
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?
    ///     .normalize(|text| text.replace(env!("CARGO_MANIFEST_DIR"), "(here)"));
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn normalize(self, change: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.normal.text(change))
    }

    /// Compares each JSON body as what this makes of it. What is recorded stays as it was sent.
    #[must_use]
    pub fn normalize_json(
        self,
        change: impl Fn(&mut serde_json::Value) + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.normal.json(change))
    }

    /// Replays, for a request that was not recorded, the recording of the nearest other one, if of a
    /// hundred words of the prompt no more than `threshold * 100` would have to be changed, put in or
    /// taken out. The default is never to do so.
    ///
    /// Only what is said may differ: another model, tool, parameter, role or number of messages is
    /// another request. It is done in [`RecordMode::Replay`] alone; the other modes ask the provider. It
    /// is told each time: by [`notes`](Self::notes) and by
    /// [`Received::replayed`](crate::Received::replayed), with the distance and the differences, and the
    /// first of a cassette on standard error.
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 1.
    #[must_use]
    #[track_caller]
    pub fn fuzzy(self, threshold: f64) -> Self {
        assert!((0.0..=1.0).contains(&threshold), "`fuzzy` takes 0 to 1, and not {threshold}");
        self.set(|settings| settings.fuzzy = Some(threshold))
    }

    /// Lets [`MockHandle::check`](crate::MockHandle::check) fail where a recording answered that was only
    /// [near enough](Self::fuzzy), with the distance and the differences. The default is not to; then they
    /// stand in its message where something else fails.
    #[must_use]
    pub fn fuzzy_fails(self, fails: bool) -> Self {
        self.set(|settings| settings.fuzzy_fails = fails)
    }

    /// Answers clients of one provider with recordings of another, where a request has no recording of
    /// its own: the conversation, the names of the tools, the choice of a tool and the form of the answer
    /// must be the same; the model and the sampling may differ, since no two vendors share them. The
    /// default is not to.
    ///
    /// What was recorded is taken apart into a [`Reply`](crate::Reply), and said in the words of the
    /// provider that is asked: its text, reasoning, refusal, calls of tools, reason to stop and usage, at
    /// the pace of the layer. Signatures of reasoning are left out; what has no such words (citations,
    /// media, tools of the vendor's own) is refused. Each is told by [`notes`](Self::notes).
    ///
    /// It is done in [`RecordMode::Replay`] alone.
    #[must_use]
    pub fn transcode(self, transcode: bool) -> Self {
        self.set(|settings| settings.transcode = transcode)
    }

    /// Leaves conversations to another cassette from this turn on, counted from 1 as
    /// [`turn`](crate::turn) counts: a recorded session that goes on in another way.
    ///
    /// The other one has a mode of its own. In [`RecordMode::RecordMissing`] the session goes on live, and
    /// is recorded there; in [`RecordMode::Replay`] it goes on as it did then; in [`RecordMode::Off`] by
    /// rules, scripts and the default reply. (Rules go before any cassette: to change one turn of a
    /// recorded session, a rule will do.) What `MOCK_LLM` says is for both, unless the other one is off.
    ///
    /// # Panics
    ///
    /// If both are the same cassette, or this is a branch of the other one.
    ///
    /// ```
    /// use tower_mock_llm::cassette::{Cassette, RecordMode};
    ///
    /// let branch = Cassette::open("tests/cassettes/none-yet-branch.jsonl")?.mode(RecordMode::Off);
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.fork_at(3, branch);
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fork_at(self, turn: usize, branch: Self) -> Self {
        assert!(!branch.leads_to(&self), "a cassette cannot be a branch of itself");
        self.set(|settings| settings.fork = Some((turn, branch)))
    }

    /// Masks a place in bodies of requests and responses and in the events of streams before they are
    /// written, beside [what always is](crate::guide::cassettes#private-by-construction). The place is
    /// not compared either. The pointer is as for [`ignore`](Self::ignore).
    ///
    /// # Panics
    ///
    /// If it does not begin with `/`.
    #[must_use]
    #[track_caller]
    pub fn redact(self, pointer: &str) -> Self {
        let pointer = parsed(pointer);
        self.with(|settings| settings.redaction.pointers.push(pointer))
    }

    /// Masks what a regular expression finds before it is written. A place in the text of a request is
    /// masked too when it is compared.
    ///
    /// # Panics
    ///
    /// If it is no regular expression.
    #[cfg(feature = "regex")]
    #[must_use]
    #[track_caller]
    pub fn redact_regex(self, pattern: &str) -> Self {
        let pattern = regex::Regex::new(pattern)
            .unwrap_or_else(|error| panic!("the pattern of `redact_regex` is none: {error}"));
        self.with(|settings| settings.redaction.patterns.push(pattern))
    }

    /// Masks what is masked by names that the same secret always has, `p_` and digits of an HMAC-SHA-256
    /// by this key: so one sees that two requests had the same customer, and a test that follows an id
    /// from answer to request still works. Without it, stars stand for every secret.
    ///
    /// A name is as long as the secret, but in headers and URLs; secrets shorter than eight bytes get
    /// stars, numbers ones. The same key gives the same names in every file, so a cassette is to be
    /// replayed with the key that it was recorded with: requests are compared when they are masked.
    /// Keep the key out of the repository if the secrets are few enough to be guessed one by one.
    ///
    /// ```
    /// use tower_mock_llm::cassette::Cassette;
    ///
    /// let key = std::env::var("CASSETTE_KEY").unwrap_or_default();
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?
    ///     .pseudonyms(key)
    ///     .redact("/metadata/customer");
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[cfg(feature = "pseudonyms")]
    #[must_use]
    pub fn pseudonyms(self, key: impl AsRef<[u8]>) -> Self {
        let mask = Mask::by_key(key.as_ref());
        self.with(|settings| settings.redaction.mask = mask)
    }

    /// Replays the last recording of a request again and again, where it is asked more often than it
    /// was recorded. The default is to refuse that.
    #[must_use]
    pub fn repeat(self, repeat: bool) -> Self {
        self.set(|settings| settings.repeat = repeat)
    }

    /// How long replayed answers take, as a multiple of what was recorded: 1 for the recorded times, 0,
    /// the default, for none. They wait on tokio's clock.
    ///
    /// # Panics
    ///
    /// If it is negative or no number.
    #[must_use]
    #[track_caller]
    pub fn timing(self, factor: f64) -> Self {
        assert!(factor >= 0.0 && factor.is_finite(), "`timing` takes 0 or more, and not {factor}");
        self.set(|settings| settings.timing = factor)
    }

    /// The age at which recordings are too old (zero: all are), and what becomes of those, and of those
    /// that do not say when they were made. Nothing is too old when this is not set, but in
    /// [`RecordMode::Refresh`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mock_llm::cassette::{Cassette, Stale};
    ///
    /// const MONTH: Duration = Duration::from_secs(30 * 86_400);
    /// let cassette = Cassette::open("tests/cassettes/none-yet.jsonl")?.max_age(MONTH, Stale::Fail);
    /// # let _ = cassette;
    /// # Ok::<(), tower_mock_llm::Error>(())
    /// ```
    #[must_use]
    pub fn max_age(self, age: Duration, stale: Stale) -> Self {
        self.set(|settings| settings.max_age = Some(MaxAge { age, stale }))
    }

    /// For what may change which requests are the same.
    fn with(self, set: impl FnOnce(&mut Settings)) -> Self {
        // What was replayed is known by the keys that are about to change.
        if self.deck().has_played_by_index() {
            // What cannot be read is told when something is asked.
            drop(self.whole());
        }
        let it = self.set(set);
        it.deck().index();
        it
    }

    fn set(self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.deck().settings));
        self
    }
}

#[track_caller]
fn parsed(pointer: &str) -> Pointer {
    Pointer::parse(pointer).unwrap_or_else(|error| panic!("{error}"))
}
