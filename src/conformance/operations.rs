//! Calls that are no conversation.

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use super::{Suite, context_of};
use crate::provider::Operation;
use crate::reply::{Embeddings, Models, Output, Reply, TokenCount, Usage};
use crate::request::{Head, LlmRequest};

impl Suite<'_> {
    /// All that is asked of a call for another operation than a conversation.
    pub(super) fn operates(&mut self, sample: &Request<Bytes>) {
        let path = sample.uri().path().to_owned();
        let head = Head::of(sample);
        let Some(call) = self.calmly("it looks at a head", || self.synth.recognize(&head)) else {
            return;
        };
        let call = call.filter(|call| call.operation != Operation::Chat);
        self.expect(call.is_some(), || format!("recognizes no operation in {path}"));
        let Some(call) = call else { return };
        let parse = || self.synth.parse(call.clone(), &head, sample.body());
        let Some(parsed) = self.calmly("it parses", parse) else { return };
        if let Err(error) = &parsed {
            self.expect(false, || format!("refuses the sample for {path}: {error:?}"));
        }
        let Ok(request) = parsed else { return };
        self.expect(request.operation() == call.operation, || {
            format!("takes {path} for {:?}", request.operation())
        });
        if call.operation != Operation::Models {
            self.expect(!request.model.is_empty(), || format!("finds no model in {path}"));
            self.expect(!request.messages.is_empty(), || {
                format!("finds nothing to read in {path}")
            });
        }
        self.expect(!request.stream, || format!("takes {path} for a stream"));
        self.expect(request.body == *sample.body(), || format!("does not keep the body of {path}"));
        let sizes = request.embeddings.len();
        let inputs = match call.operation {
            Operation::Embeddings => request.messages.len(),
            _ => 0,
        };
        self.expect(sizes == inputs, || {
            format!("does not say how long the vectors of {path} are, one for each input")
        });
        self.survives(sample, &call);
        self.refuses(&request);
        self.puts_out(&path, &request);
    }

    fn puts_out(&mut self, path: &str, request: &LlmRequest) {
        let inputs = request.messages.len();
        let vectors = (0..inputs).map(|at| vec![0.5, -0.25, at as f32 / 4.0]).collect();
        let name = if request.model.is_empty() { "a-model" } else { &request.model };
        let outputs = [
            Output::from(Embeddings::of(vectors)),
            Output::from(Models::of([name])),
            Output::from(TokenCount::of(COUNT)),
        ];
        let nothing = Reply::empty();
        for output in outputs {
            let is_fit = output.operation() == request.operation();
            let doing = format!("it answers {path}");
            let run = || {
                let mut cx = context_of(request, &nothing, 1);
                cx.usage = Usage::new(output.given_tokens().unwrap_or(COUNT), 0);
                let (parts, body) = self.synth.output(&cx, &output).into_parts();
                (parts.status, format!("{:?}", parts.headers), body)
            };
            let Some((status, headers, body)) = self.calmly(&doing, run) else { continue };
            let again = self.calmly(&doing, run);
            self.expect(again == Some((status, headers.clone(), body.clone())), || {
                format!("answers {path} differently the second time")
            });
            if !is_fit {
                self.expect(!status.is_success(), || {
                    format!("answers {path} with {:?}", output.operation())
                });
                continue;
            }
            self.expect(status == 200, || format!("answers {path} with {status}"));
            self.expect(headers.contains(header::CONTENT_TYPE.as_str()), || {
                format!("answers {path} without a content type")
            });
            let numbers = serde_json::from_slice(&body).map(|body| numbers(&body));
            let says = |wanted: &[f64]| match &numbers {
                Ok(numbers) => numbers.windows(wanted.len()).any(|some| some == wanted),
                // In a form of its own.
                Err(_) => true,
            };
            let is_said = match &output {
                Output::TokenCount(_) => says(&[COUNT as f64]),
                Output::Embeddings(_) => says(&[0.5, -0.25]),
                Output::Models(_) => body.windows(name.len()).any(|piece| piece == name.as_bytes()),
            };
            self.expect(is_said, || format!("answers {path}, and what it says is not there"));
        }
    }
}

/// None that an envelope would have by chance.
const COUNT: u64 = 40_961;

/// All numbers of a value, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields.values().flat_map(numbers).collect(),
        Value::Number(number) => number.as_f64().into_iter().collect(),
        _ => Vec::new(),
    }
}
