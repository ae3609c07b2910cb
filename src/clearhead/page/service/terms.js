// The reader's glossary: rows of a term and its translation, for each target language.

import { make } from "../dom.js";
import { say, whenSpoken } from "./interface.js";
import { remember, remembered } from "./remembered.js";

const MOST = 200;

/** Build the editor; `direction()` names the languages whose terms are shown, `changed` is called after each change. */
export function termsEditor(root, direction, count, changed) {
  const all = remembered("terms", {});
  const rowsNow = () => (all[direction()] ??= []);
  const complete = () => rowsNow().filter(({ source, target }) => source.trim() && target.trim());

  let obeyed = "";

  function keep() {
    remember("terms", all);
    counting();
    const now = JSON.stringify(complete());
    if (now === obeyed) return; // half a term changes no translation
    obeyed = now;
    changed();
  }

  function counting() {
    count.textContent = complete().length || "";
  }

  function rowOf(row, number) {
    const field = (side, label) => make("input", {
      type: "text", value: row[side], placeholder: say(label), maxLength: 200, attributes: { "aria-label": `${say(label)} ${number + 1}`, dir: "auto" },
      oninput: (event) => {
        row[side] = event.target.value;
        keep();
      },
    });
    const remove = () => {
      rowsNow().splice(rowsNow().indexOf(row), 1);
      keep();
      write();
      root.querySelector(".add").focus();
    };
    return make("li", {}, field("source", "termSource"), make("span", { className: "soft", attributes: { "aria-hidden": "true" } }, "→"), field("target", "termTarget"),
      make("button", { type: "button", className: "icon-small", onclick: remove, attributes: { "aria-label": `${say("removeTerm")} ${number + 1}` } }, "×"));
  }

  function write() {
    const add = make("button", {
      type: "button", className: "quiet add", disabled: rowsNow().length >= MOST, onclick: () => {
        rowsNow().push({ source: "", target: "" });
        write();
        root.querySelector("li:last-child input").focus();
      },
    }, `+ ${say("addTerm")}`);
    root.replaceChildren(make("h2", {}, say("glossary")), make("p", { className: "soft" }, say("termsHint")), make("ul", { className: "term-rows" }, ...rowsNow().map(rowOf)), add);
    counting();
    obeyed = JSON.stringify(complete());
  }

  whenSpoken(write);
  return { write, terms: () => complete().map(({ source, target }) => ({ source: source.trim(), target: target.trim() })) };
}
