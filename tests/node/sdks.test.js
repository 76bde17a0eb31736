// The vendors' Node SDKs against the mock, with nothing but their base URL changed: a whole
// answer, a stream, a tool call, a streamed tool call and a typed error each.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

// Nothing of the machine's own may steer an SDK.
for (const name of Object.keys(process.env)) {
  if (/^(ANTHROPIC|GEMINI|GOOGLE|OPENAI)_/.test(name)) delete process.env[name];
}

const schema = {
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer" },
    unit: { type: "string", enum: ["celsius", "fahrenheit"] },
  },
  required: ["city", "days", "unit"],
};
const named = { name: "get_weather", description: "The weather at a place" };
const prompt = "Grüße, “Welt” 👋🏽\n\"quoted\"";

function checkArguments(given) {
  assert.deepEqual(Object.keys(given).sort(), ["city", "days", "unit"]);
  assert.equal(typeof given.city, "string");
  assert.ok(Number.isInteger(given.days) && schema.properties.unit.enum.includes(given.unit));
}

async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

let server, url;

before(async () => {
  const binary = process.env.MOCK_LLM_BIN ?? "target/debug/mock-llm";
  server = spawn(binary, ["serve"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  assert.match(line, /^listening on http:\/\/127\.0\.0\.1:\d+$/);
  url = line.replace("listening on ", "");
});

after(async () => {
  server.kill("SIGTERM");
  const [code] = await once(server, "exit");
  assert.equal(code, 0);
});

describe("openai", () => {
  let completions;
  before(() => {
    completions = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-dummy" }).chat.completions;
  });
  const ask = { model: "gpt-4o-mini", messages: [{ role: "user", content: prompt }] };
  const tools = [{ type: "function", function: { ...named, parameters: schema } }];
  const call = { ...ask, tools, tool_choice: "required" };
  const streamed = { stream: true, stream_options: { include_usage: true } };

  test("a stream says what the whole answer says", async () => {
    const { data: whole, request_id } = await completions.create(ask).withResponse();
    assert.match(request_id, /^req_/);
    assert.equal(whole.choices[0].finish_reason, "stop");
    const { prompt_tokens, completion_tokens, total_tokens } = whole.usage;
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
    const chunks = await all(await completions.create({ ...ask, ...streamed }));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.equal(text, whole.choices[0].message.content);
    assert.deepEqual(chunks.at(-1).usage, whole.usage);
  });

  test("a streamed tool call says what the whole one says", async () => {
    const whole = await completions.create(call);
    const [expected] = whole.choices[0].message.tool_calls;
    assert.equal(whole.choices[0].finish_reason, "tool_calls");
    checkArguments(JSON.parse(expected.function.arguments));
    const final = await completions.stream({ ...call, ...streamed }).finalChatCompletion();
    const [found] = final.choices[0].message.tool_calls;
    assert.equal(found.function.name, "get_weather");
    assert.equal(found.function.arguments, expected.function.arguments);
    assert.deepEqual(final.usage, whole.usage);
  });

  test("errors are typed", async () => {
    const error = await completions.create({ ...ask, messages: [] }).catch((error) => error);
    assert.ok(error instanceof OpenAI.BadRequestError, error);
    assert.deepEqual([error.status, error.code, error.param], [400, "empty_array", "messages"]);
  });
});

describe("anthropic", () => {
  let messages;
  before(() => {
    messages = new Anthropic({ baseURL: url, apiKey: "sk-ant-dummy" }).messages;
  });
  const ask = {
    model: "claude-haiku-4-5",
    max_tokens: 1024,
    messages: [{ role: "user", content: prompt }],
  };
  const call = { ...ask, tools: [{ ...named, input_schema: schema }], tool_choice: { type: "any" } };

  test("a stream says what the whole answer says", async () => {
    const whole = await messages.create(ask);
    assert.match(whole._request_id, /^req_/);
    assert.equal(whole.stop_reason, "end_turn");
    const events = await all(await messages.create({ ...ask, stream: true }));
    const text = events.map((event) => event.delta?.text ?? "").join("");
    assert.equal(text, whole.content[0].text);
    const final = await messages.stream(ask).finalMessage();
    assert.deepEqual(final.content[0].text, text);
    assert.equal(final.usage.input_tokens, whole.usage.input_tokens);
    assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
  });

  test("a streamed tool call says what the whole one says", async () => {
    const whole = await messages.create(call);
    assert.equal(whole.stop_reason, "tool_use");
    checkArguments(whole.content[0].input);
    const final = await messages.stream(call).finalMessage();
    assert.equal(final.stop_reason, "tool_use");
    assert.equal(final.content[0].name, "get_weather");
    assert.deepEqual(final.content[0].input, whole.content[0].input);
  });

  test("errors are typed", async () => {
    const error = await messages.create({ ...ask, messages: [] }).catch((error) => error);
    assert.ok(error instanceof Anthropic.BadRequestError, error);
    assert.equal(error.type, "invalid_request_error");
    assert.equal(error.error.error.message, "messages: at least one message is required");
    assert.equal(error.requestID, error.error.request_id);
  });
});

describe("gemini", () => {
  let models;
  before(() => {
    models = new GoogleGenAI({ apiKey: "dummy", httpOptions: { baseUrl: url } }).models;
  });
  const ask = { model: "gemini-2.5-flash", contents: prompt };
  const config = {
    tools: [{ functionDeclarations: [{ ...named, parametersJsonSchema: schema }] }],
    toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
  };
  const call = { ...ask, config };

  test("a stream says what the whole answer says", async () => {
    const whole = await models.generateContent(ask);
    assert.equal(whole.candidates[0].finishReason, "STOP");
    const usage = whole.usageMetadata;
    assert.equal(usage.totalTokenCount, usage.promptTokenCount + usage.candidatesTokenCount);
    const chunks = await all(await models.generateContentStream(ask));
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), whole.text);
    assert.deepEqual(chunks.at(-1).usageMetadata, usage);
  });

  test("a streamed tool call says what the whole one says", async () => {
    const whole = await models.generateContent(call);
    assert.equal(whole.functionCalls[0].name, "get_weather");
    checkArguments(whole.functionCalls[0].args);
    const chunks = await all(await models.generateContentStream(call));
    const found = chunks.flatMap((chunk) => chunk.functionCalls ?? []);
    assert.deepEqual(found, whole.functionCalls);
    assert.deepEqual(chunks.at(-1).usageMetadata, whole.usageMetadata);
  });

  test("errors are typed", async () => {
    const wrong = { ...ask, config: { temperature: 3 } };
    const error = await models.generateContent(wrong).catch((error) => error);
    assert.ok(error instanceof ApiError, error);
    assert.equal(error.status, 400);
    assert.match(error.message, /temperature must be in the range/);
  });
});
