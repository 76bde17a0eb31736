//! `GET /v1/models`, and `GET /v1/models/{model}`.
//!
//! Forms after <https://platform.openai.com/docs/api-reference/models> (read 2026-11-21) and after a
//! list that was recorded in June 2025; that a model is not there is said as the guides quote it.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde::Serialize;

use super::{HOME, error, headers};
use crate::provider::catalog::{self, Entry};
use crate::provider::home::Home;
use crate::provider::{Call, Context, ErrorContext};
use crate::reply::{ApiError, ErrorKind, Models};
use crate::request::Head;
use crate::wire::JsonStyle;

pub(super) fn call(head: &Head<'_>) -> Option<Call> {
    let call = catalog::call(head, "/v1/models")?;
    // Other vendors have the path too.
    let is_ours = head.host.is_some_and(|host| HOME.owns(host)) || Home::of_client(head).is_none();
    is_ours.then_some(call)
}

#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl<'a> Model<'a> {
    fn of(entry: Entry<'a, Row>, now: u64) -> Self {
        let (id, created, owned_by) = match entry {
            Entry::Known(Row(id, created, owner)) => (*id, *created, *owner),
            Entry::Named(name) => (name, now, headers::ORGANIZATION),
        };
        Self { id, object: "model", created, owned_by }
    }
}

pub(super) fn output(cx: &Context<'_>, models: &Models) -> Response<Bytes> {
    let style = JsonStyle::INDENT2;
    let body = if cx.request.model.is_empty() {
        let all = catalog::all(models, &MODELS).into_iter();
        let data = all.map(|entry| Model::of(entry, cx.created)).collect();
        style.to_vec(&ModelList { object: "list", data })
    } else {
        match catalog::find(cx, models, &MODELS, |name| name) {
            Some(entry) => style.to_vec(&Model::of(entry, cx.created)),
            None => return missing(cx),
        }
    };
    let mut response = Response::new(body.into());
    *response.headers_mut() = headers::list(cx.entropy);
    response
}

fn missing(cx: &Context<'_>) -> Response<Bytes> {
    let words = Cow::from(format!("The model '{}' does not exist", cx.request.model));
    let missing = ApiError::new(ErrorKind::ModelNotFound).message(words).param("model");
    error::error(&ErrorContext::of(cx.request, cx.created, cx.entropy), &missing)
}

/// Name, seconds since 1970 when it was made, owner.
struct Row(&'static str, u64, &'static str);

impl catalog::Row for Row {
    fn name(&self) -> &'static str {
        self.0
    }
}

