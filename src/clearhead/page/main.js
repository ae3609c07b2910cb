// The page: the views of one translation, chosen by tabs; of several sentences a list to choose from.

import { attentionView } from "./attention.js";
import { read } from "./data.js";
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

const kept = (id) => document.getElementById(id)?.textContent;
const notesOf = (notes) => (notes ?? []).map((note) => make("p", { className: "warning" }, note));

function facts(model, to, data) {
  const { about, attention } = data;
  const shape = about.kind !== "transformer" ? `${about.kind}, d_model ${about.d_model}` : `${attention.encoder.shape[0]}+${attention.decoder.shape[0]} layers, ${about.num_heads} heads, d_model ${about.d_model}, ${about.norm}-norm`;
  return make("p", { className: "about" }, [model, to ? `to ${to}` : "", shape].filter(Boolean).join(" · "));
}

/** Build the views of one sentence into an element; the tab `first` is open, `opened` is called with its name. */
function views(data, root, first, opened) {
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
    make("main", {}, ...panels),
  );
  open(first);
}

/** Build the page of one sentence. */
function showSentence(data, root) {
  const body = make("div");
  root.replaceChildren(make("header", {}, make("h1", {}, "Inside a translation"), facts(data.about.model, data.about.to, data)), body);
  views(data, body, "reading", () => {});
}

/** Build the page of several sentences; the numbers of each are read when it is chosen. */
function showPassage(passage, root) {
  const body = make("div");
  let tab = "reading";
  const choose = (number) => views(read(kept(`data-${number}`)), body, tab, (id) => (tab = id));
  root.replaceChildren(
    make("header", {}, make("h1", {}, "Inside a translation"), facts(passage.model, passage.to, JSON.parse(kept("data-0"))), ...notesOf(passage.notes)),
    sentenceList(passage, choose),
    body,
  );
  choose(0);
}

const root = document.getElementById("page");
if (kept("passage")) showPassage(JSON.parse(kept("passage")), root);
else showSentence(read(kept("data")), root);
