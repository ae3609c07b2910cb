// The page: four views of one translation, chosen by tabs.

import { attentionView } from "./attention.js";
import { read } from "./data.js";
import { decodingView } from "./decoding.js";
import { arrowKeys, make } from "./dom.js";
import { readingView } from "./reading.js";
import { walkView } from "./walk.js";

const VIEWS = [
  ["reading", "Reading", readingView],
  ["attention", "Attention", attentionView],
  ["walk", "Walk", walkView],
  ["decoding", "Decoding", decodingView],
];

/** Build the page of `data` into an element. */
export function show(data, root) {
  const built = new Set();
  const tabs = VIEWS.map(([id, title]) =>
    make("button", { type: "button", id: `tab-${id}`, attributes: { role: "tab", "aria-controls": id }, onclick: () => open(id), onfocus: () => open(id) }, title),
  );
  const panels = VIEWS.map(([id]) => make("div", { id, className: "panel", attributes: { role: "tabpanel", "aria-labelledby": `tab-${id}`, tabindex: "0" } }));

  function open(id) {
    VIEWS.forEach(([each, , fill], place) => {
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
  const about = [data.about.model, data.about.to ? `to ${data.about.to}` : "", `${data.attention.encoder.shape[0]}+${data.attention.decoder.shape[0]} layers, ${data.about.num_heads} heads, d_model ${data.about.d_model}, ${data.about.norm}-norm`];
  root.replaceChildren(
    make("header", {}, make("h1", {}, "Inside a translation"), make("p", { className: "about" }, about.filter(Boolean).join(" · ")),
      ...(data.about.notes ?? []).map((note) => make("p", { className: "warning" }, note))),
    make("nav", { attributes: { role: "tablist", "aria-label": "Views" } }, ...tabs),
    make("main", {}, ...panels),
  );
  open("reading");
}

show(read(document.getElementById("data").textContent), document.getElementById("page"));
