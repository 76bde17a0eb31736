//! The commands, on files that are as they may be found.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::tests::{fresh, ran};
use crate::cli::{FAILURE, FOUND, SUCCESS, USAGE};

/// A folder of a test's own, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = fresh(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("deep")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A recording of six lines. What stands for a text is put in as JSON.
fn recording(prompt: &str, said: &str, end: &str) -> String {
    format!(
        r#"{{"request":"POST https://api.openai.com/v1/chat/completions","provider":"openai","headers":[["content-type","application/json"]],"body":{{"json":{{"model": "gpt-4o","messages":[{{"role":"user","content":"{prompt}"}}]}}}}}}
{{"response":200,"us":250000,"headers":[["content-type","application/json"]]}}
{{"us":100,"frame":{{"json":{{"id":"chatcmpl-1","choices":[{{"message":{{"content":"{said}"}}}}]}}}}}}
{{"us":200,"frame":"\n"}}
{{"end":{end}}}
"#
    )
}

const FIRST: &str = "{\"cassette\":1}\n";
const WHOLE: &str = "\"whole\"";
const CUT: &str = "\"interrupted\",\"why\":\"reset\"";
const KEY: &str = "sk-proj-abcDEF0123456789abcDEF";

fn clean() -> String {
    FIRST.to_owned() + &recording("hi", "hello", WHOLE) + &recording("bye", "see you", WHOLE)
}

/// With a secret in each place; and before and after it a recording that has none.
fn leaking() -> String {
    let other = recording("hi", "hello", WHOLE);
    let (start, rest) = KEY.split_at(12);
    let leaks = format!(
        r#"{{"request":"POST https://me:hunter22@api.openai.com/v1/chat/completions?key=abc123xyz","provider":"openai","headers":[["authorization","Bearer my-0wn-word"],["content-type","application/json"]],"body":{{"json":{{"messages":[{{"content":"hi"}},{{"a/b":"it is {KEY}"}}]}}}}}}
{{"response":200,"us":1,"headers":[["content-type","text/event-stream"],["openai-organization","acme"],["set-cookie","a=b"],["x-trace","{KEY}"]]}}
{{"us":0,"frame":["data: ",{{"json":{{"x":[0,"my-0wn-word"]}}}},"\n\n"]}}
{{"us":1,"frame":"data: {{\"y\":\"{start}"}}
{{"us":2,"frame":"{rest}\"}}\n\n"}}
{{"us":3,"frame":["data: ",{{"json":{{"z":"c2stcHJvai1hYmNERUYwMTIzNDU2Nzg5YWJjREVG"}}}},"\n\n"]}}
{{"end":"interrupted","why":"no {KEY}"}}
"#
    );
    format!("{FIRST}{other}{leaks}{other}")
}

