// Which languages are translated, and the two that are chosen.

import { make } from "../dom.js";
import { fetched } from "./api.js";
import { named, say, spoken, whenSpoken } from "./interface.js";
import { remember, remembered } from "./remembered.js";

export const AUTO = "auto";

/** Fill the two pickers; return {source, target, choose, swap, targetsOf, many} once the service said what it translates. */
export async function languagePickers(from, into, changed) {
  const languages = await fetched("languages"); // [{code, name, targets}]
  const byCode = new Map(languages.map((language) => [language.code, language]));
  const sorted = (codes) => [...codes].sort((one, other) => named(one).localeCompare(named(other), spoken()));
  const names = (code) => named(code, byCode.get(code)?.name ?? code);
  const targetsOf = (code) => (code === AUTO ? [...new Set(languages.flatMap(({ targets }) => targets))] : byCode.get(code)?.targets ?? []);
  const chosen = { source: AUTO, target: "" };

  function write() {
    const options = (codes, value) => codes.map((code) => make("option", { value: code, selected: code === value }, code === AUTO ? say("detect") : names(code)));
    from.replaceChildren(...options([AUTO, ...sorted(byCode.keys())], chosen.source));
    const targets = sorted(targetsOf(chosen.source)).filter((code) => code !== chosen.source);
    if (!targets.includes(chosen.target)) chosen.target = targets.includes(spoken()) ? spoken() : targets[0] ?? "";
    into.replaceChildren(...options(targets, chosen.target));
  }

  function choose(source, target) {
    if (source !== undefined) chosen.source = source === AUTO || byCode.has(source) ? source : AUTO;
    if (target !== undefined) chosen.target = target;
    write();
    remember("languages", chosen);
  }

  const picked = () => {
    choose(from.value, into.value);
    changed();
  };
  from.addEventListener("change", picked);
  into.addEventListener("change", picked);
  whenSpoken(write);
  const earlier = remembered("languages", {});
  choose(earlier.source ?? AUTO, earlier.target ?? (byCode.get(spoken()) && spoken() !== "en" ? spoken() : "fr"));
  return { chosen, choose, names, targetsOf, codes: [...byCode.keys()] };
}
