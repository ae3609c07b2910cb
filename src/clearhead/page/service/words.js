// Other words at a place of the translation: those that the model would go on with, or one that the reader writes.

import { make } from "../dom.js";
import { posted } from "./api.js";
import { percent, say } from "./interface.js";
import { latestOnly } from "./live.js";

const MOST = 5;
const MARGIN = 8; // pixels between the words and what opens below them, and to the edges of the window

/** Return `open(place)`; `request()` says what is translated, `take(text)` is called with the translation that is chosen. */
export function otherWords(popover, { request, take }) {
  const runs = latestOnly();
  popover.addEventListener("toggle", (event) => event.newState === "closed" && runs.stop());

  function taken(text) {
    popover.hidePopover();
    take(text);
  }

  const entry = ({ word, probability, text }) => make("li", {}, make("button", { type: "button", className: "entry other", title: text, onclick: () => taken(text) },
    make("span", { lang: request().target, attributes: { dir: "auto" } }, word),
    make("span", { className: "soft" }, percent(probability))));

  /** Show what else may stand where an element's word stands, after the translation `before` it. */
  return function open({ element, word, before }) {
    const [list, state] = [make("ul"), make("p", { className: "soft", attributes: { role: "status" } })];
    const several = sentencesIn(request().q, request().source) > 1;
    popover.replaceChildren(make("h2", {}, say("instead", { word })), list, state, ...(several ? [] : [ownWord(before, state)]));
    popover.showPopover();
    place(popover, element);
    state.textContent = say(several ? "oneSentence" : "wordsWorking");
    if (several) return undefined;
    return runs.start(async (signal, current) => {
      try {
        const { continuations } = await posted("api/v1/continue", { ...request(), before, count: MOST + 1 }, signal);
        if (!current()) return;
        const others = continuations.filter((one) => one.word !== word).slice(0, MOST);
        list.replaceChildren(...others.map(entry));
        state.textContent = others.length ? "" : say("noWords");
        place(popover, element);
      } catch (refusal) {
        if (current()) state.textContent = refusal.message;
      }
    });
  };

  /** Return the form for a word of the reader's own; the rest of the translation follows from it. */
  function ownWord(before, state) {
    const field = make("input", { type: "text", required: true, lang: request().target, placeholder: say("ownWord"), attributes: { "aria-label": say("ownWord"), dir: "auto", autocomplete: "off" } });
    const onsubmit = (event) => {
      event.preventDefault();
      runs.start(async (signal, current) => {
        try {
          const { translations: [found] } = await posted("api/v1/translate", { ...request(), prefix: before + field.value.trim() }, signal);
          if (current()) taken(found.text);
        } catch (refusal) {
          if (current()) state.textContent = refusal.message;
        }
      });
    };
    return make("form", { className: "own-word", onsubmit }, field, make("button", { className: "strong" }, say("tryIt")));
  }
}

/** Put a popover below an element, within the window. */
function place(popover, element) {
  const [at, own] = [element.getBoundingClientRect(), popover.getBoundingClientRect()];
  const below = at.bottom + MARGIN + own.height <= innerHeight;
  popover.style.left = `${Math.max(MARGIN, Math.min(at.left, innerWidth - own.width - MARGIN))}px`;
  popover.style.top = `${below ? at.bottom + MARGIN : Math.max(MARGIN, at.top - MARGIN - own.height)}px`;
}

/** Return how many sentences a text seems to have, by the rules of its language where the browser knows them. */
function sentencesIn(text, language) {
  const [locale] = Intl.Segmenter.supportedLocalesOf([language].filter((code) => /^[a-z]{2,3}\b/i.test(code) && code !== "auto"));
  return [...new Intl.Segmenter(locale, { granularity: "sentence" }).segment(text.trim())].length;
}
