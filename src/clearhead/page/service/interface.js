// The page's own language: chosen from what the browser prefers, changed by the reader, remembered here.

import { make } from "../dom.js";
import { remember, remembered } from "./remembered.js";
import { INTERFACES, STRINGS } from "./strings.js";

const preferred = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
const earlier = remembered("interface", null);
let now = earlier in STRINGS ? earlier : preferred.find((code) => code in STRINGS) ?? "en";
const listeners = [];

/** The code of the language that the page is in. */
export const spoken = () => now;

/** Return a text in the page's language, its gaps filled. */
export function say(key, gaps = {}) {
  return STRINGS[now][key].replace(/\{(\w+)\}/g, (_, name) => gaps[name]);
}

/** Return the name of a language in the page's language. */
export function named(code, otherwise = code) {
  try {
    const name = new Intl.DisplayNames([now], { type: "language" }).of(code);
    return name === code ? otherwise : name.charAt(0).toLocaleUpperCase(now) + name.slice(1);
  } catch {
    return otherwise; // a code that is none, as a model of one's own may have
  }
}

/** Return a share of 1 in percent, as the page's language writes it; what is not nothing is never written as 0. */
export function percent(share) {
  const written = new Intl.NumberFormat(now, { style: "percent" });
  return share > 0 && share < 0.01 ? `< ${written.format(0.01)}` : written.format(share);
}

/** Return a count as the page's language writes it. */
export const counted = (number) => new Intl.NumberFormat(now).format(number);

/** Call a function now, and again whenever the language changes. */
export function whenSpoken(write) {
  listeners.push(write);
  write();
}

function writeAll() {
  document.documentElement.lang = now;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = say(element.dataset.placeholder);
}

/** Fill the choice of the page's language, and write the page in it. */
export function startInterface(select) {
  for (const [code, name] of Object.entries(INTERFACES)) {
    select.append(make("option", { value: code, selected: code === now, lang: code }, name));
  }
  select.addEventListener("change", () => {
    now = select.value;
    remember("interface", now);
    for (const write of listeners) write();
  });
  whenSpoken(writeAll);
}
