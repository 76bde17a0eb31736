//! The models that Gemini lists.
//!
//! Of the list that the simonw/llm-gemini project recorded in August 2026, and in its order: what the
//! mock answers for, which is conversations and embeddings.

use crate::provider::catalog;

/// What the vendor tells of a model.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) display_name: &'static str,
    pub(super) description: &'static str,
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) methods: &'static [&'static str],
    pub(super) sampling: Option<Sampling>,
    pub(super) thinks: bool,
}

/// What a model samples by that says something.
#[derive(Clone, Copy)]
pub(super) struct Sampling {
    pub(super) top_k: u32,
    pub(super) max_temperature: f32,
}

impl catalog::Row for Row {
    fn name(&self) -> &'static str {
        self.name
    }
}

const SAMPLING: Sampling = Sampling { top_k: 64, max_temperature: 2.0 };

pub(super) const METHODS: [&str; 4] =
    ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"];

const fn talks(
    name: &'static str,
    version: &'static str,
    display_name: &'static str,
    description: &'static str,
) -> Row {
    Row {
        name,
        version,
        display_name,
        description,
        input: 1_048_576,
        output: 65_536,
        methods: &METHODS,
        sampling: Some(SAMPLING),
        thinks: true,
    }
}

const fn of_2_0(
    name: &'static str,
    version: &'static str,
    display_name: &'static str,
    description: &'static str,
) -> Row {
    let sampling = Some(Sampling { top_k: 40, ..SAMPLING });
    let newer = talks(name, version, display_name, description);
    Row { output: 8_192, sampling, thinks: false, ..newer }
}

const fn draws(
    name: &'static str,
    version: &'static str,
    display_name: &'static str,
    description: &'static str,
    input: u64,
    thinks: bool,
) -> Row {
    Row {
        input,
        output: 32_768,
        methods: &["generateContent", "countTokens", "batchGenerateContent"],
        sampling: Some(Sampling { max_temperature: 1.0, ..SAMPLING }),
        thinks,
        ..talks(name, version, display_name, description)
    }
}

const fn embeds(
    name: &'static str,
    version: &'static str,
    display_name: &'static str,
    description: &'static str,
    input: u64,
) -> Row {
    Row {
        input,
        output: 1,
        methods: &["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"],
        sampling: None,
        thinks: false,
        ..talks(name, version, display_name, description)
    }
}

#[rustfmt::skip] // A table.
pub(super) static MODELS: [Row; 23] = [
    talks("gemini-2.5-flash", "001", "Gemini 2.5 Flash", "Stable version of Gemini 2.5 Flash, our mid-size multimodal model that supports up to 1 million tokens, released in June of 2025."),
    talks("gemini-2.5-pro", "2.5", "Gemini 2.5 Pro", "Stable release (June 17th, 2025) of Gemini 2.5 Pro"),
    of_2_0("gemini-2.0-flash", "2.0", "Gemini 2.0 Flash", "Gemini 2.0 Flash"),
    of_2_0("gemini-2.0-flash-001", "2.0", "Gemini 2.0 Flash 001", "Stable version of Gemini 2.0 Flash, our fast and versatile multimodal model for scaling across diverse tasks, released in January of 2025."),
    of_2_0("gemini-2.0-flash-lite-001", "2.0", "Gemini 2.0 Flash-Lite 001", "Stable version of Gemini 2.0 Flash-Lite"),
    of_2_0("gemini-2.0-flash-lite", "2.0", "Gemini 2.0 Flash-Lite", "Gemini 2.0 Flash-Lite"),
    talks("gemini-flash-latest", "Gemini Flash Latest", "Gemini Flash Latest", "Latest release of Gemini Flash"),
    talks("gemini-flash-lite-latest", "Gemini Flash-Lite Latest", "Gemini Flash-Lite Latest", "Latest release of Gemini Flash-Lite"),
    talks("gemini-pro-latest", "Gemini Pro Latest", "Gemini Pro Latest", "Latest release of Gemini Pro"),
    talks("gemini-2.5-flash-lite", "001", "Gemini 2.5 Flash-Lite", "Stable version of Gemini 2.5 Flash-Lite, released in July of 2025"),
    draws("gemini-2.5-flash-image", "2.0", "Nano Banana", "Gemini 2.5 Flash Preview Image", 32_768, false),
    talks("gemini-3-pro-preview", "3-pro-preview-11-2025", "Gemini 3 Pro Preview", "Gemini 3 Pro Preview"),
    talks("gemini-3-flash-preview", "3-flash-preview-12-2025", "Gemini 3 Flash Preview", "Gemini 3 Flash Preview"),
    talks("gemini-3.1-pro-preview", "3.1-pro-preview-01-2026", "Gemini 3.1 Pro Preview", "Gemini 3.1 Pro Preview"),
    talks("gemini-3.1-flash-lite-preview", "3.1-flash-lite-preview-03-2026", "Gemini 3.1 Flash Lite Preview", "Gemini 3.1 Flash Lite Preview"),
    talks("gemini-3.1-flash-lite", "3.1-flash-lite-05-2026", "Gemini 3.1 Flash Lite", "Gemini 3.1 Flash Lite"),
    draws("gemini-3-pro-image", "3.0", "Nano Banana Pro", "Gemini 3 Pro Image", 131_072, true),
    talks("gemini-3.5-flash", "3.5-flash-05-2026", "Gemini 3.5 Flash", "Gemini 3.5 Flash"),
    talks("gemini-3.5-flash-lite", "3.5-flash-lite-07-2026", "Gemini 3.5 Flash Lite", "Gemini 3.5 Flash Lite"),
    talks("gemini-3.6-flash", "3.6-flash-07-2026", "Gemini 3.6 Flash", "Gemini 3.6 Flash"),
    embeds("gemini-embedding-001", "001", "Gemini Embedding 001", "Obtain a distributed representation of a text.", 2_048),
    embeds("gemini-embedding-2-preview", "2", "Gemini Embedding 2 Preview", "Obtain a distributed representation of multimodal content.", 8_192),
    embeds("gemini-embedding-2", "2", "Gemini Embedding 2", "Obtain a distributed representation of multimodal content.", 8_192),
];
