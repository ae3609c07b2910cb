// What was translated, kept in this browser alone and only if the reader wants it.

import { make } from "../dom.js";
import { named, say, whenSpoken } from "./interface.js";
import { remember, remembered } from "./remembered.js";

const MOST = 50;

/** Build the list; `open` is given what the reader chose from it. */
export function historyList(root, open) {
  let kept = remembered("history", []);
  let keeping = remembered("keeping", true);

  function write() {
    const entries = kept.map((entry) => make("li", {}, make("button", { type: "button", className: "entry", onclick: () => open(entry) },
      make("span", { className: "soft" }, `${named(entry.spoken ?? entry.source)} → ${named(entry.target)}`),
      make("span", { attributes: { dir: "auto" } }, entry.text),
      make("span", { className: "into", attributes: { dir: "auto" } }, entry.translation))));
    const keep = make("input", { type: "checkbox", checked: keeping, onchange: (event) => {
      keeping = event.target.checked;
      remember("keeping", keeping);
    } });
    const clear = make("button", { type: "button", className: "quiet", disabled: !kept.length, onclick: () => {
      kept = [];
      remember("history", null);
      write();
    } }, say("clearHistory"));
    root.replaceChildren(make("h2", {}, say("history")),
      entries.length ? make("ul", { className: "entries" }, ...entries) : make("p", { className: "soft" }, say("noHistory")),
      make("div", { className: "row" }, make("label", { className: "check" }, keep, say("keepHistory")), clear));
  }

  whenSpoken(write);
  return {
    /** Keep an entry; one that only continues the text before it takes its place. */
    add(entry) {
      if (!keeping) return;
      const others = kept.filter((each, place) => !(each.text === entry.text && each.target === entry.target)
        && !(place === 0 && each.target === entry.target && entry.text.startsWith(each.text)));
      kept = [entry, ...others].slice(0, MOST);
      remember("history", kept);
      write();
    },
  };
}
