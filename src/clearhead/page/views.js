// The views of one translation, chosen by tabs; of several sentences a list to choose from.

import { attentionView } from "./attention.js";
import { decodingView } from "./decoding.js";
import { arrowKeys, make } from "./dom.js";
import { readingView } from "./reading.js";
import { sentenceList } from "./sentences.js";
import { walkView } from "./walk.js";
import { whatIfView } from "./whatif.js";

const ALWAYS = [
  ["reading", "Reading", readingView],
  ["attention", "Attention", attentionView],
  ["walk", "Walk", walkView],
  ["decoding", "Decoding", decodingView],
];
const WHAT_IF = ["what-if", "What if", whatIfView];

const notesOf = (notes) => (notes ?? []).map((note) => make("p", { className: "warning" }, note));

function facts(model, to, data) {
  const { about, attention } = data;
  const shape = about.kind !== "transformer" ? `${about.kind}, d_model ${about.d_model}` : `${attention.encoder.shape[0]}+${attention.decoder.shape[0]} layers, ${about.num_heads} heads, d_model ${about.d_model}, ${about.norm}-norm`;
  return make("p", { className: "about" }, [model, to ? `to ${to}` : "", shape].filter(Boolean).join(" · "));
}

/** What the views stand in: a page of their own, or a part of another page. */
export const PAGE = { heading: "h1", frame: "main", top: "header" };
export const PART = { heading: "h2", frame: "div", top: "div" };

/** Build the views of one sentence into an element; the tab `first` is open, `opened` is called with its name. */
function views(data, root, frame, first, opened) {
  const built = new Set();
  const all = data.whatIf ? [...ALWAYS, WHAT_IF] : ALWAYS;
  const tabs = all.map(([id, title]) =>
    make("button", { type: "button", id: `tab-${id}`, attributes: { role: "tab", "aria-controls": id }, onclick: () => open(id), onfocus: () => open(id) }, title),
  );
  const panels = all.map(([id]) => make("div", { id, className: "panel", attributes: { role: "tabpanel", "aria-labelledby": `tab-${id}`, tabindex: "0" } }));

  function open(id) {
    opened(id);
    all.forEach(([each, , fill], place) => {
      const chosen = each === id;
      tabs[place].setAttribute("aria-selected", String(chosen));
      tabs[place].tabIndex = chosen ? 0 : -1;
      panels[place].hidden = !chosen;
      if (chosen && !built.has(id)) {
        built.add(id);
        fill(data, panels[place]);
      }
    });
  }

  arrowKeys(tabs);
  root.replaceChildren(
    ...notesOf(data.about.notes),
    make("nav", { className: "tabs", attributes: { role: "tablist", "aria-label": "Views" } }, ...tabs),
    make(frame, {}, ...panels),
  );
  open(first);
}

function top(within, ...below) {
  return make(within.top, {}, make(within.heading, {}, "Inside a translation"), ...below);
}

/** Build the page of one sentence. */
export function sentencePage(data, root, within = PAGE) {
  const body = make("div");
  root.replaceChildren(top(within, facts(data.about.model, data.about.to, data)), body);
  views(data, body, within.frame, "reading", () => {});
}

/** Build the page of several sentences; `sentence(number)` is asked for the numbers of each when it is chosen. */
export function passagePage(passage, sentence, root, within = PAGE) {
  const body = make("div");
  const first = sentence(0);
  let tab = "reading";
  const choose = (number) => views(number ? sentence(number) : first, body, within.frame, tab, (id) => (tab = id));
  root.replaceChildren(
    top(within, facts(passage.model, passage.to, first), ...notesOf(passage.notes)),
    sentenceList(passage, choose),
    body,
  );
  choose(0);
}
