//! async-openai: what few replies say.

use async_openai::types::chat::{
    ChatCompletionMessageToolCallChunk, ChatCompletionResponseMessageAnnotation,
    CreateChatCompletionRequest, CreateChatCompletionStreamResponse, ServiceTier,
};
use client_tests::async_openai::{AsyncOpenAi, request, user};
use futures::TryStreamExt;
use serde_json::json;
use tower_mock_llm::reply::{Audio, Media};
use tower_mock_llm::{Citation, MockLlmLayer, Part, Reply, Rule, ToolCall, ToolDeltas};

fn client(reply: Reply) -> AsyncOpenAi {
    AsyncOpenAi::connected(&MockLlmLayer::new().rule(Rule::always().respond_with(reply)))
}

fn asking(change: impl FnOnce(&mut CreateChatCompletionRequest)) -> CreateChatCompletionRequest {
    let mut request = request(vec![user("hi")]);
    change(&mut request);
    request
}

async fn chunks(
    client: &AsyncOpenAi,
    request: CreateChatCompletionRequest,
) -> Vec<CreateChatCompletionStreamResponse> {
    client.0.chat().create_stream(request).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn as_many_choices_as_were_asked_for() {
    let client = client(Reply::text("heads").choice(Reply::text("tails, this time")));
    let request = asking(|request| request.n = Some(3));
    let whole = client.0.chat().create(request.clone()).await.unwrap();
    let said: Vec<_> = whole.choices.iter().filter_map(|c| c.message.content.as_deref()).collect();
    assert_eq!(said, ["heads", "tails, this time", "heads"]);
    assert!(whole.choices.iter().map(|choice| choice.index).eq(0..3));
    let chunks = chunks(&client, request).await;
    let mut streamed = vec![String::new(); 3];
    let mut ended = [0; 3];
    for choice in chunks.iter().flat_map(|chunk| &chunk.choices) {
        let index = choice.index as usize;
        assert_eq!(ended[index], 0, "it had ended");
        streamed[index].push_str(choice.delta.content.as_deref().unwrap_or_default());
        ended[index] += usize::from(choice.finish_reason.is_some());
    }
    assert_eq!((streamed, ended), (said.iter().map(|&text| text.to_owned()).collect(), [1; 3]));
}

#[tokio::test]
async fn how_sure_the_model_is_of_each_token() {
    let client = client(Reply::text("It is sure, é."));
    let request = asking(|request| {
        request.logprobs = Some(true);
        request.top_logprobs = Some(2);
    });
    let whole = client.0.chat().create(request.clone()).await.unwrap();
    let figures = whole.choices[0].logprobs.as_ref().unwrap();
    let tokens = figures.content.as_deref().unwrap();
    assert_eq!(
        tokens.iter().map(|token| token.token.as_str()).collect::<String>(),
        "It is sure, é."
    );
    assert!(tokens.iter().all(|token| token.logprob < 0.0 && token.top_logprobs.len() == 2));
    assert!(tokens.iter().all(|token| token.bytes.as_deref() == Some(token.token.as_bytes())));
    let chunks = chunks(&client, request).await;
    let streamed = chunks.iter().filter_map(|chunk| {
        let tokens = chunk.choices[0].logprobs.as_ref()?.content.as_ref()?;
        let text = chunk.choices[0].delta.content.as_deref()?;
        // Each chunk brings the figures of its own text.
        assert_eq!(tokens.iter().map(|token| token.token.as_str()).collect::<String>(), text);
        Some(tokens.len())
    });
    // The figures are others, since the request is another; the tokens are the same.
    assert_eq!(streamed.sum::<usize>(), tokens.len());
}

#[tokio::test]
async fn citations_point_into_the_text() {
    let page = Citation::web("https://docs.rs/tower", "tower");
    let reply = Reply::text("Look: ").cited_text("a library", [page]).then_text(".");
    let whole = client(reply).0.chat().create(asking(|_| ())).await.unwrap();
    let message = &whole.choices[0].message;
    let [ChatCompletionResponseMessageAnnotation::UrlCitation { url_citation }] =
        message.annotations.as_deref().unwrap()
    else {
        panic!("one annotation, not {message:?}");
    };
    let content = message.content.as_deref().unwrap();
    let (start, end) = (url_citation.start_index as usize, url_citation.end_index as usize);
    assert_eq!(&content[start..end], "a library");
    assert_eq!(
        (url_citation.url.as_str(), url_citation.title.as_str()),
        ("https://docs.rs/tower", "tower")
    );
}

#[tokio::test]
async fn sound_whole_and_streamed() {
    let media = Media::new("audio/wav", vec![7; 9000]);
    let client = client(Reply::empty().part(Part::Audio(Audio::new(media, "Good morning."))));
    let whole = client.0.chat().create(asking(|_| ())).await.unwrap();
    let spoken = whole.choices[0].message.audio.as_ref().unwrap();
    assert_eq!((spoken.transcript.as_str(), spoken.data.len()), ("Good morning.", 12_000));
    assert_eq!(spoken.expires_at, u64::from(whole.created) + 3600);
    let chunks = chunks(&client, asking(|_| ())).await;
    let deltas: Vec<_> =
        chunks.iter().filter_map(|chunk| chunk.choices[0].delta.audio.as_ref()).collect();
    let all = |piece: fn(&async_openai::types::chat::ChatCompletionStreamAudio) -> Option<&str>| {
        deltas.iter().filter_map(|delta| piece(delta)).collect::<String>()
    };
    assert!(all(|delta| delta.id.as_deref()).starts_with("audio_"));
    assert_eq!(deltas.iter().filter(|delta| delta.id.is_some()).count(), 1);
    assert_eq!(all(|delta| delta.transcript.as_deref()), spoken.transcript);
    assert_eq!(all(|delta| delta.data.as_deref()), spoken.data);
    assert_eq!(deltas.last().unwrap().expires_at, Some(spoken.expires_at));
}

#[tokio::test]
async fn the_tier_that_was_asked_for() {
    let client = client(Reply::text("x"));
    let flex = asking(|request| request.service_tier = Some(ServiceTier::Flex));
    let whole = client.0.chat().create(flex).await.unwrap();
    assert_eq!(whole.service_tier, Some(ServiceTier::Flex));
    let whole = client.0.chat().create(asking(|_| ())).await.unwrap();
    assert_eq!(whole.service_tier, Some(ServiceTier::Default));
}

fn calls(deltas: ToolDeltas) -> AsyncOpenAi {
    let call = |tool, id| Part::ToolCall(ToolCall::new(tool, json!({"city": "Oslo"})).with_id(id));
    let reply = Reply::empty().part(call("look", "id-1")).part(call("listen", "id-2"));
    client(reply.tool_deltas(deltas))
}

async fn pieces(client: &AsyncOpenAi) -> Vec<ChatCompletionMessageToolCallChunk> {
    let chunks = chunks(client, asking(|_| ())).await;
    chunks
        .into_iter()
        .flat_map(|mut c| c.choices[0].delta.tool_calls.take().unwrap_or_default())
        .collect()
}

/// What a client makes of the pieces that goes by the index.
fn put_together(pieces: &[ChatCompletionMessageToolCallChunk]) -> Vec<(String, String, String)> {
    let mut calls = vec![(String::new(), String::new(), String::new()); 2];
    for piece in pieces {
        let (id, name, arguments) = &mut calls[piece.index as usize];
        if let Some(given) = &piece.id {
            id.clone_from(given);
        }
        let function = piece.function.as_ref().unwrap();
        name.push_str(function.name.as_deref().unwrap_or_default());
        arguments.push_str(function.arguments.as_deref().unwrap_or_default());
    }
    calls
}

#[tokio::test]
async fn calls_cut_in_any_way_come_out_whole() {
    let whole = ["look", "listen"].into_iter().zip(["id-1", "id-2"]);
    let whole: Vec<_> = whole
        .map(|(name, id)| (id.to_owned(), name.to_owned(), r#"{"city":"Oslo"}"#.to_owned()))
        .collect();
    for deltas in [
        ToolDeltas::new(),
        ToolDeltas::new().fragment(1),
        ToolDeltas::new().interleaved().fragment(2),
        ToolDeltas::new().interleaved().id_in_each().empty_names(),
    ] {
        let pieces = pieces(&calls(deltas)).await;
        assert_eq!(put_together(&pieces), whole, "{deltas:?}");
        let turns: Vec<_> =
            pieces[2..].windows(2).filter(|two| two[0].index != two[1].index).collect();
        assert_eq!(turns.len() > 2, deltas.interleaved, "{deltas:?}");
        assert_eq!(pieces.iter().all(|piece| piece.id.is_some()), deltas.id_in_each, "{deltas:?}");
    }
}

#[tokio::test]
async fn a_strict_client_does_not_survive_calls_without_an_index() {
    let client = calls(ToolDeltas::new().no_index());
    let stream = client.0.chat().create_stream(asking(|_| ())).await.unwrap();
    let told = stream.try_collect::<Vec<_>>().await.unwrap_err().to_string();
    assert!(told.contains("missing field `index`"), "{told}");
}

#[tokio::test]
async fn arguments_that_are_no_json_come_as_they_are() {
    let call = ToolCall::with_raw_arguments("look", "{\"city\": \"Os");
    let client = client(Reply::empty().part(Part::ToolCall(call)));
    let pieces = pieces(&client).await;
    let arguments = pieces.iter().filter_map(|piece| piece.function.as_ref()?.arguments.as_deref());
    assert_eq!(arguments.collect::<String>(), "{\"city\": \"Os");
}

#[tokio::test]
async fn what_has_no_words_is_an_error_that_says_so() {
    let client = client(Reply::text("Look:").image("image/png", vec![1, 2, 3]));
    let told = client.0.chat().create(asking(|_| ())).await.unwrap_err().to_string();
    assert!(told.contains("openai cannot say an image: its answers have no pictures"), "{told}");
}
