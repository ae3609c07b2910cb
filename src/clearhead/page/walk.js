// One token's way through a layer, in the paper's order, with the model's own numbers.

import { signedColour } from "./colour.js";
import { row, shown } from "./data.js";
import { choice, make, refill } from "./dom.js";

const NUMBERS = 8; // of a vector, written out; the strip shows all

function strip(values) {
  const most = Math.max(...values.map(Math.abs));
  const canvas = make("canvas", { width: values.length, height: 1, className: "strip", attributes: { "aria-hidden": "true" } });
  const context = canvas.getContext("2d");
  values.forEach((value, place) => {
    context.fillStyle = signedColour(value, most);
    context.fillRect(place, 0, 1, 1);
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

function section(title, equation, ...content) {
  return make("section", { className: "stage" }, make("h4", {}, title), equation ? make("p", { className: "equation" }, equation) : "", ...content);
}

const FEED_FORWARD = {
  relu: "max(0, x W₁ + b₁)",
  gelu: "GELU(x W₁ + b₁)",
  swish: "swish(x W₁ + b₁)",
  swiglu: "(swish(x W₁ + b₁) · (x V + c))",
};

/** Fill the view of the walk. */
export function walkView(data, root) {
  if (!Object.keys(data.inner).length) {
    root.replaceChildren(make("p", { className: "note" }, data.withoutInner));
    return;
  }
  const first = (stack) => (stack === "encoder" && data.source.labels[0].startsWith("<2") ? 1 : 0);
  const state = { stack: "encoder", layer: 0, head: 0, token: first("encoder") };
  const normName = () => (data.about.normalization === "rms" ? "RMSNorm" : "LayerNorm");
  const within = FEED_FORWARD[data.about.activation ?? "relu"];
  const added = data.about.positions !== "rotary";
  const inner = (name) => data.inner[`${state.stack}.${state.layer}.${name}`];

  function attention(which, said) {
    const query = row(inner(`${which}.query`), state.head, state.token);
    const [, keyCount] = inner(`${which}.key`).shape;
    const each = (name) => [...Array(keyCount).keys()].map((place) => row(inner(`${which}.${name}`), state.head, place));
    const causal = state.stack === "decoder" && which === "self";
    const found = attend(query, each("key"), each("value"), (place) => causal && place > state.token);
    const names = which === "cross" || state.stack === "encoder" ? data.source.labels : data.target.read;
    const asked = which === "self" ? state.token : 0;
    const d = query.length;
    const norm = data.about.norm === "pre" ? `${normName()}(x)` : "x";
    const turned = which === "self" && data.about.positions === "rotary" ? ";  q and k turned by their positions" : "";
    return [
      make("h3", {}, said),
      section("Query, keys, values", `q = ${norm} W^Q + b^Q,  k = ${which === "cross" ? "memory" : norm} W^K,  v = ${which === "cross" ? "memory" : norm} W^V + b^V,  each of d_k = ${d}${turned}`,
        make("p", {}, "query of this token"), strip(query), make("p", {}, `key and value of “${names[asked]}”`), strip(each("key")[asked]), strip(each("value")[asked])),
      section("Scores, scale, " + (causal ? "mask, " : "") + "softmax",
        `q · k, / √d_k = / √${d} so that the variance does not grow with d_k, ${causal ? "what comes later set to −∞, " : ""}softmax: weights that sum to 1`,
        table(["key", "q · k", "scaled", ...(causal ? ["masked"] : []), "weight", ""], found.scores.map((score, place) => [
          names[place], shown(score), shown(found.scaled[place]),
          ...(causal ? [found.seen[place] === null ? "−∞" : shown(found.seen[place])] : []),
          shown(found.weights[place]), bar(found.weights[place])]))),
      section("Weighted sum", "Σ weight · v: what this head brings", strip(found.sum)),
      section("Heads joined", `Concat(head_1, …, head_${data.about.num_heads}) W^O + b^O`, strip(row(inner(`${which}.function`), state.token))),
      addAndNorm(which),
    ];
  }

  function addAndNorm(which) {
    const before = row(inner(`${which}.before`), state.token);
    const made = row(inner(`${which}.function`), state.token);
    const sum = before.map((value, place) => value + made[place]);
    const pre = data.about.norm === "pre";
    return section("Add & Norm", pre ? `x + Sublayer(${normName()}(x))` : `${normName()}(x + Sublayer(x))`,
      make("p", {}, "x"), strip(before), make("p", {}, "x + Sublayer"), strip(sum),
      pre ? "" : make("p", {}, "normalised"), pre ? "" : strip(row(inner(`${which}.after`), state.token)));
  }

  function stages() {
    const decoder = state.stack === "decoder";
    const embedded = row(data.inner[`${state.stack}.embedded`], state.token);
    const entering = row(data.inner[`${state.stack}.0.self.before`], state.token);
    const position = entering.map((value, place) => value - embedded[place]);
    const root_d = `√d_model = √${data.about.d_model}`;
    const last = decoder ? "decoder.states" : "encoder.memory";
    const layers = data.attention[decoder ? "decoder" : "encoder"].shape[0];
    const ends = state.layer === layers - 1;
    return [
      section("Embedding", `the token's row of the table × ${root_d}`, strip(embedded)),
      added ? section("Position", data.about.positions === "learned" ? "a learned vector for each position" : "PE(pos, 2i) = sin(pos / 10000^(2i/d_model)), PE(pos, 2i+1) = cos(…)", strip(position)) : "",
      section("Into the first layer", added ? "embedding + position" : "embedding; positions turn queries and keys", strip(entering)),
      ...attention("self", decoder ? `Layer ${state.layer}: masked self-attention, head ${state.head}` : `Layer ${state.layer}: self-attention, head ${state.head}`),
      ...(decoder ? attention("cross", `Layer ${state.layer}: attention to the source, head ${state.head}`) : []),
      make("h3", {}, `Layer ${state.layer}: feed-forward`),
      section("Feed-forward", `${within} W₂ + b₂, the same at every position`,
        make("p", {}, `${within}: ${inner("feed_forward.inner").shape[1]} numbers, ${row(inner("feed_forward.inner"), state.token).filter((value) => value > 0).length} above 0`),
        strip(row(inner("feed_forward.inner"), state.token)), make("p", {}, "… W₂ + b₂"), strip(row(inner("feed_forward.function"), state.token))),
      addAndNorm("feed_forward"),
      ends
        ? section(decoder ? "The decoder's last state" : "The memory", decoder ? "its product with every token's embedding gives the logits" : "what the decoder attends to", strip(row(data.inner[last], state.token)))
        : make("p", { className: "note" }, "… and into the next layer."),
      ends && decoder
        ? section("Next token", "softmax of the logits", shares(data.guesses[state.token].map(({ probability }) => probability), data.guesses[state.token].map(({ label }) => label)))
        : "",
    ];
  }

  function build() {
    const names = state.stack === "encoder" ? data.source.labels : data.target.read;
    const set = (changes) => {
      Object.assign(state, changes);
      build();
    };
    const range = (count) => [...Array(count).keys()].map((each) => [String(each), String(each)]);
    const shape = data.attention[state.stack].shape;
    refill(root,
      make("div", { className: "controls" },
        choice("Stack", [["encoder", "encoder"], ["decoder", "decoder"]], state.stack, (stack) => set({ stack, layer: 0, head: 0, token: first(stack) })),
        choice("Layer", range(shape[0]), String(state.layer), (value) => set({ layer: Number(value) })),
        choice("Head", range(shape[1]), String(state.head), (value) => set({ head: Number(value) })),
        choice("Token", names.map((name, place) => [String(place), `${place}: ${name}`]), String(state.token), (value) => set({ token: Number(value) }))),
      make("p", { className: "note" }, "Every number is this model's own, in fp32. Strips: bright is positive, dark negative, grey near 0."),
      make("div", { className: "walk" }, ...stages()),
    );
  }

  build();
}
