//! The JSON Schema of the file.

/// The JSON Schema (draft 2020-12) of a config file: for editors. `mock-llm schema` prints it.
///
/// ```
/// let schema: serde_json::Value = serde_json::from_str(tower_mock_llm::config::schema())?;
/// assert_eq!(schema["properties"]["providers"]["$ref"], "#/$defs/providers");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn schema() -> &'static str {
    include_str!("schema.json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::{Deserialize, Deserializer, Visitor};
    use serde_json::Value;

    use super::*;
    use crate::config::fault::Fault;
    use crate::config::file;
    use crate::config::words::{answer, reply, settings, when};
    use crate::reply::ErrorKind;

    /// Reads nothing, and learns which keys or words a type has.
    struct Spy<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Spy<'_> {
        type Error = Fault;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
            Err(Fault::new("spied"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Fault> {
            *self.0 = fields;
            Err(Fault::new("spied"))
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            words: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Fault> {
            *self.0 = words;
            Err(Fault::new("spied"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
            unit unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
        }
    }

    fn names<'de, T: Deserialize<'de>>() -> BTreeSet<String> {
        let mut names: &[&str] = &[];
        assert!(T::deserialize(Spy(&mut names)).is_err());
        assert!(!names.is_empty());
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn properties(schema: &Value) -> BTreeSet<String> {
        assert_eq!(schema["additionalProperties"], false);
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    /// What it says of a map, where it may be something else too.
    fn map_of(schema: &Value) -> &Value {
        let either = schema["anyOf"].as_array().into_iter().flatten();
        either.chain([schema]).find(|schema| schema["properties"].is_object()).unwrap()
    }

    fn words(schema: &Value) -> BTreeSet<String> {
        let words = schema["enum"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_schema_has_the_keys_of_the_structs() {
        let schema: Value = serde_json::from_str(schema()).unwrap();
        let part = |name: &str| &schema["$defs"][name];
        assert_eq!(properties(&schema), names::<file::File>());
        assert_eq!(properties(part("provider")), names::<file::Provider>());
        assert_eq!(properties(part("responses")), names::<file::ResponsesMap>());
        assert_eq!(properties(part("pattern")), names::<file::Pattern>());
        assert_eq!(properties(part("model")), names::<file::Model>());
        assert_eq!(properties(part("server")), names::<file::Server>());
        let mut profile = names::<file::File>();
        profile.retain(|name| !matches!(name.as_str(), "include" | "profiles"));
        assert_eq!(properties(part("profile")), profile);
        for (name, keys) in [
            ("answer_map", names::<answer::AnswerMap>()),
            ("branch_map", names::<answer::BranchMap>()),
            ("cassette", names::<settings::CassetteMap>()),
            ("citation", names::<reply::CitationMap>()),
            ("call_tools_once", names::<answer::ToolsOnceMap>()),
            ("error_map", names::<answer::ErrorMap>()),
            ("fault", names::<answer::FaultMap>()),
            ("json_tests", names::<when::JsonTests>()),
            ("journal", names::<settings::JournalMap>()),
            ("number_tests", names::<when::NumberTests>()),
            ("only", names::<settings::OnlyMap>()),
            ("part", names::<reply::PartMap>()),
            ("prompt_caching", names::<settings::CachingMap>()),
            ("quota", names::<settings::QuotaMap>()),
            ("raw", names::<answer::RawMap>()),
            ("reply_map", names::<reply::ReplyMap>()),
            ("rule", names::<answer::RuleMap>()),
            ("script", names::<answer::ScriptMap>()),
            ("structured_output", names::<answer::StructuredMap>()),
            ("template", names::<answer::TemplateMap>()),
            ("text_tests", names::<when::TextTests>()),
            ("tool_call", names::<reply::ToolCallMap>()),
            ("tool_deltas", names::<reply::ToolDeltasMap>()),
            ("trouble", names::<answer::TroubleMap>()),
            ("usage", names::<reply::UsageMap>()),
            ("when", names::<when::When>()),
        ] {
            assert_eq!(properties(map_of(part(name))), keys, "{name}");
        }
        let inner = |name: &str, key: &str| map_of(&map_of(part(name))["properties"][key]).clone();
        let server_tool = inner("part", "server_tool");
        assert_eq!(properties(&server_tool), names::<reply::ServerToolMap>());
        for (key, keys) in [
            ("code", names::<reply::CodeMap>()),
            ("mcp", names::<reply::McpMap>()),
            ("other", names::<reply::OtherToolMap>()),
            ("web_search", names::<reply::WebSearchMap>()),
        ] {
            assert_eq!(properties(&server_tool["properties"][key]), keys, "{key}");
        }
        for (name, key, keys) in [
            ("error_map", "limit", names::<answer::LimitMap>()),
            ("cassette", "fork", names::<settings::ForkMap>()),
            ("cassette", "max_age", names::<settings::MaxAgeMap>()),
            ("part", "audio", names::<reply::AudioMap>()),
            ("part", "image", names::<reply::ImageMap>()),
            ("quota", "budget", names::<settings::BudgetMap>()),
            ("rule", "embeddings", names::<answer::EmbeddingsMap>()),
            ("trouble", "during", names::<answer::DuringMap>()),
        ] {
            assert_eq!(properties(&inner(name, key)), keys, "{name}.{key}");
        }
        let kinds: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.word().to_owned()).collect();
        assert_eq!(words(part("error_kind")), kinds);
        assert_eq!(words(part("unmatched")), names::<settings::UnmatchedName>());
        assert_eq!(words(part("tokenizer")), names::<settings::TokenizerName>());
        let words_in = |name: &str, key: &str| words(&part(name)["properties"][key]);
        assert_eq!(words_in("rule", "no_answer"), names::<answer::NoAnswerName>());
        assert_eq!(words_in("raw", "page_of"), names::<answer::ProxyName>());
        assert_eq!(words_in("structured_output", "near_miss"), names::<answer::NearMissName>());
        // Aliases are among the words.
        let kinds = names::<file::Kind>();
        assert_eq!(words(&part("provider")["properties"]["type"]), kinds);
        assert_eq!(words(&part("keys")["additionalProperties"]), names::<file::KeyMode>());
        assert_eq!(words(part("validation")), names::<file::Validation>());
    }
}
