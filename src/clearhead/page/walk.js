// One token's way through the model, in the paper's order, with the model's own numbers.

import { signedColour } from "./colour.js";
import { row, shown } from "./data.js";
import { choice, make, refill } from "./dom.js";
import { bracketed, equation, group, over, squareRoot, sub, sup } from "./maths.js";

const NUMBERS = 8; // of a vector, written out; the strip shows all

function strip(values) {
  const most = Math.max(...values.map(Math.abs));
  const canvas = make("canvas", { width: values.length, height: 1, className: "strip", attributes: { "aria-hidden": "true" } });
  const context = canvas.getContext("2d");
  values.forEach((value, place) => {
    context.fillStyle = signedColour(value, most);
    context.fillRect(place, 0, 1, 1);
  });
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const place = Math.min(values.length - 1, Math.floor(((event.clientX - box.left) / box.width) * values.length));
    canvas.title = `number ${place}: ${shown(values[place])}`;
  });
  const first = [...values.slice(0, NUMBERS)].map(shown).join(", ");
  const text = `${first}${values.length > NUMBERS ? `, … (${values.length} numbers, largest ${shown(most)})` : ""}`;
  return make("div", { className: "vector" }, canvas, make("code", {}, text));
}

function shares(values, names) {
  return table(["", "", ""], values.map((value, place) => [names[place], shown(value), bar(value)]));
}

function bar(share) {
  const element = make("span", { className: "bar" });
  element.style.setProperty("--share", Math.max(0, Math.min(1, share)).toFixed(4));
  return element;
}

function table(columns, rows) {
  const head = columns.some(Boolean) ? make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)))) : "";
  const body = rows.map(([name, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, name)), ...cells.map((cell) => make("td", {}, cell))),
  );
  return make("table", { className: "bars" }, head, make("tbody", {}, ...body));
}

const dot = (one, two) => one.reduce((sum, value, place) => sum + value * two[place], 0);

/** Return the steps of attention of one query in one head, computed from its query, keys and values. */
export function attend(query, keys, values, masked) {
  const scores = keys.map((key) => dot(query, key));
  const scaled = scores.map((score) => score / Math.sqrt(query.length));
  const seen = scaled.map((score, place) => (masked(place) ? null : score));
  const most = Math.max(...seen.filter((score) => score !== null));
  const raised = seen.map((score) => (score === null ? 0 : Math.exp(score - most)));
  const total = raised.reduce((sum, value) => sum + value, 0);
  const weights = raised.map((value) => value / total);
  const sum = new Float32Array(values[0].length);
  values.forEach((value, place) => value.forEach((part, axis) => (sum[axis] += weights[place] * part)));
  return { scores, scaled, seen, weights, sum };
}

// Each step: its section of the paper, and the code that does it. A test imports every symbol.
const SOURCES = {
  tokens: ["§5.1", "clearhead.text.tokenizer.Tokenizer"],
  embedding: ["§3.4", "clearhead.model.embeddings.TokenEmbedding"],
  position: ["§3.5", "clearhead.model.positions.PositionalEncoding"],
  projections: ["§3.2.2", "clearhead.model.attention.MultiHeadAttention"],
  weights: ["§3.2.1, Eq. 1", "clearhead.model.attention.attention_weights"],
  sum: ["§3.2.1, Eq. 1", "clearhead.model.attention.scaled_dot_product_attention"],
  heads: ["§3.2.2", "clearhead.model.attention.MultiHeadAttention"],
  add: ["§3.1", "clearhead.model.sublayer.Sublayer"],
  feedForward: ["§3.3, Eq. 2", "clearhead.model.feed_forward.FeedForward"],
  encoder: ["§3.1", "clearhead.model.encoder.Encoder"],
  decoder: ["§3.1", "clearhead.model.decoder.Decoder"],
  logits: ["§3.4", "clearhead.model.transformer.Transformer"],
};

function stage(title, step, formula, ...content) {
  const [paper, symbol] = SOURCES[step];
  return make("section", { className: "stage" },
    make("header", {}, make("h4", {}, title), make("span", { className: "reference" }, `${paper} · ${symbol}`)),
    formula ?? "", ...content);
}

const said = (text) => make("p", {}, text);

// W_1 x + b_1 and what is made of it
const FIRST = () => group("x", sub("W", "1"), "+", sub("b", "1"));
const FEED_FORWARD = {
  relu: () => group("max", "(", "0", ",", FIRST(), ")"),
  gelu: () => group("GELU", "(", FIRST(), ")"),
  swish: () => group("swish", "(", FIRST(), ")"),
  swiglu: () => group("(", "swish", "(", FIRST(), ")", "⊙", "(", "x", "V", "+", "c", ")", ")"),
};

