// What went wrong, said where the reader looks, and tried again where that may help.

import { make } from "../dom.js";
import { say } from "./interface.js";
import { countdown } from "./live.js";
import { remember } from "./remembered.js";

const KEYS = { key_required: "keyNeeded", unknown_key: "keyUnknown" };
const INSTALL = "pip install 'clearhead[train]'";

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Show refusals in an element; `again` tries once more, by itself where the service said when. */
export function troubleIn(element, again) {
  let stop = () => {};
  const clear = () => {
    stop();
    element.replaceChildren();
  };

  function wait(seconds) {
    // only the seconds change, hidden from screen readers, which hear the sentence once
    const spokenOnce = make("span", { className: "spoken" }, say("later", { seconds: Math.ceil(seconds) }));
    const counting = make("span", { attributes: { "aria-hidden": "true" } });
    element.replaceChildren(spokenOnce, counting);
    stop = countdown(seconds, (left) => (counting.textContent = say("later", { seconds: left })), () => {
      clear();
      again();
    });
  }

  function askKey(refusal) {
    const field = make("input", { type: "password", required: true, autocomplete: "off", placeholder: say("key"), attributes: { "aria-label": say("key") } });
    const form = make("form", {
      className: "key-form", onsubmit: (event) => {
        event.preventDefault();
        const key = field.value.trim();
        if (!/^[!-~]+$/.test(key)) return askKey({ code: "unknown_key" }); // no header can hold it
        remember("key", key);
        clear();
        again();
        return undefined;
      },
    }, field, make("button", { className: "strong" }, say("useKey")));
    element.replaceChildren(make("span", {}, say(KEYS[refusal.code])), form);
  }

  return {
    clear,
    show(refusal) {
      stop();
      if (refusal.code in KEYS) return askKey(refusal);
      if (refusal.code === "needs_train_extra") return element.replaceChildren(say("needsTrain"), " ", make("code", {}, INSTALL));
      if ([429, 503].includes(refusal.status) && refusal.retryAfter !== null) return wait(refusal.retryAfter);
      const text = refusal.status === 0 ? say("unreachable") : [429, 503].includes(refusal.status) ? say("stillLater") : sentence(refusal.message);
      const retry = make("button", { type: "button", className: "quiet", onclick: () => { clear(); again(); } }, say("retry"));
      element.replaceChildren(make("span", {}, text), refusal.status === 0 || refusal.status >= 429 ? retry : "");
      return undefined;
    },
  };
}
