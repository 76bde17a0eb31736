//! Looked up or tried one after the other: the same rule answers.

use bytes::Bytes;

use super::Index;
use crate::provider::{Call, Operation, Provider};
use crate::reply::{Reply, Say};
use crate::request::{Content, LlmRequest, Message, Role, Tool};
use crate::respond::condition::Needs;
use crate::respond::{
    Explanation, Match, Rule, Rules, STARTED, any_message, any_message_of, file, first_user,
    header, json, last_assistant, last_user, max_tokens, message, metadata, model, model_name,
    provider, query, streaming, system, temperature, tool_offered, tool_result, tool_result_for,
    tool_result_of, tool_schema, turn,
};
use crate::util::rng::Rng;

/// A condition of a kind that is only known at run time.
struct Any(Box<dyn Match>);

impl Match for Any {
    fn matches(&self, request: &LlmRequest) -> bool {
        self.0.matches(request)
    }

    fn needs(&self) -> Needs {
        self.0.needs()
    }

    fn explain(&self, request: &LlmRequest, explanation: &mut Explanation) {
        self.0.explain(request, explanation);
    }
}

/// With letters of one, two and three bytes, in both cases, and some whose lower case has another
/// length.
const WORDS: [&str; 16] = [
    "a",
    "B",
    "ab",
    "abc",
    "Refund",
    "refund",
    "REFUND",
    "\u{e9}t\u{e9}",
    "\u{c9}T\u{c9}",
    "\u{212a}ing",
    "king",
    "\u{5929}\u{6c14}",
    "\u{130}stanbul",
    "order 17",
    "order 1",
    "x",
];

fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.below(WORDS.len() as u64) as usize]
}

fn words(rng: &mut Rng, most: u64) -> String {
    (0..rng.below(most + 1)).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

fn some_text(rng: &mut Rng) -> Any {
    let field = match rng.below(14) {
        0 => any_message(),
        1 => any_message_of(Role::User),
        2 => first_user(),
        3 => last_assistant(),
        4 => message(Role::User, 1),
        5 => system(),
        6 => header("x-tag"),
        7 => query("tag"),
        8 => metadata("user"),
        9 => tool_result(),
        10 => tool_result_of(word(rng)),
        11 => json("/metadata/user").text(),
        #[cfg(feature = "jsonpath")]
        12 => crate::respond::json_path("$..user").text(),
        _ => last_user(),
    };
    let text = words(rng, 2);
    Any(match rng.below(9) {
        0 => Box::new(field.contains_ignoring_case(text)),
        1 => Box::new(field.equals(text)),
        2 => Box::new(field.starts_with(text)),
        3 => Box::new(field.ends_with(text)),
        4 => Box::new(field.glob(format!("*{}?{text}*", word(rng)))),
        5 => Box::new(field.exists()),
        #[cfg(feature = "regex")]
        6 => Box::new(field.matches(&expression(rng))),
        _ => Box::new(field.contains(text)),
    })
}

#[cfg(feature = "regex")]
fn expression(rng: &mut Rng) -> String {
    let (one, two) = (word(rng), word(rng));
    match rng.below(9) {
        0 => format!("(?i){one}"),
        1 => format!("^{one} ?{two}$"),
        2 => format!("({one}|{two})+"),
        3 => format!("{one}(?:{two})*"),
        4 => format!(r"\b{one}\b.*[{two}]"),
        5 => format!("(?i:{one}) {two}"),
        6 => format!("({one}|({two} )?x|.)"),
        7 => format!("(?<name>{one})(?:{two}){{2,}}"),
        _ => format!("(?i)order (\\d+|{two})"),
    }
}

fn a_provider(rng: &mut Rng) -> Provider {
    if rng.below(2) == 0 { Provider::OPENAI } else { Provider::GEMINI }
}

fn condition(rng: &mut Rng, depth: u32) -> Any {
    if depth > 0 {
        let (one, other) = (condition(rng, depth - 1), condition(rng, depth - 1));
        match rng.below(6) {
            0 => return Any(Box::new(one.and(other))),
            1 => return Any(Box::new(one.or(other))),
            2 => return Any(Box::new(one.not())),
            _ => {}
        }
    }
    Any(match rng.below(16) {
        0 => Box::new(model(["gpt-*", "gpt-4o", "*o", "g?t-5"][rng.below(4) as usize])),
        1 => Box::new(model_name().equals(["gpt-4o", "gpt-5"][rng.below(2) as usize])),
        2 => Box::new(provider(a_provider(rng))),
        3 => Box::new(tool_offered(word(rng))),
        4 => Box::new(tool_result_for(word(rng)).exists()),
        5 => Box::new(turn(1 + rng.below(3) as usize)),
        6 => Box::new(streaming()),
        7 => Box::new(temperature().equals([0.0, -0.0, 0.5][rng.below(3) as usize])),
        8 => Box::new(max_tokens().at_least(10.0)),
        9 => Box::new(json("/metadata/user").equals(word(rng))),
        10 => Box::new(json("/n").number().equals(rng.below(3) as f64)),
        11 => Box::new(tool_schema(word(rng)).exists()),
        12 => Box::new(file().contains(word(rng))),
        13 => {
            let wanted = word(rng);
            Box::new(move |request: &LlmRequest| request.last_user().contains(wanted))
        }
        _ => return some_text(rng),
    })
}

fn request(rng: &mut Rng) -> LlmRequest {
    let body = serde_json::json!({"metadata": {"user": word(rng)}, "n": rng.below(3)});
    let mut request =
        LlmRequest::new(a_provider(rng), Call::new(Operation::Chat), Bytes::from(body.to_string()));
    request.model = ["gpt-4o", "gpt-5", "o"][rng.below(3) as usize].to_owned();
    request.stream = rng.below(2) == 0;
    request.sampling.temperature = [None, Some(0.0), Some(-0.0), Some(0.5)][rng.below(4) as usize];
    request.sampling.max_tokens = [None, Some(5), Some(50)][rng.below(3) as usize];
    request.head.uri =
        ["/?tag=ab", "/?tag=x&tag=%C3%A9t%C3%A9", "/"][rng.below(3) as usize].parse().unwrap();
    if rng.below(2) == 0 {
        request.head.headers.append("x-tag", "order 17".parse().unwrap());
        request.head.headers.append("x-tag", "abc".parse().unwrap());
    }
    for _ in 0..rng.below(6) {
        let role = [Role::User, Role::Assistant, Role::System, Role::Tool][rng.below(4) as usize];
        let texts = (0..1 + rng.below(2)).map(|_| words(rng, 6));
        let mut content: Vec<_> = texts.map(Content::Text).collect();
        if role == Role::Tool {
            let (id, text) = (word(rng).to_owned(), words(rng, 3));
            content = vec![Content::ToolResult { id, text }];
        }
        if role == Role::User && rng.below(4) == 0 {
            content.push(Content::File(words(rng, 2)));
        }
        request.messages.push(Message::new(role, content));
    }
    for _ in 0..rng.below(3) {
        let mut tool = Tool::new(word(rng));
        tool.schema = serde_json::value::to_raw_value(&serde_json::json!({})).ok();
        request.tools.push(tool);
    }
    request
}

#[test]
fn nothing_that_matches_is_ruled_out() {
    let (mut matched, mut ruled_out) = (0, 0);
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(400) as usize;
        let depth = (seed % 3) as u32;
        let conditions: Vec<Any> = (0..count).map(|_| condition(&mut rng, depth)).collect();
        let index = Index::build(conditions.iter().map(Match::needs));
        for _ in 0..100 {
            let request = request(&mut rng);
            let mut tried = Vec::new();
            index.visit(&request, |rule| {
                tried.push(rule);
                None::<()>
            });
            assert!(tried.is_sorted_by(|one, two| one < two), "in order, and once: {tried:?}");
            for (rule, condition) in conditions.iter().enumerate() {
                if tried.binary_search(&rule).is_ok() {
                    continue;
                }
                ruled_out += 1;
                let needs = condition.needs();
                assert!(!condition.matches(&request), "{seed}: {needs:?} of {request:?}");
            }
            matched += tried.iter().filter(|rule| conditions[**rule].matches(&request)).count();
        }
    }
    // It does tell apart, and there is something to find.
    assert!(ruled_out > 200_000 && matched > 50_000, "{ruled_out} {matched}");
}

