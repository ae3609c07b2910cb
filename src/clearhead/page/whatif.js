// What if a part of the model brought nothing: the translation without it, and what it does to the words of the plain one.

import { decimals } from "./data.js";
import { arrowKeys, make } from "./dom.js";

const nats = (number) => decimals(number, 2).replace("-", "−").replace(/^(?=[\d.]*[1-9])/, "+");
const NARROW = matchMedia("(max-width: 60rem)"); // where what is chosen stands below the list
const percent = (logProb) => {
  const share = 100 * Math.exp(logProb);
  return share > 0 && share < 0.1 ? "< 0.1 %" : `${decimals(share, share < 10 ? 1 : 0)} %`;
};
const summed = (numbers) => numbers.reduce((sum, each) => sum + each, 0);

/** Nats that are a full bar where nothing is lost or won by more. */
const LEAST = 0.1;

/** Return [group, name] of a change: a layer, a head that looks at the source, or what was asked for. */
function titled({ names }) {
  const part = names.length === 1 ? /^without (encoder|decoder)\.(\d+)(?:\.cross\.(\d+))?$/.exec(names[0]) : null;
  if (!part) return ["", names.join(", ")];
  const [, stack, layer, head] = part;
  return head === undefined ? ["layers", `${stack} layer ${layer}`] : ["heads", `${layer}.${head}`];
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*|\s+|[^]/gu;

/** Return the words of a text, and between them those of the plain one that are gone, as [word, "same", "new" or "gone"]. */
function compared(text, plain) {
  const [ours, others] = [text.match(WORD) ?? [], plain.match(WORD) ?? []];
  const same = [...Array(ours.length + 1)].map(() => Array(others.length + 1).fill(0)); // words in common from there on
  for (let i = ours.length - 1; i >= 0; i -= 1) {
    for (let j = others.length - 1; j >= 0; j -= 1) {
      same[i][j] = ours[i] === others[j] ? same[i + 1][j + 1] + 1 : Math.max(same[i + 1][j], same[i][j + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < ours.length || j < others.length) {
    if (i < ours.length && ours[i] === others[j]) {
      parts.push([ours[i], "same"]);
      [i, j] = [i + 1, j + 1];
    } else if (j < others.length && (i === ours.length || same[i][j + 1] >= same[i + 1][j])) {
      parts.push([others[j], "gone"]);
      j += 1;
    } else {
      parts.push([ours[i], "new"]);
      i += 1;
    }
  }
  return parts;
}

const MARKS = { same: (word) => word, new: (word) => (word.trim() ? make("ins", {}, word) : word), gone: (word) => (word.trim() ? make("del", {}, word) : " ") };

function printed(data, ...words) {
  return make("p", { className: "output", attributes: { dir: "auto", lang: data.target.language || "" } }, ...words);
}

function barOf(change, most) {
  const drawn = make("span", { className: change < 0 ? "bar fall" : "bar" });
  drawn.style.setProperty("--share", (Math.abs(change) / most).toFixed(4));
  return drawn;
}

function ofEachWord(whatIf, change) {
  const changes = whatIf.words.map((_, place) => change.log_probs[place] - whatIf.log_probs[place]);
  if (changes.every((each) => Math.abs(each) < 1e-6)) {
    return make("p", { className: "note" }, "The model itself is the same, so each word of the plain translation is as probable as before.");
  }
  const most = Math.max(...changes.map(Math.abs), LEAST);
  const rows = whatIf.words.map((word, place) => make("tr", {},
    make("th", { scope: "row" }, make("bdi", {}, word)),
    make("td", {}, percent(whatIf.log_probs[place])), make("td", {}, percent(change.log_probs[place])),
    make("td", {}, barOf(changes[place], most)), make("td", {}, nats(changes[place]))));
  const head = ["word", "before", "after", "", "nats"].map((name) => make("th", { scope: "col" }, name));
  return make("table", { className: "bars words-of" },
    make("caption", {}, "How probable each word of the plain translation is, after the words before it, and by how much its log-probability changes"),
    make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

/** Fill the view of what changed models make of the sentence. */
export function whatIfView(data, root) {
  const { whatIf } = data;
  const effect = (change) => summed(change.log_probs) - summed(whatIf.log_probs);
  const detail = make("div", { className: "detail", attributes: { "aria-live": "polite" } });
  const entries = whatIf.changes.map((change) => ({ change, group: titled(change)[0], name: titled(change)[1], effect: effect(change) }));
  const buttons = new Map();

  function choose(entry) {
    const { change, group, name } = entry;
    for (const [each, button] of buttons) button.setAttribute("aria-pressed", String(each === entry));
    const same = change.text === whatIf.text;
    const title = { layers: `Without ${name}`, heads: `Without head ${name} of the attention to the source`, "": "With the change" }[group];
    detail.replaceChildren(
      make("h3", {}, title),
      group ? "" : make("p", { className: "note" }, `Changed: ${name}.`),
      printed(data, ...compared(change.text, whatIf.text).map(([word, kind]) => MARKS[kind](word))),
      make("p", { className: "key" }, same
        ? "It translates the sentence with the same words."
        : "Marked: words that the plain translation does not have. Struck out: its words that are gone."),
      ofEachWord(whatIf, change));
  }

  function parts(group) {
    const several = entries.filter((entry) => entry.group === group);
    const most = Math.max(...several.map((entry) => Math.abs(entry.effect)), LEAST);
    const made = several.map((entry) => {
      const differs = entry.change.text !== whatIf.text;
      const button = make("button", {
        type: "button", className: "part", onclick: () => {
          choose(entry);
          if (NARROW.matches) detail.scrollIntoView({ block: "nearest" });
        },
        attributes: { "aria-pressed": "false", "aria-label": `without ${group === "heads" ? "head " : ""}${entry.name}: ${nats(entry.effect)} nats, ${differs ? "other words" : "the same words"}` },
      }, make("span", { className: "name" }, entry.name), barOf(entry.effect, most), make("span", { className: "number" }, nats(entry.effect)), make("span", { className: "differs" }, differs ? "≠" : ""));
      buttons.set(entry, button);
      return button;
    });
    if (made.length) arrowKeys(made);
    return make("div", { className: `parts ${group}` }, ...made);
  }

  const groups = [
    ["layers", "Without a layer"],
    ["heads", "Without a head that looks at the source"],
  ].filter(([group]) => entries.some((entry) => entry.group === group));
  root.replaceChildren(
    make("h3", {}, "The plain translation"),
    printed(data, whatIf.text),
    make("p", { className: "note" }, `Its log-probability is ${nats(summed(whatIf.log_probs))} nats. ${groups.length
      ? "The longer a bar, the more of that is lost when a layer passes on what enters it, or a head brings nothing. A part that costs little here may matter in another sentence, and others can stand in for it. ≠: the translation has other words."
      : "Below, the same under the change, and the translation that comes of it."}`),
    groups.length
      ? make("div", { className: "beside" }, make("div", {}, ...groups.flatMap(([group, title]) => [make("h3", {}, title), parts(group)])), detail)
      : detail);
  choose(groups.length ? entries.reduce((one, other) => (other.group === "heads" && other.effect < (one?.effect ?? 0) ? other : one), null) ?? entries[0] : entries[0]);
}