#[test]
fn lint_finds_each_leak_with_line_and_pointer_and_redact_masks_it() {
    let folder = Folder::new("lint");
    let file = folder.write("deep/leaks.jsonl", &leaking());
    folder.write("clean.jsonl", &clean());
    folder.write("notes.txt", KEY);
    let all = folder.path("");
    let (code, out, err) = ran(&["mock-llm", "cassette", "lint", &all]);
    assert_eq!((code, err.as_str()), (FOUND, ""));
    let found: Vec<_> = out.lines().map(|line| line.strip_prefix(&file).unwrap()).collect();
    assert_eq!(
        found,
        [
            ":7: request body at /messages/1/a~1b: a key or a secret stands there",
            ":7: request header authorization: its value is secret",
            ":7: url: a key, a name or an account stands in it",
            ":8: response header openai-organization: its value is secret",
            ":8: response header set-cookie: such a header is never kept",
            ":8: response header x-trace: a key or a secret stands there",
            ":9: response body at /x/1: a key or a secret stands there",
            ":10: response body at /y: a key or a secret stands there",
            ":12: response body at /z: a key or a secret stands there",
            ":13: reason of the interruption: a key or a secret stands there",
        ]
    );
    let (code, out, _) = ran(&["mock-llm", "cassette", "lint", &all, "--json"]);
    assert_eq!(code, FOUND);
    let flaws: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(flaws[0]["pointer"], "/messages/1/a~1b");
    assert_eq!((&flaws[0]["line"], &flaws[0]["file"]), (&7.into(), &file.as_str().into()));

    let (code, out, err) = ran(&["mock-llm", "cassette", "redact", &all, "--dry-run"]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.ends_with("1 recording would be masked\n"), "{out}");
    assert_eq!(folder.read("deep/leaks.jsonl"), leaking());
    let (code, out, err) = ran(&["mock-llm", "cassette", "redact", &all]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.ends_with("1 recording masked\n"), "{out}");
    let (code, out, _) = ran(&["mock-llm", "cassette", "lint", &all]);
    assert_eq!((code, out.as_str()), (SUCCESS, "2 files: nothing was found\n"));
    let masked = folder.read("deep/leaks.jsonl");
    for secret in [&KEY[12..], "hunter22", "abc123xyz", "my-0wn-word", "acme", "a=b", "NDU2Nzg5"] {
        assert!(!masked.contains(secret), "{secret} is in {masked}");
    }
    // The others are as they were, white space included.
    let other = recording("hi", "hello", WHOLE);
    assert!(masked.starts_with(&(FIRST.to_owned() + &other)) && masked.ends_with(&other));
    assert_eq!(folder.read("clean.jsonl"), clean());
    // Again, nothing is to be done.
    let (_, out, _) = ran(&["mock-llm", "cassette", "redact", &all]);
    assert_eq!(out, "0 recordings masked\n");
}

