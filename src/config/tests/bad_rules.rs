//! Rules, answers and settings that make no sense, and what is said of them.

use super::{said, yaml};

/// What is said of a file, where that is not as expected.
fn differs(text: &str, expected: &str) -> Option<String> {
    let said = said(text);
    (said != expected).then(|| format!("{text}  {said}\n  {expected}"))
}

#[test]
fn bad_conditions_and_what_is_said_of_them() {
    let mut wrong = Vec::new();
    // Each stands behind `rules: [{reply: x, when: {`, in column 27.
    for (when, expected) in [
        (
            "lst_user: a",
            "f.yaml:1:27: rules[0].when: unknown key `lst_user`; did you mean `last_user`?",
        ),
        (
            "model: {glop: a}",
            "f.yaml:1:35: rules[0].when.model: unknown key `glop`; did you mean `glob`?",
        ),
        ("model: {}", "f.yaml:1:34: rules[0].when.model: no test is said here"),
        (
            "model: []",
            "f.yaml:1:34: rules[0].when.model: expected one, or a list of them, but it is an empty list",
        ),
        (
            "last_user: ''",
            "f.yaml:1:38: rules[0].when.last_user: an empty text is in every text; leave it out",
        ),
        (
            "last_user: /(/",
            "f.yaml:1:38: rules[0].when.last_user: no regular expression: unclosed group",
        ),
        (
            "last_user: [a, {regex: '*'}]",
            "f.yaml:1:50: rules[0].when.last_user.regex: no regular expression: repetition operator \
             missing expression",
        ),
        (
            "any_message_of: {uesr: a}",
            "f.yaml:1:44: rules[0].when.any_message_of: unknown role `uesr`; did you mean `user`?",
        ),
        (
            "message: {role: user, text: a}",
            "f.yaml:1:36: rules[0].when.message: the key `index` is missing",
        ),
        (
            "provider: opnai",
            "f.yaml:1:37: rules[0].when.provider: unknown provider `opnai`; did you mean `openai`?",
        ),
        (
            "operation: talk",
            "f.yaml:1:38: rules[0].when.operation: unknown value `talk`; it may be `chat`, \
             `count_tokens`, `embeddings`, `models`",
        ),
        ("turn: two", "f.yaml:1:33: rules[0].when.turn: expected a number, but it is \"two\""),
        (
            "turn: {at_leest: 2}",
            "f.yaml:1:34: rules[0].when.turn: unknown key `at_leest`; did you mean `at_least`?",
        ),
        (
            "temperature: {at_least: warm}",
            "f.yaml:1:51: rules[0].when.temperature.at_least: expected a number, but it is \"warm\"",
        ),
        (
            "streaming: maybe",
            "f.yaml:1:38: rules[0].when.streaming: expected `true` or `false`, but it is \"maybe\"",
        ),
        (
            "tool_choice: automatic",
            "f.yaml:1:40: rules[0].when.tool_choice: unknown value `automatic`; did you mean `auto`?",
        ),
        (
            "json: {user: u}",
            "f.yaml:1:34: rules[0].when.json: a JSON pointer begins with `/`, and a JSONPath with `$`: \
             write \"/user\" for \"user\"",
        ),
        ("json: {/user: {}}", "f.yaml:1:41: rules[0].when.json./user: no test is said here"),
        (
            "json: {/user: {is: u}}",
            "f.yaml:1:42: rules[0].when.json./user: unknown key `is`; it may be `at_least`, `at_most`, `contains`, `contains_ignoring_case`, `ends_with`, `equals`, `exists`, `glob`, `regex`, `starts_with`",
        ),
        ("not: {}", "f.yaml:1:32: rules[0].when.not: no condition is said here"),
        ("or: [{model: a}, {}]", "f.yaml:1:44: rules[0].when.or[1]: no condition is said here"),
        (
            "and: [{model: {regex: '['}}]",
            "f.yaml:1:49: rules[0].when.and[0].model.regex: no regular expression: unclosed character class",
        ),
    ] {
        let text = format!("rules: [{{reply: x, when: {{{when}}}}}]\n");
        wrong.extend(differs(&text, expected));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let path = said("rules: [{reply: x, when: {json: {'$.a[': 1}}}]\n");
    assert!(path.contains("rules[0].when.json: \"$.a[\" is not a JSONPath (RFC 9535): "), "{path}");
}

#[test]
fn bad_answers_and_what_is_said_of_them() {
    let mut wrong = Vec::new();
    // Each stands behind `rules: [{`, in column 10.
    for (rule, expected) in [
        (
            "name: x",
            "f.yaml:1:9: rules[0]: one of these must be said: `reply`, `template`, `error`, `raw`, \
             `no_answer`, `script`, `structured_output`, `call_tools_once`, `embeddings`, `token_count`",
        ),
        (
            "reply: x, error: server",
            "f.yaml:1:9: rules[0]: `reply` and `error` cannot be said together",
        ),
        ("replay: x", "f.yaml:1:10: rules[0]: unknown key `replay`; did you mean `reply`?"),
        (
            "reply: [x]",
            "f.yaml:1:17: rules[0].reply: expected a text, or a map that says a reply, but it is a list",
        ),
        ("reply: {txt: x}", "f.yaml:1:18: rules[0].reply: unknown key `txt`; did you mean `text`?"),
        (
            "reply: {text: x, finish: stopped}",
            "f.yaml:1:35: rules[0].reply.finish: unknown value `stopped`; did you mean `stop`?",
        ),
        (
            "reply: {text: x, parts: [{text: y}]}",
            "f.yaml:1:35: rules[0].reply.parts: `parts` says all of a reply in order: put `text`, `reasoning`, `refusal` and `tool_calls` into it",
        ),
        (
            "reply: {parts: [{text: x, refusal: y}]}",
            "f.yaml:1:26: rules[0].reply.parts[0]: `text` and `refusal` cannot be said together",
        ),
        (
            "reply: {parts: [{image: {mime_type: a/b, data: '*'}}]}",
            "f.yaml:1:57: rules[0].reply.parts[0].image.data: expected base64",
        ),
        (
            "reply: {parts: [{image: {data: aaaa}}]}",
            "f.yaml:1:34: rules[0].reply.parts[0].image: the key `mime_type` is missing",
        ),
        (
            "reply: {tool_calls: [{arguments: {}}]}",
            "f.yaml:1:31: rules[0].reply.tool_calls[0]: the key `name` is missing",
        ),
        (
            "reply: {tool_calls: [{name: t, arguments: [1]}]}",
            "f.yaml:1:52: rules[0].reply.tool_calls[0].arguments: expected a map, but it is [1]",
        ),
        (
            "reply: {tool_calls: [{name: t, arguments: {}, raw_arguments: x}]}",
            "f.yaml:1:71: rules[0].reply.tool_calls[0].raw_arguments: `arguments` and \
             `raw_arguments` cannot be said together",
        ),
        (
            "reply: {text: x, citations: [{title: y}]}",
            "f.yaml:1:39: rules[0].reply.citations[0]: one of these must be said: `characters`, `pages`, `blocks`",
        ),
        (
            "reply: {text: x, citations: [{url: y, pages: [1, 2]}]}",
            "f.yaml:1:39: rules[0].reply.citations[0]: a citation is of a `url`, or of a `document`, and not of both",
        ),
        (
            "reply: {citations: [{url: y}]}",
            "f.yaml:1:30: rules[0].reply.citations: without `text` there is nothing to cite",
        ),
        (
            "reply: {usage: {inptu: 1}}",
            "f.yaml:1:26: rules[0].reply.usage: unknown key `inptu`; did you mean `input`?",
        ),
        (
            "error: overlod",
            "f.yaml:1:17: rules[0].error: unknown kind of error `overlod`; did you mean `overloaded`?",
        ),
        (
            "error: 200",
            "f.yaml:1:17: rules[0].error: 200 is no status of an error; say a response with it by `raw`",
        ),
        (
            "error: {message: x}",
            "f.yaml:1:17: rules[0].error: one of these must be said: `kind`, `status`",
        ),
        (
            "error: {kind: server, status: 99}",
            "f.yaml:1:40: rules[0].error.status: expected a status from 200 to 599, but it is 99",
        ),
        (
            "error: {kind: rate_limit, retry_after: 2}",
            "f.yaml:1:49: rules[0].error.retry_after: `2` is no time; write 300ms, 1.5s, 2m, 1h or 1d",
        ),
        (
            "raw: {body: x, html: y}",
            "f.yaml:1:15: rules[0].raw: `body` and `html` cannot be said together",
        ),
        (
            "raw: {headers: {'a b': c}}",
            "f.yaml:1:26: rules[0].raw.headers: `a b` is no name of a header",
        ),
        (
            "raw: {status: 700}",
            "f.yaml:1:24: rules[0].raw.status: expected a status from 200 to 599, but it is 700",
        ),
        (
            "no_answer: silence",
            "f.yaml:1:21: rules[0].no_answer: unknown value `silence`; it may be `closed`, `dns`, `hang`, `refused`, `reset`, `tls`",
        ),
        (
            "template: '{{ nmae }}'",
            "f.yaml:1:20: rules[0].template: template `{{ nmae }}`: there is no variable or function `nmae`; there are: answer, body, captures, headers, last_user, messages, model, pick, provider, random, stream, system, tool_results, tools, turn, uuid",
        ),
        ("script: {}", "f.yaml:1:18: rules[0].script: a script needs `turns`"),
        (
            "script: {turns: [[a, b]]}",
            "f.yaml:1:27: rules[0].script.turns[0][0]: it has no `when`, so that the branches behind it are never said",
        ),
        (
            "script: {turns: [{when: {turn: x}, reply: y}]}",
            "f.yaml:1:41: rules[0].script.turns[0].when.turn: expected a number, but it is \"x\"",
        ),
        (
            "structured_output: {near_miss: missing}",
            "f.yaml:1:41: rules[0].structured_output.near_miss: unknown value `missing`; did you mean `missing_field`?",
        ),
        (
            "structured_output: {at: /a}",
            "f.yaml:1:34: rules[0].structured_output.at: it says where a `near_miss` is, and there is none",
        ),
        (
            "embeddings: {vectors: [[1, x]]}",
            "f.yaml:1:37: rules[0].embeddings.vectors[0][1]: expected a number, but it is \"x\"",
        ),
        (
            "reply: x, pace: gap=20",
            "f.yaml:1:26: rules[0].pace: `gap=20`: `20` is no time; write 20ms, 1.5s or 100us",
        ),
        (
            "reply: x, fault: {error_after: 2}",
            "f.yaml:1:27: rules[0].fault: the key `error` is missing",
        ),
        (
            "first: a, reply: b",
            "f.yaml:1:9: rules[0]: what a rule says stands in `first`, or without it, not both",
        ),
        (
            "first: a, times: 2",
            "f.yaml:1:17: rules[0].times: it belongs into `first`, beside what is said so often",
        ),
        (
            "first: a, then_repeat: {reply: b, times: 2}",
            "f.yaml:1:33: rules[0].then_repeat.times: it belongs to the answers of a rule: `first`, `then`",
        ),
        (
            "reply: x, expect: often",
            "f.yaml:1:28: rules[0].expect: `often` is no number and no range; write 2, 1.., ..=3 or 1..=3",
        ),
    ] {
        wrong.extend(differs(&format!("rules: [{{{rule}}}]\n"), expected));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fault = said("rules: [{reply: x, fault: abort}]\n");
    let expected = "f.yaml:1:27: rules[0].fault: \"abort\" is no fault: it takes abort_after=N";
    assert!(fault.starts_with(expected), "{fault}");
}

#[test]
fn what_no_provider_can_say_is_an_error_with_its_place() {
    let said = said(
        "rules:\n  - reply: fine\n  - name: picture\n    when: {provider: anthropic}\n    reply:\n      \
         parts:\n        - image: {mime_type: image/png, data: iVBORw==}\n",
    );
    let expected = "f.yaml:3:5: rules[1]: no provider can say what rule `picture` says, when the \
                    provider is \"anthropic\"\n  anthropic cannot say an image: ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn bad_settings_and_what_is_said_of_them() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        (
            "default_reply: {replay: x}",
            "f.yaml:1:17: default_reply: unknown key `replay`; did you mean `reply`?",
        ),
        (
            "default_reply: {reply: x, times: 2}",
            "f.yaml:1:16: default_reply.times: it belongs to the answers of a rule: `first`, `then`",
        ),
        (
            "strict: 200",
            "f.yaml:1:9: strict: expected `true`, `false` or a status from 400 to 599, but it is \"200\"",
        ),
        (
            "paces: [{pace: gap=1ms}]",
            "f.yaml:1:9: paces[0]: the key `when` is missing; without one, say `pace`",
        ),
        (
            "paces: [{when: {model: a}, pace: quick}]",
            "f.yaml:1:34: paces[0].pace: `quick`: a setting is `name=value`, or all is `instant`; settings are first, gap, steady, rate, jitter, burst, prefill, cached, load, recorded and model",
        ),
        (
            "trouble: [{probability: 0.5}]",
            "f.yaml:1:11: trouble[0]: one of these must be said: `reply`, `template`, `error`, `raw`, `no_answer`, `script`, `structured_output`, `call_tools_once`, `embeddings`, `token_count`",
        ),
        (
            "trouble: [{error: server, probability: 2}]",
            "f.yaml:1:40: trouble[0].probability: expected a number from 0 to 1, but it is 2",
        ),
        (
            "trouble: [{error: server, on_attempts: first}]",
            "f.yaml:1:40: trouble[0].on_attempts: `first` is no number and no range; write 2, 1.., ..=3 or 1..=3",
        ),
        (
            "trouble: [{error: server, during: {to: soon}}]",
            "f.yaml:1:40: trouble[0].during.to: `soon` is no time; write 300ms, 1.5s, 2m, 1h or 1d",
        ),
        (
            "trouble: [{fault: adversary, pace: gap=1ms}]",
            "f.yaml:1:36: trouble[0].pace: only an answer has it, and a fault alone is none",
        ),
        (
            "quota: {requests_per_minute: many}",
            "f.yaml:1:30: quota.requests_per_minute: expected a whole number from 0 on, but it is \"many\"",
        ),
        (
            "quota: {budget: {dollars: 1}}",
            "f.yaml:1:17: quota.budget: a budget is `tokens`, or `dollars` with `input_price` and `output_price` for a million tokens, all of them 0 or more",
        ),
        (
            "prompt_caching: yes",
            "f.yaml:1:17: prompt_caching: expected `true`, `false`, or a map with `ttl`, but it is \"yes\"",
        ),
        (
            "prompt_caching: {ttl: long}",
            "f.yaml:1:23: prompt_caching.ttl: `long` is no time; write 300ms, 1.5s, 2m, 1h or 1d",
        ),
        (
            "tokenizer: tictoken",
            "f.yaml:1:12: tokenizer: unknown value `tictoken`; did you mean `tiktoken`?",
        ),
        (
            "chunking: letters",
            "f.yaml:1:11: chunking: unknown value `letters`; it may be `tokens`, `words`",
        ),
        ("cassette: {mode: replay}", "f.yaml:1:11: cassette: the key `path` is missing"),
        (
            "cassette: {path: a.jsonl, mode: record}",
            "f.yaml:1:33: cassette.mode: unknown value `record`; did you mean `record_all`?",
        ),
        (
            "cassette: {path: a.jsonl, timing: -1}",
            "f.yaml:1:35: cassette.timing: expected a number of 0 or more, but it is -1",
        ),
        (
            "cassette: {path: a.jsonl, fuzzy: 2}",
            "f.yaml:1:34: cassette.fuzzy: expected a number from 0 to 1, but it is 2",
        ),
        (
            "cassette: {path: a.jsonl, max_age: {age: old, stale: warn}}",
            "f.yaml:1:42: cassette.max_age.age: `old` is no time; write 300ms, 1.5s, 2m, 1h or 1d",
        ),
        (
            "cassette: {path: a.jsonl, fork: {turn: 2, cassette: a.jsonl}}",
            "f.yaml:1:53: cassette.fork.cassette: a cassette cannot be a branch of itself",
        ),
        (
            "cassette: {path: a.jsonl, fork: {turn: 2, cassette: {path: b.jsonl, mode: tape}}}",
            "f.yaml:1:75: cassette.fork.cassette.mode: unknown value `tape`; it may be `off`, `replay`, \
             `record_missing`, `record_all`, `refresh`, `verify`",
        ),
        (
            "cassette: {path: a.jsonl, normalize: [{regex: '(', with: ''}]}",
            "f.yaml:1:47: cassette.normalize[0].regex: no regular expression: unclosed group",
        ),
        (
            "cassette: {path: a.jsonl, ignore: [user]}",
            "f.yaml:1:36: cassette.ignore[0]: a JSON pointer begins with `/`: \"user\" does not",
        ),
        (
            "cassette: {path: a.jsonl, redact_regex: ['(']}",
            "f.yaml:1:42: cassette.redact_regex[0]: no regular expression: unclosed group",
        ),
        (
            "only: {providers: [openai, antropic]}",
            "f.yaml:1:19: only.providers: unknown provider `antropic`; did you mean `anthropic`?",
        ),
        (
            "unmatched: allow",
            "f.yaml:1:12: unmatched: unknown value `allow`; it may be `forward`, `refuse`",
        ),
        (
            "journal: {requests: -1}",
            "f.yaml:1:21: journal.requests: expected a whole number from 0 on, but it is \"-1\"",
        ),
        (
            "providers: {m: {type: mock, responses: {a: {patterns: {/(/: x}}}}}",
            "f.yaml:1:56: providers.m.responses.a.patterns./(/: no regular expression: unclosed group",
        ),
        (
            "providers: {m: {type: mock, responses: {a: {default: {error: tired}}}}}",
            "f.yaml:1:62: providers.m.responses.a.default.error: unknown kind of error `tired`; it may \
             be `authentication`, `bad_gateway`, `billing`, `cancelled`, `conflict`, `content_policy`, \
             `context_length`, `invalid_parameter`, `invalid_request`, `malformed`, \
             `method_not_allowed`, `missing_key`, `model_not_found`, `not_found`, `overloaded`, \
             `permission`, `quota`, `rate_limit`, `region`, `request_timeout`, `server`, `slow_down`, \
             `timeout`, `too_large`, `unprocessable`",
        ),
    ] {
        wrong.extend(differs(&format!("{text}\n"), expected));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rule_that_another_hides_is_an_error_in_strict_mode() {
    let config = yaml("strict: true\nrules: [{reply: a}, {when: {model: b}, reply: c}]\n").unwrap();
    let why = config.layer().unwrap_err().to_string();
    assert!(why.contains("rule #2 never answers"), "{why}");
}
