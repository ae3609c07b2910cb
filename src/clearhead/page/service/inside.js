// Looking inside this very translation, and asking what would come of it if the model were another.

import { read, stretch } from "../data.js";
import { make } from "../dom.js";
import { PART, passagePage, sentencePage } from "../views.js";
import { posted } from "./api.js";
import { say, whenSpoken } from "./interface.js";
import { latestOnly } from "./live.js";

const WHOLE = { page: true, inner: true, measures: true, search: true };
const wordsIn = (text) => text.split(/[\s,]+/).filter(Boolean);

/** Return the parts of a model that a change may take away, as [value, text]. */
function partsOf(data) {
  const stacks = ["encoder", "decoder"].flatMap((stack) =>
    [...Array(data.attention[stack].shape[0]).keys()].map((layer) => [`${stack}.${layer}`, say("part", { stack: say(stack), layer })]));
  return [["", say("nothing")], ...stacks];
}

/** Open the views in a section; return {look, close}. `close` empties it, as when the text changes. */
export function insideOf({ section, state, root }) {
  const runs = latestOnly();
  let asked = null;
  let values = null;
  whenSpoken(() => asked && values && show());

  function show() {
    state.textContent = "";
    const page = values.page ?? values;
    const body = make("div");
    if (page.passage) passagePage(page.passage, (number) => read(page[`data-${number}`]), body, PART);
    else sentencePage(read(page.data), body, PART);
    root.replaceChildren(page.data ? whatIfForm(page.data) : "", body);
    if (page.data?.whatIf) body.querySelector("#tab-what-if")?.click();
  }

  function look(request, changes = {}) {
    asked = request;
    section.hidden = false;
    state.textContent = say("lookWorking");
    root.classList.add("waiting");
    return runs.start(async (signal, current) => {
      try {
        const answer = await posted("api/v1/look", { ...request, ...WHOLE, ...changes }, signal);
        if (!current()) return;
        values = answer;
        show();
      } catch (failure) {
        if (current()) {
          state.textContent = failure.message;
          if (!Object.keys(changes).length) root.replaceChildren();
        }
      } finally {
        if (current()) root.classList.remove("waiting");
      }
    });
  }

  function whatIfForm(data) {
    const words = data.words.source.map((word, place) => {
      const box = make("input", { type: "checkbox", value: place + 1 });
      return make("label", { className: "chip" }, box, make("bdi", {}, stretch(data.source.text, ...word)));
    });
    const begin = make("input", { type: "text", attributes: { dir: "auto" } });
    const forbid = make("input", { type: "text", attributes: { dir: "auto" } });
    const without = make("select", {}, ...partsOf(data).map(([value, text]) => make("option", { value }, text)));
    const changes = () => {
      const masked = words.map((chip) => chip.querySelector("input")).filter((box) => box.checked).map((box) => Number(box.value));
      return Object.fromEntries(Object.entries({
        mask_source: masked, force: begin.value.trim(), forbid: wordsIn(forbid.value), without: without.value ? [without.value] : [],
      }).filter(([, value]) => value.length));
    };
    const row = (label, field) => make("label", { className: "what-if-row" }, make("span", {}, say(label)), field);
    const form = make("form", {
      className: "what-if-form", onsubmit: (event) => {
        event.preventDefault();
        look(asked, changes());
      },
    },
      make("fieldset", {}, make("legend", {}, say("hideWords")), make("div", { className: "chips" }, ...words)),
      make("div", { className: "what-if-rows" }, row("begin", begin), row("forbid", forbid), row("without", without)),
      make("div", { className: "row" },
        make("button", { className: "strong" }, say("tryIt")),
        make("button", { type: "button", onclick: () => look(asked, { what_if: true }) }, say("tryAll")),
        data.whatIf ? make("button", { type: "button", onclick: () => look(asked) }, say("plain")) : ""));
    return make("details", { className: "what-if", open: Boolean(data.whatIf), lang: document.documentElement.lang }, make("summary", {}, say("whatIf")), form);
  }

  return {
    look,
    close() {
      runs.stop();
      [asked, values] = [null, null];
      root.replaceChildren();
      section.hidden = true;
    },
  };
}
