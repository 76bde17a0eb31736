// Config files, served: the SDKs with nothing but their base URL changed, and plain HTTP.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

// Nothing of the machine's own may steer an SDK.
for (const name of Object.keys(process.env)) {
  if (/^(ANTHROPIC|GEMINI|GOOGLE|OPENAI)_/.test(name)) delete process.env[name];
}

const files = new URL("../../examples/config/", import.meta.url).pathname;
const binary = process.env.MOCK_LLM_BIN ?? "target/debug/mock-llm";

async function serve(file) {
  const options = ["serve", "--config", files + file];
  const server = spawn(binary, options, { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  return { server, url: line.replace("listening on ", "") };
}

async function stop(server) {
  server.kill("SIGTERM");
  const [code] = await once(server, "exit");
  assert.equal(code, 0);
}

const hello = [{ role: "user", content: "HELLO there" }];
const said = "Hello! How can I help you today?";

describe("development.yaml", () => {
  let server, url;
  before(async () => ({ server, url } = await serve("development.yaml")));
  after(() => stop(server));

  test("openai", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
    const ask = { model: "gpt-4", messages: hello };
    const whole = await client.chat.completions.create(ask);
    assert.equal(whole.choices[0].message.content, said);
    let text = "";
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    assert.equal(text, said);
  });

  test("anthropic, by the name of another vendor's model", async () => {
    const client = new Anthropic({ baseURL: url, apiKey: "any", maxRetries: 0 });
    const answer = await client.messages.create({ model: "gpt-4", max_tokens: 99, messages: hello });
    assert.deepEqual([answer.type, answer.model, answer.content[0].text], ["message", "gpt-4", said]);
  });

  test("gemini", async () => {
    const client = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: url } });
    const answer = await client.models.generateContent({ model: "gpt-4", contents: "HELLO there" });
    assert.equal(answer.text, said);
  });

  test("a plain fetch, without anything", async () => {
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      const body = JSON.stringify({ model: "gpt-4", messages: hello });
      const answer = await fetch(url + path, { method: "POST", body });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("x-mock-llm"), "true");
      assert.ok((await answer.text()).includes(said));
    }
  });
});

describe("rules.yaml", () => {
  let server, url;
  before(async () => ({ server, url } = await serve("rules.yaml")));
  after(() => stop(server));

  test("a tool call of the file", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
    const parameters = { type: "object", properties: { query: { type: "string" } } };
    const answer = await client.chat.completions.create({
      model: "gpt-4o",
      messages: [{ role: "user", content: "look up tower" }],
      tools: [{ type: "function", function: { name: "search", parameters } }],
    });
    const { finish_reason, message } = answer.choices[0];
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.content, "I will look.");
    assert.equal(message.tool_calls[0].function.arguments, '{"query":"tower","limit":3}');
    assert.equal(answer.usage.completion_tokens_details.reasoning_tokens, 12);
  });

  test("an error of the file is tried again, and then it is well", async () => {
    const client = new Anthropic({ baseURL: url, apiKey: "any", maxRetries: 2 });
    const messages = [{ role: "user", content: "flaky" }];
    const answer = await client.messages.create({ model: "claude-x", max_tokens: 9, messages });
    assert.equal(answer.content[0].text, "At last.");
  });

  test("a stream that the file breaks off fails", async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
    const messages = [{ role: "user", content: "slowly" }];
    const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
    let text = "";
    await assert.rejects(async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    });
    assert.ok("One word after the other, and then no more.".startsWith(text) && text.length > 0);
  });
});
