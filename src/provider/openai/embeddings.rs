//! `POST /v1/embeddings`.
//!
//! Forms after <https://platform.openai.com/docs/api-reference/embeddings> (read 2026-11-21) and
//! after recorded traffic of 2026; errors as issues quote them.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::diagnose::{diagnose_as, missing, unsupported};
use super::headers;
use crate::provider::shape::{Shape, optional};
use crate::provider::text_or::TextOr;
use crate::provider::unquoted::unquoted;
use crate::provider::{Call, Context, Provider, admit};
use crate::reply::{ApiError, Embeddings, ErrorKind};
use crate::request::{Content, EmbeddingSize, Head, LlmRequest, Message, Role};
use crate::util::base64::base64;
use crate::wire::JsonStyle;

/// The client wants its vectors as base64: what the vendor's own clients ask for.
const BASE64: u32 = 1 << 8;

#[derive(Deserialize)]
struct CreateEmbedding<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    dimensions: Option<i64>,
    #[serde(borrow)]
    encoding_format: Option<Cow<'a, str>>,
}

/// For bodies that do not parse.
static CREATE_EMBEDDING: Shape = Shape::Object(&[
    optional("model", Shape::Text),
    optional("dimensions", Shape::Integer),
    optional("encoding_format", Shape::Text),
]);

pub(super) fn parse(mut call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    let bare = head.is_lenient().then(|| unquoted(body, &["dimensions"])).flatten();
    let read = bare.as_deref().unwrap_or(body);
    let asked: CreateEmbedding<'_> = serde_json::from_slice(read).map_err(|error| {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => diagnose_as(&CREATE_EMBEDDING, &value, &error),
            Err(_) => ApiError::new(ErrorKind::Malformed),
        }
    })?;
    let Some(model) = asked.model.filter(|model| !model.is_empty()) else {
        return Err(ApiError::invalid_request("you must provide a model parameter"));
    };
    match asked.encoding_format.as_deref() {
        None | Some("float") => {}
        Some("base64") => call.flags |= BASE64,
        Some(other) => return Err(unsupported("encoding_format", other, &["float", "base64"])),
    }
    let size = size(&model, asked.dimensions)?;
    let inputs = inputs(asked.input.ok_or_else(|| missing("input"))?)?;

    let mut request = LlmRequest::new(Provider::OPENAI, call, body.clone());
    request.model = model.into_owned();
    request.embeddings = vec![size; inputs.len()];
    request.messages =
        inputs.into_iter().map(|input| Message::new(Role::User, vec![input])).collect();
    Ok(request)
}

/// How long the vectors of a model are.
fn size(model: &str, wanted: Option<i64>) -> Result<EmbeddingSize, ApiError> {
    let known = match model {
        "text-embedding-3-large" => Some(3072),
        "text-embedding-3-small" | "text-embedding-ada-002" => Some(1536),
        _ => None,
    };
    let mut size = EmbeddingSize::of(known.unwrap_or(1536));
    let Some(wanted) = wanted else { return Ok(size) };
    if model == "text-embedding-ada-002" {
        return Err(ApiError::invalid_request(
            "This model does not support specifying dimensions.",
        ));
    }
    let most = known.unwrap_or(MOST_DIMENSIONS);
    size.dimensions = match usize::try_from(wanted) {
        Ok(dimensions) if (1..=most).contains(&dimensions) => dimensions,
        Ok(dimensions) if dimensions > most => {
            return Err(ApiError::invalid_request(format!(
                "Invalid value for 'dimensions' = {dimensions}. Must be less than or equal to \
                 {most}."
            )));
        }
        _ => {
            return Err(ApiError::invalid_request(format!(
                "Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got \
                 {wanted} instead."
            ))
            .param("dimensions")
            .code("integer_below_min_value"));
        }
    };
    Ok(size)
}

/// Of a model that is not this vendor's, at an address of the user's own.
const MOST_DIMENSIONS: usize = 8192;

