//! Near misses are invalid, and the client can say why there is none.

use serde_json::Value;
use tower_mock_llm::respond::{NearMiss, StructuredOutput};
use tower_mock_llm::{MockLlmLayer, Rule};

use crate::random::Chance;
use crate::{demanding, post_to, validator};

const SCHEMAS: u64 = 60;

#[tokio::test]
async fn near_misses_of_random_schemas_are_invalid() {
    for near_miss in NearMiss::ALL {
        let (mut made, mut none) = (0_u32, 0_u32);
        for seed in 0..SCHEMAS {
            let schema = Chance(seed).root();
            let validator = validator(&schema);
            let output = StructuredOutput::new().near_miss(near_miss).seed(seed % 3);
            let mock = MockLlmLayer::new().rule(Rule::always().respond_with(output));
            let answer = post_to(&mock, demanding(&schema)).await;
            match answer["choices"][0]["message"]["content"].as_str() {
                Some(text) => {
                    made += 1;
                    match serde_json::from_str::<Value>(text) {
                        Ok(value) => {
                            assert!(!validator.is_valid(&value), "{near_miss:?} {schema}\n{value}");
                        }
                        Err(_) => assert!(!is_of_values(near_miss), "{near_miss:?} {text}"),
                    }
                }
                None => {
                    none += 1;
                    let why = answer["error"]["message"].as_str().unwrap();
                    assert!(why.contains("the mock cannot make"), "{why}");
                }
            }
        }
        println!("{near_miss:?}: {made} made, {none} without");
        let most = if is_of_values(near_miss) { SCHEMAS as u32 } else { 5 };
        assert!(made > 10 && none < most, "{near_miss:?}: {made} made, {none} without");
    }
}

/// Whether it is JSON all the same.
fn is_of_values(near_miss: NearMiss) -> bool {
    use NearMiss::*;
    [ExtraField, InvalidEnum, MissingField, NullField, OutOfRange, WrongType].contains(&near_miss)
}
