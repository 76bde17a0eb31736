//! What a schema in the request costs: an instance of it as the default reply, and a look whether a
//! rule's own reply fits. The floor of each table is a reply that is not looked at; the second row
//! is what it takes just to read the schema.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::Service;
use tower_mock_llm::{MockLlmLayer, Reply, Rule};

#[path = "harness/mod.rs"]
mod harness;

use harness::Group;

type Req = Request<Full<Bytes>>;

fn main() {
    table("a small schema: three properties", small());
    table("a schema of the usual size: nested, 30 properties", usual());
    table("a large schema: 40 definitions that refer to each other", large());
    free();
}

fn table(title: &'static str, schema: Value) {
    let body = Bytes::from(demanding(&schema).to_string());
    let instance = instance(body.clone());
    let text = schema.to_string();
    println!("\n{title}: {} bytes, an instance {} bytes", text.len(), instance.len());
    let request = move || request(body.clone());
    let reply = Arc::new(Reply::text(instance));
    let layer = || MockLlmLayer::new().journal(0, 0);
    let saying = || layer().rule(Rule::always().respond_with(Arc::clone(&reply)));

    let mut group = Group::new(title);
    let mut service = saying().check_replies(false).into_service();
    group.case("a rule's reply, unchecked", 1, &request, move |r| drain(now(service.call(r))));
    group.case(
        "the schema, just read",
        1,
        || (),
        move |()| serde_json::from_str::<Value>(&text).expect("JSON"),
    );
    let mut service = saying().into_service();
    group.case("a rule's reply, checked", 1, &request, move |r| drain(now(service.call(r))));
    let mut service = layer().into_service();
    group.case("the default reply: an instance", 1, &request, move |r| drain(now(service.call(r))));
    group.run();
}

/// What the check costs where there is nothing to check.
fn free() {
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    let body = Bytes::from(body.to_string());
    let request = move || request(body.clone());
    let reply = Arc::new(Reply::text("word ".repeat(50)));
    let saying =
        || MockLlmLayer::new().journal(0, 0).rule(Rule::always().respond_with(Arc::clone(&reply)));
    let mut group = Group::new("no schema at all");
    let mut service = saying().check_replies(false).into_service();
    group.case("a rule's reply, unchecked", 1, &request, move |r| drain(now(service.call(r))));
    let mut service = saying().into_service();
    group.case("a rule's reply, checked", 1, &request, move |r| drain(now(service.call(r))));
    group.run();
}

fn small() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["city", "unit", "days"],
        "properties": {
            "city": {"type": "string", "description": "Where"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 14},
        },
    })
}

/// As a client's typed object makes it.
fn usual() -> Value {
    let address = json!({
        "type": "object", "additionalProperties": false,
        "required": ["street", "city", "country", "postal_code"],
        "properties": {
            "street": {"type": "string"}, "city": {"type": "string"},
            "country": {"type": "string"},
            "postal_code": {"type": "string", "pattern": "^[0-9]{4,6}$"},
        },
    });
    let item = json!({
        "type": "object", "additionalProperties": false,
        "required": ["id", "title", "price", "quantity", "tags"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "title": {"type": "string"},
            "price": {"type": "number", "minimum": 0}, "quantity": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    });
    let mut person = json!({
        "type": "object", "additionalProperties": false, "required": ["name", "email", "address"],
        "properties": {
            "name": {"type": "string", "maxLength": 80},
            "email": {"type": "string", "format": "email"},
            "address": {"$ref": "#/$defs/address"}, "age": {"type": "integer", "minimum": 0},
        },
    });
    for name in ["phone", "company", "language", "timezone"] {
        person["properties"][name] = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
    }
    json!({
        "type": "object", "additionalProperties": false,
        "required": ["customer", "items", "total", "status"],
        "properties": {
            "customer": {"$ref": "#/$defs/person"}, "ship_to": {"$ref": "#/$defs/address"},
            "items": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/item"}},
            "total": {"type": "number"}, "currency": {"enum": ["EUR", "USD", "JPY"]},
            "status": {"enum": ["open", "paid", "sent"]},
            "created": {"type": "string", "format": "date-time"},
        },
        "$defs": {"address": address, "item": item, "person": person},
    })
}

/// A tree of many kinds of nodes, as a language's syntax is.
fn large() -> Value {
    let mut definitions = json!({});
    for at in 0..40 {
        let other = |step: usize| json!({"$ref": format!("#/$defs/node{}", (at + step) % 40)});
        let mut properties = json!({
            "kind": {"const": format!("node{at}")},
            "next": {"anyOf": [other(1), {"type": "null"}]},
            "children": {"type": "array", "items": other(7), "maxItems": 4},
        });
        for field in 0..6 {
            let kind = ["string", "integer", "boolean"][field % 3];
            properties[format!("field_{field}")] = json!({"type": kind, "description": "one"});
        }
        definitions[format!("node{at}")] = json!({
            "type": "object", "additionalProperties": false,
            "required": ["kind", "field_0", "field_1"], "properties": properties,
        });
    }
    json!({"type": "object", "required": ["root"], "$defs": definitions,
        "properties": {"root": {"$ref": "#/$defs/node0"}}})
}

fn demanding(schema: &Value) -> Value {
    json!({
        "model": "gpt-4o", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}},
    })
}

/// What the default reply says.
fn instance(body: Bytes) -> String {
    let answer = now(MockLlmLayer::new().into_service().call(request(body)));
    let answer = now(async { Ok(answer.into_body().collect().await.expect("a body").to_bytes()) });
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    answer["choices"][0]["message"]["content"].as_str().expect("an instance").to_owned()
}

/// Polls what is ready at once.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(output)) => output,
        _ => panic!("nothing here waits"),
    }
}

fn drain<B: Body<Data = Bytes>>(response: Response<B>) -> usize {
    let mut body = pin!(response.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let mut length = 0;
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    length
}

fn request(body: Bytes) -> Req {
    Request::post("https://api.openai.com/v1/chat/completions")
        .header("authorization", "Bearer sk-bench")
        .body(Full::new(body))
        .expect("a request")
}