/** Fill the view of the walk. */
export function walkView(data, root) {
  const kept = (stack) =>
    [...Array(data.attention[stack].shape[0]).keys()].filter((layer) => `${stack}.${layer}.self.query` in data.inner);
  if (!kept("encoder").length || !kept("decoder").length) {
    root.replaceChildren(make("p", { className: "note" }, data.walkNote));
    return;
  }
  const first = (stack) => (stack === "encoder" && data.source.labels[0].startsWith("<2") ? 1 : 0);
  const state = { stack: "encoder", layer: kept("encoder")[0], head: 0, token: first("encoder") };
  const pre = data.about.norm === "pre";
  const norm = data.about.normalization === "rms" ? "RMSNorm" : "LayerNorm";
  const rotary = data.about.positions === "rotary";
  const inner = (name) => data.inner[`${state.stack}.${state.layer}.${name}`];
  const entered = () => (pre ? group(norm, "(", "x", ")") : group("x"));

  function attention(which, title) {
    const query = row(inner(`${which}.query`), state.head, state.token);
    const [, keyCount] = inner(`${which}.key`).shape;
    const each = (name) => [...Array(keyCount).keys()].map((place) => row(inner(`${which}.${name}`), state.head, place));
    const causal = state.stack === "decoder" && which === "self";
    const steps = attend(query, each("key"), each("value"), (place) => causal && place > state.token);
    const names = which === "cross" || state.stack === "encoder" ? data.source.labels : data.target.read;
    const asked = which === "self" ? state.token : 0;
    const from = () => (which === "cross" ? group("memory") : entered());
    const projected = (letter, source) => group(letter, "=", source, sup("W", letter.toUpperCase()));
    return [
      make("h3", {}, title),
      stage("Query, keys, values", "projections",
        equation(projected("q", entered()), "+", sup("b", "Q"), ",  ", projected("k", from()), ",  ", projected("v", from()), "+", sup("b", "V")),
        said(`Each has d_k = ${query.length} numbers.${which === "self" && rotary ? " q and k are turned by their positions." : ""}`),
        said("Query of this token"), strip(query), said(`Key and value of “${names[asked]}”`), strip(each("key")[asked]), strip(each("value")[asked])),
      stage(`Scores, scale, ${causal ? "mask, " : ""}softmax`, "weights",
        equation("softmax", bracketed(over(group("q", sup("k", "T")), squareRoot(sub("d", "k")))), ",  ", squareRoot(sub("d", "k")), "=", squareRoot(String(query.length))),
        said(`The scale keeps the variance of the scores from growing with d_k.${causal ? " Keys that come later are set to −∞." : ""} The weights sum to 1.`),
        table(["key", "q · k", "scaled", ...(causal ? ["masked"] : []), "weight", ""], steps.scores.map((score, place) => [
          names[place], shown(score), shown(steps.scaled[place]),
          ...(causal ? [steps.seen[place] === null ? "−∞" : shown(steps.seen[place])] : []),
          shown(steps.weights[place]), bar(steps.weights[place])]))),
      stage("Weighted sum", "sum", equation("head", "=", "∑", "weight", "·", "v"), said("What this head brings to the token."), strip(steps.sum)),
      stage("Heads joined", "heads",
        equation("Concat", "(", sub("head", "1"), ",", "…", ",", sub("head", String(data.about.num_heads)), ")", sup("W", "O"), "+", sup("b", "O")),
        strip(row(inner(`${which}.function`), state.token))),
      added(which),
    ];
  }

  function added(which) {
    const before = row(inner(`${which}.before`), state.token);
    const made = row(inner(`${which}.function`), state.token);
    const sum = before.map((value, place) => value + made[place]);
    const formula = pre
      ? equation("x", "+", "Sublayer", "(", norm, "(", "x", ")", ")")
      : equation(norm, "(", "x", "+", "Sublayer", "(", "x", ")", ")");
    const normalised = pre ? [] : [said("Normalised"), strip(row(inner(`${which}.after`), state.token))];
    return stage(pre ? "Add" : "Add & Norm", "add", formula, said("x"), strip(before), said("x + Sublayer"), strip(sum), ...normalised);
  }

  function beginning() {
    const decoder = state.stack === "decoder";
    const side = decoder ? data.target : data.source;
    const labels = decoder ? side.read : side.labels;
    const embedded = row(data.inner[`${state.stack}.embedded`], state.token);
    const entering = row(data.inner[`${state.stack}.0.self.before`], state.token);
    const pieces = labels.map((label, place) => make("bdi", { className: place === state.token ? "piece now" : "piece" }, label));
    const angle = (part) => group(part, bracketed(over("pos", sup("10000", group("2", "i", "/", sub("d", "model"))))));
    const encoding = data.about.positions === "learned"
      ? said("A learned vector for each position.")
      : equation("PE", "(", "pos", ",", "2", "i", ")", "=", angle("sin"), ",  ", "PE", "(", "pos", ",", "2", "i", "+", "1", ")", "=", angle("cos"));
    return [
      stage("Tokens", "tokens", null,
        said(decoder ? "What the decoder reads: the start, then every token it has produced." : "The text as pieces of the vocabulary. The model reads their numbers only."),
        make("p", { className: "pieces" }, ...pieces),
        side.ids ? said(`“${labels[state.token]}” is number ${(decoder ? side.readIds : side.ids)[state.token]}.`) : ""),
      stage("Embedding", "embedding", equation(sub("E", "token"), "·", squareRoot(sub("d", "model")), ",  ", squareRoot(sub("d", "model")), "=", squareRoot(String(data.about.d_model))),
        said("The token's row of the table of embeddings, scaled."), strip(embedded)),
      rotary ? "" : stage("Position", "position", encoding, said(`Position ${state.token}`), strip(entering.map((value, place) => value - embedded[place]))),
      stage("Into the first layer", "position", null, said(rotary ? "The embedding alone: positions turn queries and keys." : "Embedding plus position."), strip(entering)),
    ];
  }

  function ending() {
    const decoder = state.stack === "decoder";
    if (state.layer !== data.attention[state.stack].shape[0] - 1) return [make("p", { className: "note" }, "… and into the next layer.")];
    const last = row(data.inner[decoder ? "decoder.states" : "encoder.memory"], state.token);
    const formula = pre ? equation(decoder ? "state" : "memory", "=", norm, "(", "x", ")") : null;
    const title = decoder ? "The decoder's last state" : "The memory";
    const next = decoder ? "Its product with every token's embedding gives the logits." : "What the decoder attends to.";
    const normed = pre ? `The output of the last layer, normalised once more: pre-norm layers leave that to the end. ${next}` : next;
    return [
      stage(pre ? `Final ${norm}: ${decoder ? "the last state" : "the memory"}` : title, decoder ? "decoder" : "encoder", formula, said(normed), strip(last)),
      decoder
        ? stage("Next token", "logits", equation("softmax", "(", "state", "·", sup("E", "T"), ")"), shares(data.guesses[state.token].map(({ probability }) => probability), data.guesses[state.token].map(({ label }) => label)))
        : "",
    ];
  }

  function stages() {
    const decoder = state.stack === "decoder";
    const within = FEED_FORWARD[data.about.activation ?? "relu"];
    const hidden = row(inner("feed_forward.inner"), state.token);
    return [
      ...beginning(),
      ...attention("self", `Layer ${state.layer}: ${decoder ? "masked " : ""}self-attention, head ${state.head}`),
      ...(decoder ? attention("cross", `Layer ${state.layer}: attention to the source, head ${state.head}`) : []),
      make("h3", {}, `Layer ${state.layer}: feed-forward`),
      stage("Feed-forward", "feedForward", equation(within(), sub("W", "2"), "+", sub("b", "2")),
        said(`The same network at every position. Inside: ${hidden.length} numbers, ${hidden.filter((value) => value > 0).length} of them above 0`), strip(hidden),
        said("Its output"), strip(row(inner("feed_forward.function"), state.token))),
      added("feed_forward"),
      ...ending(),
    ];
  }

  function build() {
    const names = state.stack === "encoder" ? data.source.labels : data.target.read;
    const set = (changes) => {
      Object.assign(state, changes);
      build();
    };
    const options = (numbers) => numbers.map((each) => [String(each), String(each)]);
    const heads = data.attention[state.stack].shape[1];
    refill(root,
      make("div", { className: "controls" },
        choice("Stack", [["encoder", "encoder"], ["decoder", "decoder"]], state.stack, (stack) => set({ stack, layer: kept(stack)[0], head: 0, token: first(stack) })),
        choice("Layer", options(kept(state.stack)), String(state.layer), (value) => set({ layer: Number(value) })),
        choice("Head", options([...Array(heads).keys()]), String(state.head), (value) => set({ head: Number(value) })),
        choice("Token", names.map((name, place) => [String(place), `${place}: ${name}`]), String(state.token), (value) => set({ token: Number(value) }))),
      data.walkNote ? make("p", { className: "note" }, data.walkNote) : "",
      make("p", { className: "note" }, "Every number is this model's own, in fp32. In a strip each stripe is one number: blue above 0, brown below, pale near 0. Point at a stripe to read it."),
      make("div", { className: "walk" }, ...stages()),
    );
  }

  build();
}
