// The reading view: a word lights the words it came from, or that came from it.

import { arrowKeys, choice, make, refill, spokenTable } from "./dom.js";
import { rowsOf, shown, stretch } from "./data.js";

function split(text, spans) {
  // the text in pieces: [text, number of the word or null]
  const parts = [];
  let done = 0;
  spans.forEach(([start, end], number) => {
    if (start > done) parts.push([stretch(text, done, start), null]);
    if (end > start) parts.push([stretch(text, start, end), number]);
    done = Math.max(done, end);
  });
  const rest = stretch(text, done);
  return rest ? [...parts, [rest, null]] : parts;
}

const METHODS = {
  attention: "attention of the chosen heads",
  rollout: "attention rolled out through all layers",
  integrated: "integrated gradients, in nats",
};
const VERBS = {
  attention: ["looked at", "was looked at by"],
  rollout: ["goes back to", "went into"],
  integrated: ["owes to", "raised (or lowered, below 0)"],
};
const NOTES = {
  attention: "Attention shows where the model looked; it is neither a proof of where a word came from nor an explanation.",
  rollout: "Rollout follows the mean attention through all layers, half of each token staying itself (Abnar and Zuidema 2020).",
  integrated: "Integrated gradients (Sundararajan et al. 2017) share out the log-probability of a word among the tokens, above 0 where they raised it; the brightest of each word is lit fully.",
};

function units(data, kind, method) {
  // what can be lit: the texts of both sides, and what each of the target owes to each of the source
  const { source, target, weights, coverage, confidence } = data.words;
  const named = (side) => side.labels.map((label, number) => [label, number]);
  const words = kind === "words";
  const seen = rowsOf(words ? weights : data.seen);
  const covered = [...Array(words ? source.length : data.source.labels.length).keys()];
  return {
    source: words ? split(data.source.text, source) : named(data.source),
    target: words ? split(data.target.text, target) : named(data.target),
    table: method === "attention" ? seen : rowsOf(data.owed[method][kind]),
    coverage: words ? coverage : covered.map((i) => Math.min(1, seen.reduce((sum, row) => sum + row[i], 0))),
    confidence: words ? confidence : data.target.probabilities,
  };
}

function checked(data, method) {
  const value = data.about.checks[method];
  return method === "rollout"
    ? `rows sum to 1 within ${value.toExponential(0)}`
    : `the shares miss the whole by ${shown(value)} nats at most, in ${data.about.steps} steps`;
}

function verdict(data, left) {
  // how far to trust the translation, and whether a word is missing from it
  const { confidence, unsure, word_confidence: ofWords } = data.about;
  const parts = [];
  if (typeof confidence === "number") {
    const sure = `Confidence ${confidence.toFixed(2)}`;
    parts.push(unsure ? `${sure}: the model is unsure of this translation.` : `${sure}: about ${Math.round(100 * confidence)} of 100 translations like this one are right.`);
  }
  const doubted = ofWords ? unsureWords(data) : [];
  if (doubted.length) parts.push(`Least sure of: ${doubted.join(", ")}.`);
  parts.push(left.length ? `Perhaps missing from the translation: ${left.join(", ")}.` : "No source word seems to be missing.");
  return make("p", { className: unsure || left.length ? "verdict warned" : "verdict" }, parts.join(" "));
}

function unsureWords(data) {
  // the words of the translation that are more likely wrong than right, by the calibration of the model
  return data.words.target
    .map((span, number) => [stretch(data.target.text, ...span), data.words.confidence[number]])
    .filter(([word, sure]) => sure < UNSURE && /[\p{L}\p{N}]/u.test(word))
    .map(([word]) => word);
}

function clearest(table) {
  // the row and the place of the largest share: the link to begin with
  let best = [0, 0];
  table.forEach((row, target) => row.forEach((share, source) => {
    if (share > table[best[0]][best[1]]) best = [target, source];
  }));
  return best;
}

const UNSURE = 0.5;
const HINT = "Point at a word, or tap it, to see what it came from or what came from it. A click keeps it lit; Escape clears.";

