//! `GET /v1/models`, and `GET /v1/models/{model_id}`.
//!
//! Forms after <https://platform.claude.com/docs/en/api/models/list> (read 2026-11-21) and after a list
//! that was recorded in August 2026.

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::catalog::{Capabilities, MODELS, Row};
use super::diagnose::invalid;
use super::{HOME, error, headers, models as names};
use crate::provider::catalog::{self, Entry};
use crate::provider::{Call, Context, ErrorContext, Provider};
use crate::reply::{ApiError, ErrorKind, Models};
use crate::request::{Head, LlmRequest};
use crate::util::percent;
use crate::wire::JsonStyle;

pub(super) fn call(head: &Head<'_>) -> Option<Call> {
    let call = catalog::call(head, "/v1/models")?;
    // Other vendors have the path too.
    HOME.is_meant(head).then_some(call)
}

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    let request = catalog::parse(Provider::ANTHROPIC, call, head, body)?;
    if head.header("anthropic-version").is_none() && !head.is_lenient() {
        return Err(invalid("anthropic-version: header is required"));
    }
    Page::of(head)?;
    Ok(request)
}

/// Which of the list are wanted.
struct Page<'a> {
    limit: usize,
    after: Option<&'a str>,
    before: Option<&'a str>,
}

impl<'a> Page<'a> {
    fn of(head: &Head<'a>) -> Result<Self, ApiError> {
        let limit = match head.query_param("limit").map(str::parse::<i64>) {
            None => 20,
            Some(Ok(limit @ 1..=1000)) => limit as usize,
            Some(Ok(limit)) => {
                let bound = if limit < 1 {
                    "greater than or equal to 1"
                } else {
                    "less than or equal to 1000"
                };
                return Err(invalid(format!("limit: Input should be {bound}")));
            }
            Some(Err(_)) => {
                return Err(invalid(
                    "limit: Input should be a valid integer, unable to parse string as an integer",
                ));
            }
        };
        let (after, before) = (head.query_param("after_id"), head.query_param("before_id"));
        Ok(Self { limit, after, before })
    }

    /// What of the list is on it, and whether there is more in its direction. A name that is not in the
    /// list does not cut it.
    fn cut<'b>(&self, all: &'b [ModelInfo<'a>]) -> (&'b [ModelInfo<'a>], bool) {
        let at = |id: &str| {
            let id = percent::decoded(id);
            all.iter().position(|model| model.id == id)
        };
        if let Some(end) = self.before.and_then(at) {
            let start = end.saturating_sub(self.limit);
            return (&all[start..end], start > 0);
        }
        let rest = self.after.and_then(at).map_or(all, |at| &all[at + 1..]);
        (&rest[..rest.len().min(self.limit)], rest.len() > self.limit)
    }
}

#[derive(Serialize)]
struct ModelPage<'a> {
    data: &'a [ModelInfo<'a>],
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelInfo<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'a str,
    max_input_tokens: Option<u64>,
    max_tokens: Option<i64>,
    capabilities: Option<Capabilities>,
}

impl<'a> ModelInfo<'a> {
    fn of(entry: Entry<'a, Row>) -> Self {
        let Row(id, display_name, created_at, input, can) = match entry {
            Entry::Known(row) => row,
            Entry::Named(name) => return Self::named(name),
        };
        Self {
            r#type: "model",
            id,
            display_name,
            created_at,
            max_input_tokens: Some(*input),
            max_tokens: names::most_tokens(id),
            capabilities: Some(can.spelled()),
        }
    }

    /// Of which nothing is known: the vendor gives the epoch where it does not know the day.
    fn named(id: &'a str) -> Self {
        let created_at = "1970-01-01T00:00:00Z";
        Self {
            r#type: "model",
            id,
            display_name: id,
            created_at,
            max_input_tokens: None,
            max_tokens: None,
            capabilities: None,
        }
    }
}

pub(super) fn output(cx: &Context<'_>, models: &Models) -> Response<Bytes> {
    let refuse = |error: &ApiError| {
        error::error(&ErrorContext::of(cx.request, cx.created, cx.entropy), error)
    };
    let body = if cx.request.model.is_empty() {
        let page = match Page::of(&cx.request.head.as_head()) {
            Ok(page) => page,
            Err(error) => return refuse(&error),
        };
        let all = catalog::all(models, &MODELS).into_iter();
        let all: Vec<ModelInfo<'_>> = all.map(ModelInfo::of).collect();
        let (data, has_more) = page.cut(&all);
        let (first_id, last_id) = (data.first().map(|it| it.id), data.last().map(|it| it.id));
        JsonStyle::COMPACT.to_vec(&ModelPage { data, has_more, first_id, last_id })
    } else {
        match catalog::find(cx, models, &MODELS, names::snapshot) {
            Some(entry) => JsonStyle::COMPACT.to_vec(&ModelInfo::of(entry)),
            None => return refuse(&ApiError::new(ErrorKind::ModelNotFound)),
        }
    };
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::list(cx.entropy);
    response
}
