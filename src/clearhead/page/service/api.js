// Asking the service. Every address is relative, so that a proxy may serve the page below any path.

import { remembered } from "./remembered.js";

/** What the service refused, or a connection that failed (status 0). */
export class Refusal extends Error {
  constructor(message, { status = 0, code = "unreachable", retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

const secondsOf = (header) => (header !== null && /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) : null);

async function refusalOf(response) {
  const said = await response.json().catch(() => ({}));
  const message = typeof said.error === "string" ? said.error : `${response.status} ${response.statusText}`.trim();
  return new Refusal(message, { status: response.status, code: String(said.code ?? ""), retryAfter: secondsOf(response.headers.get("Retry-After")) });
}

async function sent(path, options) {
  const key = remembered("key", "");
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options, headers });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Refusal(String(failure.message));
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

const asJson = (body, signal) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

/** Return the answer to a GET. */
export const fetched = async (path) => (await sent(path, {})).json();

/** Return the answer to a POST of JSON. */
export const posted = async (path, body, signal) => (await sent(path, asJson(body, signal))).json();

/** Return the answer to a POST of a form, as files are sent. */
export const uploaded = async (path, form, signal) => (await sent(path, { method: "POST", body: form, signal })).json();

/** Return the bytes at an address. */
export const loaded = async (path) => (await sent(path, {})).blob();

/** Yield [event, data] of a stream of server-sent events; one that fails midway throws what the service said. */
export async function* streamed(path, body, signal) {
  const response = await sent(path, asJson(body, signal));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    waiting += done ? "\n\n" : value;
    const blocks = waiting.split(/\r?\n\r?\n/);
    waiting = blocks.pop();
    for (const block of blocks) {
      const event = eventOf(block);
      if (event?.[0] === "error") throw refusalIn(event[1]);
      if (event) yield event;
    }
    if (done) return;
  }
}

function refusalIn({ error, status, code, retry_after: retryAfter }) {
  return new Refusal(error, { status, code, retryAfter });
}

function eventOf(block) {
  let event = "message";
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length ? [event, JSON.parse(data.join("\n"))] : null;
}
