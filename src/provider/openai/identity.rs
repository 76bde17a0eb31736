//! What all bodies and chunks of one answer share.

use super::{LOGPROBS, TIER, TIERS, TOP_LOGPROBS, models};
use crate::provider::{Alphabet, Context, Entropy};
use crate::util::ids::Id;

/// `chatcmpl-` and 29 letters, or a UUID.
pub(super) type ChatId = Id<45>;

/// `fp_` and ten digits.
pub(super) type Fingerprint = Id<13>;

#[derive(Debug)]
pub(super) struct Identity<'a> {
    pub(super) id: ChatId,
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) has_logprobs: bool,
    /// How many tokens the client wants to see beside each that was chosen, if it wants any.
    pub(super) top_logprobs: Option<usize>,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) tier: Option<&'static str>,
    pub(super) speaks: bool,
    pub(super) entropy: Entropy,
}

impl<'a> Identity<'a> {
    pub(super) fn of(cx: &Context<'a>) -> Self {
        let model = cx.answering_model(models::snapshot);
        Self::new(model, cx.request.call.flags, cx.created, cx.entropy)
    }

    /// All of it follows from so little, which is what a stream keeps while it waits.
    pub(super) fn new(model: &'a str, flags: u32, created: u64, entropy: Entropy) -> Self {
        let top = top_logprobs(flags);
        let searches = models::searches(model);
        let (id, fingerprint) = if searches {
            (format!("chatcmpl-{}", uuid(entropy)).as_str().into(), Some("".into()))
        } else {
            let id = ChatId::new(&mut entropy.rng(SALT_ID), "chatcmpl-", Alphabet::Base62, 29);
            (id, models::has_fingerprint(model).then(|| fingerprint(model)))
        };
        Self {
            id,
            created,
            model,
            has_logprobs: top.is_some() || models::has_logprobs(model),
            top_logprobs: top,
            fingerprint,
            tier: (!searches).then(|| TIERS[(flags >> TIER & 3) as usize]),
            speaks: models::speaks(model),
            entropy,
        }
    }

    /// Whether nothing about the answer is out of the ordinary but, perhaps, what it says.
    pub(super) fn is_common(&self) -> bool {
        self.tier == Some(TIERS[0]) && self.top_logprobs.is_none() && !self.speaks
    }
}

/// How many tokens the client wants to see beside each that was chosen, if it wants any.
pub(super) fn top_logprobs(flags: u32) -> Option<usize> {
    (flags & LOGPROBS != 0).then_some((flags >> TOP_LOGPROBS & 31) as usize)
}

/// Chance for one of the choices, so that they do not share ids and figures.
pub(super) fn of_choice(entropy: Entropy, index: usize) -> Entropy {
    match index {
        0 => entropy,
        _ => Entropy::new(entropy.rng(SALT_CHOICE + index as u64).next()),
    }
}

/// The id of the tool call at `index`, the same in a stream and in a whole answer.
pub(super) fn call_id(entropy: Entropy, index: usize, given: Option<&str>) -> String {
    given.map_or_else(
        || entropy.id(SALT_CALL + index as u64, "call_", Alphabet::Base62, 24),
        str::to_owned,
    )
}

/// The id of a spoken answer: when it was made, and letters of which two are the same in all that
/// were recorded.
pub(super) fn audio_id(entropy: Entropy, created: u64) -> String {
    let start = entropy.id(SALT_AUDIO, "", Alphabet::Hex, 4);
    entropy.id(SALT_AUDIO + 1, &format!("audio_{created:08x}{start}81"), Alphabet::Hex, 18)
}

/// When a spoken answer is forgotten: an hour on, as recorded.
pub(super) fn audio_expiry(created: u64) -> u64 {
    created + 3600
}

const SALT_ID: u64 = 1;
const SALT_AUDIO: u64 = 3;
const SALT_CALL: u64 = 1000;
const SALT_CHOICE: u64 = 1 << 32;

fn uuid(entropy: Entropy) -> String {
    let mut id = entropy.id(SALT_ID, "", Alphabet::Hex, 32);
    id.replace_range(12..13, "4");
    let variant = ["8", "9", "a", "b"][entropy.below(SALT_ID + 1, 4) as usize];
    id.replace_range(16..17, variant);
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

/// The backend that answers for a model: the same as long as the crate is.
fn fingerprint(model: &str) -> Fingerprint {
    let backend = Entropy::new(crate::util::rng::hash(0, model.as_bytes()));
    Fingerprint::new(&mut backend.rng(0), "fp_", Alphabet::Hex, 10)
}
