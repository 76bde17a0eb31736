//! What a model takes: how many tokens, which way of thinking, which sampling.
//!
//! The sentences are the vendor's as issues and tests of public projects quote them, most from
//! August and September 2026; only the pointer to the documentation behind those on `top_p` and
//! `top_k` is taken over from that on `temperature`. Models of other names than the vendor's have no
//! limits.

use std::borrow::Cow;

use serde::Deserialize;

use super::diagnose::{invalid, missing, unexpected_tag};
use super::models;
use crate::reply::ApiError;
use crate::request::Head;

/// <https://platform.claude.com/docs/en/build-with-claude/extended-thinking> (read 2026-11-21).
#[derive(Deserialize)]
pub(super) struct Thinking<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    budget_tokens: Option<i64>,
}

/// What of a request is held against its model.
pub(super) struct Limits<'a> {
    pub(super) model: &'a str,
    pub(super) max_tokens: i64,
    pub(super) thinking: Option<&'a Thinking<'a>>,
    pub(super) stop_sequences: &'a [String],
    pub(super) temperature: Option<f64>,
    pub(super) top_k: Option<i64>,
    pub(super) top_p: Option<f64>,
    pub(super) forces_tool: bool,
    pub(super) head: &'a Head<'a>,
}

impl Thinking<'_> {
    /// What is wrong in it, whatever the model.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match (self.r#type.as_ref(), self.budget_tokens) {
            ("enabled", None) => Err(missing("thinking.enabled.budget_tokens")),
            ("enabled", Some(..1024)) => Err(invalid(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            )),
            ("adaptive" | "disabled", None) | ("enabled", _) => Ok(()),
            (tag @ ("adaptive" | "disabled"), Some(_)) => Err(invalid(format!(
                "thinking.{tag}.budget_tokens: Extra inputs are not permitted"
            ))),
            // The newest models', named in a sentence that they refuse `disabled` with.
            ("between_tools", _) => Ok(()),
            (tag, _) => Err(unexpected_tag("thinking", tag, &["adaptive", "disabled", "enabled"])),
        }
    }

    fn is(&self, tag: &str) -> bool {
        self.r#type == tag
    }
}

impl Limits<'_> {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.stop_sequences.iter().any(|stop| stop.trim().is_empty()) {
            return Err(invalid("stop_sequences: each stop sequence must contain non-whitespace"));
        }
        if self.max_tokens > models::LEAST_TOKENS
            && let Some(most) = models::most_tokens(self.model)
            && self.max_tokens > most
        {
            return Err(invalid(format!(
                "max_tokens: {} > {most}, which is the maximum allowed number of output tokens for \
                 {}",
                self.max_tokens,
                models::snapshot(self.model),
            )));
        }
        if let Some(thinking) = self.thinking.filter(|thinking| !thinking.is("disabled")) {
            self.check_thinking(thinking)?;
        }
        let name = if self.temperature.is_some() {
            "temperature"
        } else if self.top_p.is_some() {
            "top_p"
        } else if self.top_k.is_some() {
            "top_k"
        } else {
            return Ok(());
        };
        let Some(version) = models::version(self.model) else { return Ok(()) };
        if version >= (4, 7) {
            return Err(invalid(format!("`{name}` is deprecated for this model.")));
        }
        if version >= (4, 5) && self.temperature.is_some() && self.top_p.is_some() {
            return Err(invalid(
                "`temperature` and `top_p` cannot both be specified for this model. Please use \
                 only one.",
            ));
        }
        Ok(())
    }

    /// Whether thoughts between calls may add up to more than one answer has room for.
    fn interleaves(&self) -> bool {
        let betas = self.head.header("anthropic-beta");
        betas.is_some_and(|betas| betas.contains("interleaved-thinking"))
    }

    fn check_thinking(&self, thinking: &Thinking<'_>) -> Result<(), ApiError> {
        let version = models::version(self.model);
        let is_adaptive = version.is_some_and(|version| version >= (4, 6));
        if thinking.is("adaptive") && version.is_some() && !is_adaptive {
            return Err(invalid("adaptive thinking is not supported on this model"));
        }
        if thinking.is("enabled") && version.is_some_and(|version| version >= (4, 7)) {
            return Err(invalid(
                "\"thinking.type.enabled\" is not supported for this model. Use \
                 \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking \
                 behavior.",
            ));
        }
        let fits = thinking.budget_tokens.is_none_or(|budget| budget < self.max_tokens);
        if !fits && !self.interleaves() {
            return Err(invalid(
                "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our \
                 documentation at https://docs.claude.com/en/docs/build-with-claude/\
                 extended-thinking#max-tokens-and-context-window-size",
            ));
        }
        if thinking.is("enabled") && self.forces_tool {
            return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
        }
        let problem = if self.temperature.is_some_and(|temperature| temperature != 1.0) {
            "`temperature` may only be set to 1"
        } else if self.top_p.is_some_and(|top_p| top_p < 0.95) {
            "`top_p` must be greater than or equal to 0.95 or unset"
        } else if self.top_k.is_some() {
            "`top_k` must be unset"
        } else {
            return Ok(());
        };
        let mode = if is_adaptive { " or in adaptive mode" } else { "" };
        Err(invalid(format!(
            "{problem} when thinking is enabled{mode}. Please consult our documentation at \
             https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
        )))
    }
}