/// What the mock answers for, of the recorded list and in its order: conversations and embeddings.
static MODELS: [Row; 67] = [
    Row("gpt-4-0613", 1_686_588_896, "openai"),
    Row("gpt-4", 1_687_882_411, "openai"),
    Row("gpt-3.5-turbo", 1_677_610_602, "openai"),
    Row("gpt-4o-audio-preview-2025-06-03", 1_748_908_498, "system"),
    Row("gpt-4-1106-preview", 1_698_957_206, "system"),
    Row("gpt-3.5-turbo-1106", 1_698_959_748, "system"),
    Row("text-embedding-3-small", 1_705_948_997, "system"),
    Row("text-embedding-3-large", 1_705_953_180, "system"),
    Row("gpt-4-0125-preview", 1_706_037_612, "system"),
    Row("gpt-4-turbo-preview", 1_706_037_777, "system"),
    Row("gpt-3.5-turbo-0125", 1_706_048_358, "system"),
    Row("gpt-4-turbo", 1_712_361_441, "system"),
    Row("gpt-4-turbo-2024-04-09", 1_712_601_677, "system"),
    Row("gpt-4o", 1_715_367_049, "system"),
    Row("gpt-4o-2024-05-13", 1_715_368_132, "system"),
    Row("gpt-4o-mini-2024-07-18", 1_721_172_717, "system"),
    Row("gpt-4o-mini", 1_721_172_741, "system"),
    Row("gpt-4o-2024-08-06", 1_722_814_719, "system"),
    Row("chatgpt-4o-latest", 1_723_515_131, "system"),
    Row("o1-preview-2024-09-12", 1_725_648_865, "system"),
    Row("o1-preview", 1_725_648_897, "system"),
    Row("o1-mini-2024-09-12", 1_725_648_979, "system"),
    Row("o1-mini", 1_725_649_008, "system"),
    Row("gpt-4o-audio-preview-2024-10-01", 1_727_389_042, "system"),
    Row("gpt-4o-audio-preview", 1_727_460_443, "system"),
    Row("gpt-4o-audio-preview-2024-12-17", 1_734_034_239, "system"),
    Row("gpt-4o-mini-audio-preview-2024-12-17", 1_734_115_920, "system"),
    Row("o1-2024-12-17", 1_734_326_976, "system"),
    Row("o1", 1_734_375_816, "system"),
    Row("gpt-4o-mini-audio-preview", 1_734_387_424, "system"),
    Row("o3-mini", 1_737_146_383, "system"),
    Row("o3-mini-2025-01-31", 1_738_010_200, "system"),
    Row("gpt-4o-2024-11-20", 1_739_331_543, "system"),
    Row("gpt-4o-search-preview-2025-03-11", 1_741_388_170, "system"),
    Row("gpt-4o-search-preview", 1_741_388_720, "system"),
    Row("gpt-4o-mini-search-preview-2025-03-11", 1_741_390_858, "system"),
    Row("gpt-4o-mini-search-preview", 1_741_391_161, "system"),
    Row("o3-2025-04-16", 1_744_133_301, "system"),
    Row("o4-mini-2025-04-16", 1_744_133_506, "system"),
    Row("o3", 1_744_225_308, "system"),
    Row("o4-mini", 1_744_225_351, "system"),
    Row("gpt-4.1-2025-04-14", 1_744_315_746, "system"),
    Row("gpt-4.1", 1_744_316_542, "system"),
    Row("gpt-4.1-mini-2025-04-14", 1_744_317_547, "system"),
    Row("gpt-4.1-mini", 1_744_318_173, "system"),
    Row("gpt-4.1-nano-2025-04-14", 1_744_321_025, "system"),
    Row("gpt-4.1-nano", 1_744_321_707, "system"),
    Row("gpt-3.5-turbo-16k", 1_683_758_102, "openai-internal"),
    Row("text-embedding-ada-002", 1_671_217_299, "openai-internal"),
    // Not in that list; as old as their names say.
    Row("o4-mini-deep-research-2025-06-26", 1_750_896_000, "system"),
    Row("o4-mini-deep-research", 1_750_896_000, "system"),
    Row("gpt-5-2025-08-07", 1_754_524_800, "system"),
    Row("gpt-5", 1_754_524_800, "system"),
    Row("gpt-5-mini-2025-08-07", 1_754_524_800, "system"),
    Row("gpt-5-mini", 1_754_524_800, "system"),
    Row("gpt-5-nano-2025-08-07", 1_754_524_800, "system"),
    Row("gpt-5-nano", 1_754_524_800, "system"),
    Row("gpt-5-pro-2025-10-06", 1_759_708_800, "system"),
    Row("gpt-5-pro", 1_759_708_800, "system"),
    Row("gpt-5.1-2025-11-13", 1_762_992_000, "system"),
    Row("gpt-5.1", 1_762_992_000, "system"),
    Row("gpt-5.2-2025-12-11", 1_765_411_200, "system"),
    Row("gpt-5.2", 1_765_411_200, "system"),
    Row("gpt-audio-mini-2025-12-15", 1_765_756_800, "system"),
    Row("gpt-audio-mini", 1_765_756_800, "system"),
    Row("gpt-5.4-2026-03-05", 1_772_668_800, "system"),
    Row("gpt-5.4", 1_772_668_800, "system"),
];
