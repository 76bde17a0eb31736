//! `:embedContent` and `:batchEmbedContents`.
//!
//! Forms after <https://ai.google.dev/api/embeddings> (read 2026-11-21) and after recorded traffic
//! of 2025 and 2026; the limit of a batch as issues quote it.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

use super::diagnose::{CONTENT, diagnose_as};
use super::message::Content;
use super::proto::{self, Kind, many, one};
use super::values::{int32, list};
use super::{BATCH, INDENTED, headers};
use crate::provider::{Call, Context, Provider, admit};
use crate::reply::{ApiError, Embeddings};
use crate::request::{EmbeddingSize, Head, LlmRequest};

#[derive(Deserialize)]
struct BatchEmbedContentsRequest {
    #[serde(default, deserialize_with = "list")]
    requests: Vec<EmbedContentRequest>,
}

/// What is not here (`taskType`, `title`) makes no difference to the mock's vectors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmbedContentRequest {
    content: Option<Content>,
    #[serde(alias = "output_dimensionality", default, deserialize_with = "int32")]
    output_dimensionality: Option<i32>,
}

/// For bodies that do not parse.
static EMBED: proto::Message = proto::Message {
    name: "EmbedContentRequest",
    fields: &[one("content", Kind::Message(&CONTENT)), one("output_dimensionality", Kind::Int32)],
    is_complete: false,
};
static EMBED_BATCH: proto::Message = proto::Message {
    name: "BatchEmbedContentsRequest",
    fields: &[many("requests", Kind::Message(&EMBED))],
    is_complete: false,
};

pub(super) fn parse(call: Call, head: &Head<'_>, body: &Bytes) -> Result<LlmRequest, ApiError> {
    admit(head)?;
    // No body is a message without fields.
    let json: &[u8] = if body.is_empty() { b"{}" } else { body };
    let is_batch = call.flags & BATCH != 0;
    let requests = if is_batch {
        let batch: BatchEmbedContentsRequest = serde_json::from_slice(json)
            .map_err(|error| diagnose_as(&EMBED_BATCH, json, &error))?;
        batch.requests
    } else {
        let one =
            serde_json::from_slice(json).map_err(|error| diagnose_as(&EMBED, json, &error))?;
        vec![one]
    };
    let mut faults = String::new();
    if is_batch && requests.is_empty() {
        faults.push_str("* BatchEmbedContentsRequest.requests: requests is not specified\n");
    }
    if requests.len() > MOST_REQUESTS {
        faults.push_str(
            "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n",
        );
    }
    let mut request = LlmRequest::new(Provider::GEMINI, call, body.clone());
    request.model = request.call.model.clone().unwrap_or_default();
    for (at, asked) in requests.into_iter().enumerate() {
        let path = if is_batch {
            format!("BatchEmbedContentsRequest.requests[{at}]")
        } else {
            "EmbedContentRequest".to_owned()
        };
        let mut size = native(&request.model);
        if let Some(wanted) = asked.output_dimensionality.filter(|wanted| *wanted != 0) {
            match usize::try_from(wanted) {
                Ok(dimensions) if dimensions <= size.native => size.dimensions = dimensions,
                _ => faults.push_str(&format!(
                    "* {path}.output_dimensionality: output_dimensionality must be in the range \
                     [1, {}].\n",
                    size.native
                )),
            }
        }
        match asked.content {
            Some(content) if content.is_empty() => {
                faults.push_str(&format!("* {path}.content contains an empty Part.\n"));
            }
            Some(content) => request.messages.push(content.neutral()),
            None => faults.push_str(&format!("* {path}.content: content is not specified\n")),
        }
        request.embeddings.push(size);
    }
    if faults.is_empty() { Ok(request) } else { Err(ApiError::invalid_request(faults)) }
}

/// The vendor's limit.
const MOST_REQUESTS: usize = 100;

/// The vectors that a model makes: <https://ai.google.dev/gemini-api/docs/embeddings> (read
/// 2026-11-21). Shorter ones of `gemini-embedding-001` do not have length one, as recorded.
fn native(model: &str) -> EmbeddingSize {
    match model {
        "embedding-001" | "text-embedding-004" => EmbeddingSize::of(768),
        "gemini-embedding-001" | "gemini-embedding-exp-03-07" => {
            EmbeddingSize { normalized: false, ..EmbeddingSize::of(3072) }
        }
        _ => EmbeddingSize::of(3072),
    }
}

#[derive(Serialize)]
struct EmbedContentResponse<'a> {
    embedding: ContentEmbedding<'a>,
}

#[derive(Serialize)]
struct BatchEmbedContentsResponse<'a> {
    embeddings: Vec<ContentEmbedding<'a>>,
}

#[derive(Default, Serialize)]
struct ContentEmbedding<'a> {
    values: &'a [f32],
}

pub(super) fn output(cx: &Context<'_>, embeddings: &Embeddings) -> Response<Bytes> {
    let style = INDENTED.with_newline().with_c_floats();
    let mut vectors = embeddings.vectors().iter().map(|values| ContentEmbedding { values });
    let body = if cx.request.call.flags & BATCH == 0 {
        style.to_vec(&EmbedContentResponse { embedding: vectors.next().unwrap_or_default() })
    } else {
        style.to_vec(&BatchEmbedContentsResponse { embeddings: vectors.collect() })
    };
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::bare(cx.entropy, 200, 60);
    response
}