/// The vendor's limit.
const MOST_INPUTS: usize = 2048;

/// A text, texts, the numbers of a tokenizer, or lists of such numbers.
fn inputs(raw: &RawValue) -> Result<Vec<Content>, ApiError> {
    let inputs = match serde_json::from_str::<TextOr<'_, &RawValue>>(raw.get()) {
        Ok(TextOr::Text(text)) => vec![Content::Text(text.into_owned())],
        Ok(TextOr::List(items)) if is_number(items.first()) => {
            vec![Content::Tokens(tokens(raw)?)]
        }
        Ok(TextOr::List(items)) => items.into_iter().map(input).collect::<Result<_, _>>()?,
        Err(_) => return Err(invalid_input()),
    };
    if inputs.is_empty() || inputs.len() > MOST_INPUTS {
        return Err(invalid_input());
    }
    Ok(inputs)
}

/// One of several. An empty text may stand alone, but not here.
fn input(raw: &RawValue) -> Result<Content, ApiError> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) if text.is_empty() => Err(invalid_input()),
        Ok(text) => Ok(Content::Text(text)),
        Err(_) => tokens(raw).map(Content::Tokens),
    }
}

fn tokens(raw: &RawValue) -> Result<Vec<u32>, ApiError> {
    let tokens: Vec<u32> = serde_json::from_str(raw.get()).map_err(|_| invalid_input())?;
    if tokens.is_empty() { Err(invalid_input()) } else { Ok(tokens) }
}

pub(super) fn is_number(first: Option<&&RawValue>) -> bool {
    first.is_some_and(|raw| raw.get().starts_with(|c: char| c.is_ascii_digit()))
}

fn invalid_input() -> ApiError {
    ApiError::invalid_request(
        "'$.input' is invalid. Please check the API reference: \
         https://platform.openai.com/docs/api-reference.",
    )
}

#[derive(Serialize)]
struct EmbeddingList<'a, T> {
    object: &'static str,
    data: Vec<T>,
    model: &'a str,
    usage: EmbeddingUsage,
}

#[derive(Serialize)]
struct EmbeddingUsage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// As recorded in July 2026, on one line.
#[derive(Serialize)]
struct Floats<'a> {
    object: &'static str,
    #[serde(serialize_with = "doubles")]
    embedding: &'a [f32],
    index: usize,
}

/// As recorded in February 2026, indented.
#[derive(Serialize)]
struct Base64 {
    object: &'static str,
    index: usize,
    embedding: String,
}

/// With as many digits as a double needs: numbers are widened first.
fn doubles<S: Serializer>(numbers: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(|number| f64::from(*number)))
}

pub(super) fn output(cx: &Context<'_>, embeddings: &Embeddings) -> Response<Bytes> {
    let vectors = embeddings.vectors().iter().enumerate();
    let body = if cx.request.call.flags & BASE64 == 0 {
        let data =
            vectors.map(|(index, vector)| Floats { object: "embedding", embedding: vector, index });
        JsonStyle::COMPACT.to_vec(&list(cx, data.collect()))
    } else {
        let data = vectors.map(|(index, vector)| Base64 {
            object: "embedding",
            index,
            embedding: base64(&bytes(vector)),
        });
        JsonStyle::INDENT2.with_newline().to_vec(&list(cx, data.collect()))
    };
    let mut response = Response::new(body.into());
    *response.headers_mut() =
        headers::answer(cx.entropy, cx.usage.input, cx.levels, "application/json");
    response
}

fn list<'a, T>(cx: &Context<'a>, data: Vec<T>) -> EmbeddingList<'a, T> {
    let tokens = cx.usage.input;
    EmbeddingList {
        object: "list",
        data,
        model: cx.answering_model(|model| model),
        usage: EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens },
    }
}

/// Numbers of 32 bits, the lowest byte first.
fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}
