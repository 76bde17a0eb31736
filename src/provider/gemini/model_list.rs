//! `GET /v1beta/models`, and `GET /v1beta/models/{model}`.
//!
//! Forms after <https://ai.google.dev/api/models> (read 2026-11-21) and after a list that was recorded
//! in August 2026; that a model is not there is said as those quote it who met it.

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::catalog::{METHODS, MODELS, Row};
use super::{HOME, INDENTED, error, headers};
use crate::provider::catalog::{self, Entry};
use crate::provider::{Call, Context, ErrorContext};
use crate::reply::{ApiError, ErrorKind, Models};
use crate::request::Head;
use crate::util::base64::base64;
use crate::util::percent;

pub(super) fn call(head: &Head<'_>) -> Option<Call> {
    let own = ["/v1beta/models", "/v1alpha/models"];
    own.iter().find_map(|root| catalog::call(head, root)).or_else(|| {
        let call = catalog::call(head, "/v1/models")?;
        // Other vendors have the path too.
        HOME.is_meant(head).then_some(call)
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListModelsResponse<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    models: &'a [Model<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    name: String,
    version: &'a str,
    display_name: &'a str,
    description: &'a str,
    input_token_limit: u64,
    output_token_limit: u64,
    supported_generation_methods: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_temperature: Option<f32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    thinking: bool,
}

impl<'a> Model<'a> {
    fn of(entry: Entry<'a, Row>) -> Self {
        let row = match entry {
            Entry::Known(row) => row,
            Entry::Named(name) => return Self::named(name),
        };
        let sampling = row.sampling;
        Self {
            name: resource(row.name),
            version: row.version,
            display_name: row.display_name,
            description: row.description,
            input_token_limit: row.input,
            output_token_limit: row.output,
            supported_generation_methods: row.methods,
            temperature: sampling.map(|_| 1.0),
            top_p: sampling.map(|_| 0.95),
            top_k: sampling.map(|sampling| sampling.top_k),
            max_temperature: sampling.map(|sampling| sampling.max_temperature),
            thinking: row.thinks,
        }
    }

    fn named(name: &'a str) -> Self {
        Self {
            name: resource(name),
            version: "001",
            display_name: name,
            description: "A model of the mock's user.",
            input_token_limit: MODELS[0].input,
            output_token_limit: MODELS[0].output,
            supported_generation_methods: &METHODS,
            temperature: None,
            top_p: None,
            top_k: None,
            max_temperature: None,
            thinking: false,
        }
    }

    /// What stands for the page that begins behind it: as recorded, a message whose first field is the
    /// name.
    fn token(&self) -> String {
        let name = self.name.as_bytes();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        base64(&[&[10, length], name].concat())
    }
}

fn resource(name: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("models/{name}") }
}

pub(super) fn output(cx: &Context<'_>, models: &Models) -> Response<Bytes> {
    let style = INDENTED.with_newline().with_c_floats();
    let body = if cx.request.model.is_empty() {
        let all: Vec<_> = catalog::all(models, &MODELS).into_iter().map(Model::of).collect();
        let head = cx.request.head.as_head();
        let after = head.query_param("pageToken").filter(|token| !token.is_empty());
        let start = match after.map(|token| after_token(&all, token)) {
            None => 0,
            Some(Some(start)) => start,
            Some(None) => {
                let error = ApiError::invalid_request("The page token is invalid.");
                return refuse(cx, &error);
            }
        };
        let size = match head.query_param("pageSize").map(str::parse::<i32>) {
            None | Some(Ok(0)) => 50,
            Some(Ok(size @ 1..)) => size.unsigned_abs().min(1000) as usize,
            Some(_) => return refuse(cx, &ApiError::new(ErrorKind::InvalidRequest)),
        };
        let end = all.len().min(start + size);
        let next_page_token = (end < all.len()).then(|| all[end - 1].token());
        style.to_vec(&ListModelsResponse { models: &all[start..end], next_page_token })
    } else {
        match catalog::find(cx, models, &MODELS, |name| name) {
            Some(entry) => style.to_vec(&Model::of(entry)),
            None => return refuse(cx, &missing(cx)),
        }
    };
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::bare(cx.entropy, 50, 40);
    response
}

/// Where the page begins that a token stands for.
fn after_token(all: &[Model<'_>], token: &str) -> Option<usize> {
    let token = percent::decoded(token);
    all.iter().position(|model| model.token() == token).map(|at| at + 1)
}

fn missing(cx: &Context<'_>) -> ApiError {
    let version = cx.request.head.uri.path().split('/').nth(1).unwrap_or_default();
    let name = resource(&cx.request.model);
    ApiError::new(ErrorKind::ModelNotFound)
        .message(format!("Model is not found: {name} for api version {version}"))
}

fn refuse(cx: &Context<'_>, error: &ApiError) -> Response<Bytes> {
    error::error(&ErrorContext::of(cx.request, cx.created, cx.entropy), error)
}
