// Looking inside this very translation, and asking what would come of it if the model were another.

import { read, stretch } from "../data.js";
import { make } from "../dom.js";
import { PART, passagePage, sentencePage } from "../views.js";
import { posted } from "./api.js";
import { say, whenSpoken } from "./interface.js";
import { latestOnly } from "./live.js";
import { troubleIn } from "./trouble.js";

const WHOLE = { page: true, inner: true, search: true };
const MEASURED = { measures: true }; // takes far longer than all the rest, so only where it is asked for
const wordsIn = (text) => text.split(/[\s,]+/).filter(Boolean);

/** Return the parts of a model that a change may take away, as [value, text]. */
function partsOf(data) {
  const stacks = ["encoder", "decoder"].flatMap((stack) =>
    [...Array(data.attention[stack].shape[0]).keys()].map((layer) => [`${stack}.${layer}`, say("part", { stack: say(stack), layer })]));
  return [["", say("nothing")], ...stacks];
}

/** Open the views in a section; return {look, close}. `close` empties it, as when the text changes. */
export function insideOf({ section, state, trouble, root }) {
  const runs = latestOnly();
  let asked = null;
  let page = null;
  let form = null;
  let methods = {};
  let again = () => {};
  const refused = troubleIn(trouble, () => again());
  whenSpoken(() => {
    form = null;
    if (page) show();
  });

  function show() {
    const body = make("div");
    if (page.passage) passagePage(page.passage, (number) => read(page[`data-${number}`]), body, PART);
    else sentencePage(read(page.data), body, PART);
    root.replaceChildren(body);
    if (!methods.measures) body.firstElementChild.append(make("button", { type: "button", className: "quiet measure", lang: document.documentElement.lang, onclick: measure }, say("measure")));
    if (!page.data) return;
    form ??= whatIfForm(page.data);
    form.querySelector(".plain").hidden = !page.data.whatIf;
    body.firstElementChild.after(form);
  }

  function measure() {
    methods = MEASURED;
    again();
  }

  /** Ask for the views of a translation; `changes` are those of a what-if. */
  function look(request, changes = {}) {
    const plain = !Object.keys(changes).length;
    if (asked !== request) [form, methods] = [null, {}];
    asked = request;
    again = () => look(request, changes);
    section.hidden = false;
    refused.clear();
    state.textContent = say("lookWorking");
    root.classList.add("waiting");
    return runs.start(async (signal, current) => {
      // a changed model makes a translation of its own, so none is given to it
      const { translation, ...text } = request;
      try {
        const answer = await posted("api/v1/look", { ...text, ...(plain && translation ? { translation } : {}), ...WHOLE, ...methods, ...changes }, signal);
        if (!current()) return;
        page = answer.page;
        show();
        if (page.data?.whatIf) root.querySelector("#tab-what-if").focus();
      } catch (refusal) {
        if (!current()) return;
        refused.show(refusal);
        if (plain) root.replaceChildren();
      } finally {
        if (current()) {
          state.textContent = "";
          root.classList.remove("waiting");
        }
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
    const fields = make("form", {
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
        make("button", { type: "button", className: "plain", onclick: () => look(asked) }, say("plain"))));
    return make("details", { className: "what-if", open: Boolean(data.whatIf), lang: document.documentElement.lang }, make("summary", {}, say("whatIf")), fields);
  }

  return {
    look,
    close() {
      runs.stop();
      refused.clear();
      [asked, page, form] = [null, null, null];
      root.replaceChildren();
      section.hidden = true;
    },
  };
}