/** Fill the reading view. */
export function readingView(data, root) {
  let kind = "words";
  let method = "attention";
  let letGo = () => {};
  const calibrated = Boolean(data.about.word_confidence);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") letGo();
  });

  function build() {
    const unit = units(data, kind, method);
    const brightest = unit.table.map((row) => (method === "integrated" ? Math.max(...row, 1e-9) : 1));
    const pinned = new Set();
    const said = make("p", { className: "said", attributes: { "aria-live": "polite" } });
    const buttons = { source: [], target: [] };

    const name = (side, number) => unit[side].find(([, each]) => each === number)[0];
    const weight = (source, target) => unit.table[target][source];
    const others = (side) => (side === "source" ? "target" : "source");
    const between = (side, number, other) => (side === "source" ? weight(number, other) : weight(other, number));

    function light(active) {
      for (const side of ["source", "target"]) {
        for (const button of buttons[side]) {
          const number = Number(button.dataset.number);
          let share = 0;
          for (const key of active) {
            const [lit, which] = key.split(" ");
            if (lit !== side) share = Math.max(share, between(lit, Number(which), number) / brightest[lit === "target" ? Number(which) : number]);
          }
          const key = `${side} ${number}`;
          button.style.setProperty("--share", share.toFixed(3));
          button.classList.toggle("lit", share >= 0.02);
          button.classList.toggle("chosen", active.has(key));
          button.setAttribute("aria-pressed", String(pinned.has(key)));
        }
      }
    }

    function tell(side, number) {
      const found = buttons[others(side)]
        .map((button) => Number(button.dataset.number))
        .map((other) => [between(side, number, other), other])
        .filter(([share]) => share >= 0.02)
        .sort((one, two) => two[0] - one[0])
        .slice(0, 5);
      const list = found.map(([share, other]) => `${name(others(side), other)} ${shown(share)}`).join(", ");
      const sure = calibrated && kind === "words" ? "confidence" : "probability";
      const how = side === "target" ? `${VERBS[method][0]} (${sure} ${shown(unit.confidence[number])})` : VERBS[method][1];
      said.textContent = `“${name(side, number)}” ${how}: ${list || "nothing in particular"}`;
    }

    function line(side) {
      const text = make("p", { className: `words ${kind}`, attributes: { lang: data[side].language || "", dir: "auto" } });
      for (const [part, number] of unit[side]) {
        if (number === null) {
          text.append(part);
          continue;
        }
        const key = `${side} ${number}`;
        const preview = () => {
          light(new Set([...pinned, key]));
          tell(side, number);
        };
        const button = make("button", {
          type: "button",
          className: "word",
          onmouseenter: preview,
          onfocus: preview,
          onmouseleave: () => light(pinned),
          onblur: () => light(pinned),
          onclick: () => {
            if (!pinned.delete(key)) pinned.add(key);
            light(pinned.size ? pinned : new Set([key]));
            tell(side, number);
          },
        });
        button.dataset.number = String(number);
        button.append(make("bdi", {}, part));
        const level = side === "source" ? unit.coverage[number] : unit.confidence[number];
        button.style.setProperty("--level", Math.max(0, Math.min(1, level)).toFixed(3));
        if (side === "source" && kind === "words" && data.words.leftOut.includes(number)) button.classList.add("missed");
        if (side === "target" && level < UNSURE && /[^\p{P}]/u.test(part)) button.classList.add("unsure");
        buttons[side].push(button);
        text.append(button);
      }
      arrowKeys(buttons[side]);
      return text;
    }

    const columns = unit.source.filter(([, number]) => number !== null).map(([text]) => text);
    const rows = unit.target
      .filter(([, number]) => number !== null)
      .map(([text, number]) => [text, [...unit.table[number]].map(shown)]);
    const left = data.words.leftOut.map((number) => {
      return stretch(data.source.text, ...data.words.source[number]);
    });
    letGo = () => {
      pinned.clear();
      light(pinned);
      said.textContent = "";
    };
    refill(root,
      verdict(data, left),
      make("p", { className: "note" }, HINT),
      make(
        "div",
        { className: "controls" },
        Object.keys(data.owed).length
          ? choice("Read from", Object.entries(METHODS), method, (value) => {
              method = value;
              build();
            })
          : "",
        choice("Units", [["words", "words"], ["pieces", "subwords, as the model reads them"]], kind, (value) => {
          kind = value;
          build();
        }),
      ),
      said,
      make("h3", {}, "Source"),
      line("source"),
      make("p", { className: "key" }, "The higher the bar under a source word, the more it was looked at in all. A dotted word may be missing from the translation."),
      make("h3", {}, "Translation"),
      line("target"),
      make("p", { className: "key" }, calibrated && kind === "words"
        ? "The higher the bar under a word of the translation, the surer the model is of it. A wavy word is more likely wrong than right."
        : "The higher the bar under a word of the translation, the more probable it was. A wavy word was below 0.5."),
      make("p", { className: "note" },
        method === "attention"
          ? `Read from layer.head ${data.reader.heads.map(([l, h]) => `${l}.${h}`).join(", ")}, when a piece is ${data.reader.reading === "read" ? "read, a step after it was made" : "produced"}. `
          : "",
        NOTES[method],
        method !== "attention" && data.about.checks ? ` Check: ${checked(data, method)}.` : ""),
      data.measureNote ? make("p", { className: "note" }, data.measureNote) : "",
      spokenTable(`Rows of the translation by columns of the source: ${METHODS[method]}`, columns, rows),
    );
    const [target] = clearest(unit.table);
    light(new Set([`target ${target}`]));
    tell("target", target);
  }

  build();
}
