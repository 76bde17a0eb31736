use super::*;

const DIMENSIONS: usize = 1536;

fn embedder(seed: u64, native: usize, dimensions: usize) -> Embedder {
    Embedder::new(seed, EmbeddingSize { dimensions, ..EmbeddingSize::of(native) })
}

fn embed(text: &str) -> Vec<f32> {
    embedder(1, DIMENSIONS, DIMENSIONS).embed(text)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Ten things that people ask about, each with a paraphrase.
const TOPICS: [(&str, &str); 10] = [
    (
        "You can return any item within 30 days for a full refund of the purchase price.",
        "How do I get a refund when I want to return something I purchased?",
    ),
    (
        "Our offices in Berlin are open from nine to five on weekdays and closed on holidays.",
        "When is the Berlin office open? Is it closed at the weekend or on a holiday?",
    ),
    (
        "To reset your password, click the link in the e-mail that we send to your account.",
        "I forgot my password; where is the e-mail for resetting it?",
    ),
    (
        "The espresso machine must be descaled every month, or the coffee tastes bitter.",
        "My coffee tastes bitter. Does the machine need descaling?",
    ),
    (
        "Mount Everest is the highest mountain on Earth, and climbers reach its summit in May.",
        "Which mountain is the highest, and when do people climb to the summit?",
    ),
    (
        "Photosynthesis turns sunlight, water and carbon dioxide into sugar in the leaves of plants.",
        "How do plants make sugar out of light and water in their leaves?",
    ),
    (
        "The central bank raised interest rates by half a point to slow inflation.",
        "Interest rates were raised because of inflation, says the bank.",
    ),
    (
        "Rust's borrow checker makes sure that references never outlive the data they point to.",
        "In Rust, can a reference outlive its data, or does borrow checking forbid it?",
    ),
    (
        "Knead the dough for ten minutes, let it rise overnight, and bake the bread at 230 degrees.",
        "How long should bread dough rise before baking?",
    ),
    (
        "The orchestra will play Beethoven's ninth symphony, conducted by a guest from Vienna.",
        "Which orchestra plays the symphony by Beethoven, and who is the conductor?",
    ),
];

#[test]
fn the_nearest_neighbour_of_a_paraphrase_is_its_topic() {
    for dimensions in [256, 768, DIMENSIONS] {
        let embedder = embedder(1, DIMENSIONS, dimensions);
        let topics: Vec<_> = TOPICS.iter().map(|(topic, _)| embedder.embed(topic)).collect();
        for (index, (_, paraphrase)) in TOPICS.iter().enumerate() {
            let query = embedder.embed(paraphrase);
            let mut ranked: Vec<_> =
                topics.iter().map(|topic| cosine(topic, &query)).enumerate().collect();
            ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            assert_eq!(ranked[0].0, index, "{dimensions}: {paraphrase} {ranked:?}");
            // Not by chance either.
            assert!(ranked[0].1 > 1.5 * ranked[1].1, "{dimensions}: {paraphrase} {ranked:?}");
        }
    }
}

#[test]
fn case_and_punctuation_play_no_part() {
    let plain = embed("how is the weather in zurich");
    assert_eq!(plain, embed("  How is the WEATHER -- in \"Zurich\"?!"));
    assert!(cosine(&embed("Zürich"), &embed("ZÜRICH")) > 0.999);
}

#[test]
fn a_typing_error_stays_near() {
    let nearness = cosine(&embed("international agreement"), &embed("internatoinal agreement"));
    assert!(nearness > 0.5, "{nearness}");
    assert!(cosine(&embed("international agreement"), &embed("purple kangaroo")).abs() < 0.2);
}

#[test]
fn the_order_of_words_tells() {
    let nearness = cosine(&embed("dog bites man"), &embed("man bites dog"));
    assert!((0.7..0.999).contains(&nearness), "{nearness}");
}

#[test]
fn scripts_without_spaces_have_neighbours_too() {
    let nearness = cosine(&embed("東京の天気"), &embed("明日の東京の天気は"));
    assert!(nearness > 0.4, "{nearness}");
    assert!(cosine(&embed("東京の天気"), &embed("数学を勉強する")) < 0.3);
}

#[test]
fn vectors_have_length_one_whatever_the_text_and_the_size() {
    for text in ["", "?!", "a", "the", "hello hello hello", &"word ".repeat(10_000)] {
        for dimensions in [1, 2, 3, 7, 256, 1536, 3072, 5000] {
            let vector = embedder(3, 1536, dimensions).embed(text);
            let square: f64 = vector.iter().map(|n| f64::from(*n) * f64::from(*n)).sum();
            assert_eq!(vector.len(), dimensions);
            assert!((square - 1.0).abs() < 1e-5, "{text:?} {dimensions}: {square}");
        }
    }
}

#[test]
fn a_shorter_vector_is_the_beginning_of_a_longer_one() {
    let whole = embedder(1, 3072, 3072).embed("To be or not to be");
    let mut cut = whole[..256].to_vec();
    normalize(&mut cut);
    let short = embedder(1, 3072, 256).embed("To be or not to be");
    assert!(cut.iter().zip(&short).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn vectors_stay_what_they_were() {
    let vector = embedder(0, 1536, 4).embed("hello world");
    assert_eq!(vector, KNOWN);
    assert_ne!(vector, embedder(1, 1536, 4).embed("hello world"));
}

/// As this test first saw them.
const KNOWN: [f32; 4] = [0.52218544, 0.79399014, -0.3090543, -0.037249587];

#[test]
fn the_transform_is_its_own_inverse() {
    for size in [1, 2, 4, 8, 16, 2048] {
        let numbers: Vec<f32> = (0..size).map(|n| ((n * 7) % 11) as f32).collect();
        let mut twice = numbers.clone();
        hadamard(&mut twice);
        hadamard(&mut twice);
        let scaled: Vec<f32> = twice.iter().map(|n| n / size as f32).collect();
        assert_eq!(scaled, numbers);
    }
}