#[test]
fn the_same_rule_answers_as_one_after_the_other() {
    let text = |say: Say| match say {
        Say::Reply(reply) => format!("{:?}", reply.parts()),
        other => panic!("{other:?}"),
    };
    let mut answered = 0;
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let rules = || {
            let mut rng = Rng::new(seed);
            let rules = Rules::default();
            let mut ids = Vec::new();
            for number in 0..200 {
                let builder = Rule::when(condition(&mut rng, 2));
                let said = Reply::text(number.to_string());
                ids.push(rules.mount(match rng.below(6) {
                    0 => builder.first("once").then(said),
                    1 => builder.respond_fn(move |r| (r.messages.len() > 2).then(|| said.clone())),
                    2 => builder.respond_with(said).times(2),
                    3 => builder.in_state("s", "b").respond_with(said).then_state("s", STARTED),
                    4 => builder.in_state("s", STARTED).respond_with(said).then_state("s", "b"),
                    _ => builder.respond_with(said),
                }));
            }
            (rules, ids)
        };
        let ((indexed, ids), (plain, plain_ids)) = (rules(), rules());
        for step in 0..100 {
            // Rules come and go, before and behind what is indexed.
            match rng.below(8) {
                0 => {
                    let at = rng.below(200) as usize;
                    assert_eq!(indexed.unmount(ids[at]), plain.unmount(plain_ids[at]));
                }
                1 => {
                    let word = word(&mut rng);
                    for rules in [&indexed, &plain] {
                        rules.mount(Rule::when(last_user().contains(word)).respond_with("late"));
                    }
                }
                _ => {}
            }
            let request = request(&mut rng);
            let one = indexed.choose(&request, 0);
            let other = plain.choose_one_after_the_other(&request, 0);
            answered += usize::from(one.is_some());
            let one = one.map(|(answer, rule)| (text(answer.say), rule));
            let other = other.map(|(answer, rule)| (text(answer.say), rule));
            assert_eq!(one, other, "seed {seed}, step {step}");
        }
    }
    assert!(answered > 3_000, "{answered}");
}