#[test]
fn rules_of_the_user_are_looked_for_too() {
    let folder = Folder::new("rules");
    let file = folder.write("x.jsonl", &clean());
    let (code, out, _) =
        ran(&["mock-llm", "cassette", "lint", &file, "--redact", "/messages/*/content"]);
    assert_eq!(code, FOUND);
    assert!(out.contains(":2: request body at /messages/0/content: "), "{out}");
    #[cfg(feature = "regex")]
    {
        let (code, out, _) =
            ran(&["mock-llm", "cassette", "lint", &file, "--redact-regex", "chat[c]mpl-[0-9]"]);
        assert_eq!(code, FOUND);
        assert!(out.contains(":4: response body at /id: "), "{out}");
        let (code, _, err) = ran(&["mock-llm", "cassette", "lint", &file, "--redact-regex", "("]);
        assert_eq!(code, FAILURE);
        assert!(err.starts_with("mock-llm: --redact-regex: "), "{err}");
    }
    let (code, _, err) = ran(&["mock-llm", "cassette", "redact", &file, "--redact", "messages"]);
    assert_eq!(code, FAILURE);
    assert!(err.contains("is no JSON Pointer"), "{err}");
    ran(&["mock-llm", "cassette", "redact", &file, "--redact", "/messages/*/content"]);
    assert!(folder.read("x.jsonl").contains(r#""content":"***""#));
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_changed() {
    let folder = Folder::new("broken");
    folder.write("a.jsonl", &(FIRST.to_owned() + &recording("hi", "h", CUT)));
    let broken = clean().replacen("\"us\":", "\"us\":x", 1);
    let file = folder.write("b.jsonl", &broken);
    let all = folder.path("");
    let before = folder.read("a.jsonl");
    let (code, out, _) = ran(&["mock-llm", "cassette", "lint", &all]);
    assert_eq!(code, FOUND);
    assert!(out.starts_with(&format!("{file}:3: ")), "{out}");
    for command in
        [&["prune", "--interrupted"][..], &["redact", "--redact", "/messages"], &["ls"], &["stats"]]
    {
        let args = [&["mock-llm", "cassette"][..], command, &[&all]].concat();
        let (code, out, err) = ran(&args);
        assert_eq!((code, out.as_str()), (FAILURE, ""), "{command:?}");
        assert!(err.starts_with(&format!("mock-llm: {file}:3:")), "{err}");
        assert_eq!(
            (folder.read("a.jsonl"), folder.read("b.jsonl")),
            (before.clone(), broken.clone())
        );
    }
    let (code, _, err) = ran(&["mock-llm", "cassette", "lint", &folder.path("none")]);
    assert_eq!(code, FAILURE);
    assert!(err.starts_with("mock-llm: cannot read "), "{err}");
}

#[test]
fn prune_takes_out_what_it_is_told_and_no_more() {
    let folder = Folder::new("prune");
    let (hi, bye) = (recording("hi", "hello", WHOLE), recording("bye", "see you", WHOLE));
    let other = recording("hi", "good day", WHOLE);
    let cut = recording("hi", "hel", CUT);
    let torn = "{\"request\":\"POST https://x/\",\"prov\n{\"end\":\"torn\"}\n";
    let all = format!("{FIRST}{hi}{cut}\n{bye}{torn}{hi}{other}");
    let file = folder.write("x.jsonl", &all);
    folder.write("y.jsonl", &(FIRST.to_owned() + &cut));
    let (code, out, err) = ran(&["mock-llm", "cassette", "prune", &file]);
    assert_eq!((code, out.as_str()), (USAGE, ""));
    assert!(err.contains("--interrupted"), "{err}");

    let everything = ["mock-llm", "cassette", "prune", &folder.path(""), "--interrupted"];
    let dry = [&everything[..], &["--duplicates", "--dry-run"]].concat();
    let (code, out, err) = ran(&dry);
    assert_eq!(code, SUCCESS, "{err}");
    let place = |line, why| format!("{file}:{line}: {why}: ");
    for expected in
        [place(7, "interrupted"), place(18, "cut off while it was written"), place(20, "duplicate")]
    {
        assert!(out.contains(&expected), "{expected}: {out}");
    }
    assert!(out.ends_with("\n4 recordings would be taken out\n"), "{out}");
    assert_eq!(folder.read("x.jsonl"), all);

    let (code, _, err) = ran(&everything);
    assert_eq!(code, SUCCESS, "{err}");
    assert_eq!(folder.read("x.jsonl"), format!("{FIRST}{hi}\n{bye}{hi}{other}"));
    assert!(!folder.0.join("y.jsonl").exists());
    let (code, out, _) = ran(&["mock-llm", "cassette", "prune", &file, "--duplicates", "--json"]);
    assert_eq!(code, SUCCESS);
    let pruned: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&pruned[0]["line"], &pruned[0]["why"]), (&13.into(), &"duplicate".into()));
    assert_eq!(folder.read("x.jsonl"), format!("{FIRST}{hi}\n{bye}{other}"));
    // Nobody holds it, and nothing is left beside it.
    let left: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn ls_show_and_stats_tell_what_there_is() {
    let folder = Folder::new("ls");
    let cut = recording("hi", "hel", CUT);
    let file = folder.write("x.jsonl", &(clean() + &cut + &recording("hi", "hello", WHOLE)));
    let (code, out, err) = ran(&["mock-llm", "cassette", "ls", &file]);
    assert_eq!(code, SUCCESS, "{err}");
    let lines: Vec<_> = out.lines().collect();
    let asked = "POST https://api.openai.com/v1/chat/completions  gpt-4o  200";
    assert_eq!(lines[0], format!("{file}:2  {asked}  64 bytes in 2 frames, 0.250 s"));
    assert!(
        lines[2].starts_with(&format!("{file}:12  ")) && lines[2].ends_with("interrupted: reset")
    );
    assert_eq!(lines[4], "4 recordings in 1 file");
    let (_, out, _) = ran(&["mock-llm", "cassette", "ls", &file, "--json"]);
    let rows: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&rows[1]["line"], &rows[1]["model"]), (&7.into(), &"gpt-4o".into()));

    let second = format!("{file}:9");
    let (code, out, err) = ran(&["mock-llm", "cassette", "show", &second]);
    assert_eq!(code, SUCCESS, "{err}");
    assert!(out.starts_with(&format!("# {file}:7, openai\nPOST https://")), "{out}");
    assert!(out.contains("\n      \"content\": \"bye\"\n"), "{out}");
    assert!(out.contains("\n200 after 0.250 s\ncontent-type: application/json\n"), "{out}");
    let (_, out, _) = ran(&["mock-llm", "cassette", "show", &file, "--json", "--frames"]);
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown[2]["interrupted"], "reset");
    assert_eq!(shown[0]["frames"][1], serde_json::json!({"us": 200, "body": "\n"}));
    let (code, _, err) = ran(&["mock-llm", "cassette", "show", &format!("{file}:99")]);
    assert_eq!(code, FAILURE);
    assert!(err.contains("they begin at the lines 2, 7, 12, 17"), "{err}");

    let (code, out, _) = ran(&["mock-llm", "cassette", "stats", &file]);
    assert_eq!(code, SUCCESS);
    for line in [
        "recordings    4 (8 frames)",
        "interrupted   1",
        "duplicates    1",
        "models        gpt-4o 4",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let (_, out, _) = ran(&["mock-llm", "cassette", "stats", &file, "--json"]);
    let stats: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(stats["providers"], serde_json::json!({"openai": 4}));
    assert_eq!(stats["bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
}

#[test]
fn diff_tells_places_and_classes() {
    let folder = Folder::new("diff");
    let one = folder.write("one.jsonl", &clean());
    let changed = recording("bye, then", "see you soon", WHOLE).replace("200,\"us", "201,\"us");
    let text = FIRST.to_owned() + &recording("hi", "hello", WHOLE) + &changed;
    let two = folder.write("two.jsonl", &text);
    let (code, out, _) = ran(&["mock-llm", "cassette", "diff", &one, &one]);
    assert_eq!((code, out.as_str()), (SUCCESS, ""));
    let (code, out, _) = ran(&["mock-llm", "cassette", "diff", &one, &two]);
    assert_eq!(code, FOUND);
    assert_eq!(
        out,
        format!(
            "{one}:7 and {two}:7:\n  \
             request at /messages/0/content (prompt): \"bye\", then \"bye, then\"\n  \
             response at /body/choices/0/message/content: \"see you\", then \"see you soon\"\n  \
             response at /status: 200, then 201\n"
        )
    );
    let ignore = ["--ignore", "/choices/*/message", "--ignore", "/messages", "--json"];
    let args = [&["mock-llm", "cassette", "diff", &one, &two][..], &ignore].concat();
    let (code, out, _) = ran(&args);
    assert_eq!(code, FOUND);
    let rows: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!((&rows[0]["pointer"], &rows[0]["is"]), (&"/status".into(), &"201".into()));
    // Two that are named are compared, whatever they ask for; and one may have no partner.
    let (code, out, _) =
        ran(&["mock-llm", "cassette", "diff", &format!("{one}:2"), &format!("{one}:7")]);
    assert_eq!(code, FOUND);
    assert!(out.contains("at /messages/0/content (prompt): \"hi\", then \"bye\""), "{out}");
    let three = folder.write("three.jsonl", &(FIRST.to_owned() + &recording("hi", "hello", WHOLE)));
    let (_, out, _) = ran(&["mock-llm", "cassette", "diff", &three, &one]);
    assert_eq!(out, format!("{one}:7: nothing like it in A\n"));
}

#[test]
fn index_is_written_for_what_is_named_and_what_is_large() {
    let folder = Folder::new("index");
    let small = folder.write("small.jsonl", &clean());
    let all = folder.path("");
    let (code, out, _) = ran(&["mock-llm", "cassette", "index", &all]);
    assert_eq!(code, SUCCESS);
    assert!(out.starts_with("no index was written: all are smaller than 1 MiB"), "{out}");
    let many = recording("hi", "hello", WHOLE).repeat(3000);
    let large = folder.write("deep/large.jsonl", &(FIRST.to_owned() + &many));
    let (code, out, _) = ran(&["mock-llm", "cassette", "index", &all]);
    assert_eq!((code, out), (SUCCESS, format!("{large}.idx: 3000 recordings, 118 KiB\n")));
    let (code, out, _) = ran(&[
        "mock-llm",
        "cassette",
        "index",
        &small,
        "--json",
        "--ignore",
        "/messages/*/content",
    ]);
    assert_eq!(code, SUCCESS);
    let out: Value = serde_json::from_str(&out).unwrap();
    let written =
        serde_json::json!([{"file": format!("{small}.idx"), "recordings": 2, "bytes": 152}]);
    assert_eq!(out, written);
    // It is no cassette, and nothing is wrong with it.
    let (code, out, _) = ran(&["mock-llm", "cassette", "lint", &all]);
    assert_eq!((code, &*out), (SUCCESS, "2 files: nothing was found\n"));
    let (code, _, err) = ran(&["mock-llm", "cassette", "index", &folder.path("none.jsonl")]);
    assert!(code == FAILURE && err.contains("none.jsonl"), "{err}");
    let broken = folder.write("broken.jsonl", &clean().replace("\"us\"", "us"));
    let (code, _, err) = ran(&["mock-llm", "cassette", "index", &broken]);
    assert!(code == FAILURE && err.contains("broken.jsonl:3:"), "{err}");
}

#[test]
fn verify_asks_again_and_tells_of_other_shapes() {
    use crate::cassette::Cassette;
    use crate::reply::RawResponse;
    use crate::respond::Rule;
    use crate::{MockLlmLayer, MockServer, Validation};

    let folder = Folder::new("verify");
    let says = |json: &'static str| {
        let answer = http::Response::builder().header("content-type", "application/json");
        let answer = RawResponse::new(answer.body(json).unwrap());
        // There may be no key where this runs.
        let layer = MockLlmLayer::new().validation(Validation::Lenient);
        layer.rule(Rule::always().respond_with(answer)).serve().unwrap()
    };
    let path = folder.write("a.jsonl", &clean());
    let before = folder.read("a.jsonl");
    let asked = |server: &MockServer, more: &[&str]| {
        let upstream = format!("openai={}/v1", server.url());
        let args = ["mock-llm", "cassette", "verify", &path, "--upstream", &upstream];
        ran(&[&args[..], more].concat())
    };

    // Other contents, but the same shape.
    let same = says(r#"{"id":"chatcmpl-2","choices":[{"message":{"content":"another"}}]}"#);
    let (code, out, err) = asked(&same, &[]);
    assert_eq!((code, &*err), (SUCCESS, ""), "{out}");
    assert_eq!(out, format!("{path}: 2 recordings asked again, 0 drifted\n"));
    assert_eq!(same.handle().received().len(), 2);

    // A new field, in both.
    let other = says(r#"{"id":"chatcmpl-2","choices":[{"message":{"content":"x","extra":1}}]}"#);
    let (code, out, _) = asked(&other, &[]);
    assert_eq!(code, FOUND, "{out}");
    assert!(out.contains("a.jsonl:2 is no longer what the provider answers"), "{out}");
    assert!(out.contains("new field /choices/*/message/extra: number"), "{out}");
    assert!(out.contains("2 recordings asked again, 2 drifted\n"), "{out}");
    let (code, out, _) = asked(&other, &["--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json[0]["drifted"].as_array().unwrap().len()), (FOUND, 2));

    // Nobody there.
    let url = same.url();
    same.shutdown();
    let upstream = format!("openai={url}/v1");
    let (code, out, _) = ran(&["mock-llm", "cassette", "verify", &path, "--upstream", &upstream]);
    assert_eq!(code, FAILURE, "{out}");
    assert!(out.contains("a.jsonl:2 was not asked again: "), "{out}");
    assert!(out.contains("could not be reached"), "{out}");
    assert!(out.ends_with("0 recordings asked again, 0 drifted\n"), "{out}");

    // What was recorded has the status that says that nobody is there: it is not taken for it.
    let bad = clean().replace("\"response\":200", "\"response\":502");
    let bad = folder.write("b.jsonl", &bad);
    let (code, out, _) = ran(&["mock-llm", "cassette", "verify", &bad, "--upstream", &upstream]);
    assert_eq!(code, FAILURE, "{out}");
    assert!(out.ends_with("0 recordings asked again, 0 drifted\n"), "{out}");

    assert_eq!(folder.read("a.jsonl"), before, "something was written");
    assert!(Cassette::open(&path).is_ok());
}
