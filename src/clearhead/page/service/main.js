// The service's page: what is typed is translated as it is typed, and can be looked into.

import { Refusal, fetched, posted, streamed } from "./api.js";
import { showAlternatives, taken, withLinks } from "./alternatives.js";
import { UNSURE, showAnswer, showPlain } from "./answer.js";
import { make } from "../dom.js";
import { takeFiles } from "./files.js";
import { historyList } from "./history.js";
import { insideOf } from "./inside.js";
import { counted, named, percent, say, startInterface, whenSpoken } from "./interface.js";
import { AUTO, languagePickers } from "./languages.js";
import { latestOnly, settled } from "./live.js";
import { mirrorOf } from "./mirror.js";
import { copied, linkTo, shared } from "./share.js";
import { termsEditor } from "./terms.js";
import { troubleIn } from "./trouble.js";
import { otherWords } from "./words.js";

const PAUSE = 350; // milliseconds without a key, after which what was typed is translated
const STREAMED = 400; // characters from which the translation is shown as it grows
const ALTERNATIVES = 3;
const KEPT_AFTER = 2500; // milliseconds after which a translation that stayed is history

const at = (id) => document.getElementById(id);
const [text, pane] = [at("text"), at("answer")];
const lengthOf = (written) => [...written].length;

startInterface(at("interface"));
const mirror = mirrorOf(text, at("mirror"));
const runs = latestOnly();
const trouble = troubleIn(at("trouble"), () => translate());
const inside = insideOf({ section: at("looking"), state: at("inside-state"), trouble: at("inside-trouble"), root: at("inside") });
const change = otherWords(at("words"), {
  request: () => ({ q: text.value, source: sourceLanguage(), target: languages.chosen.target }),
  take: (other) => choose(text.value, taken(answer, { text: other })),
});
const tell = (words) => (at("said").textContent = words);
let limits = {};
let languages = null;
let answer = null;
let keeping;

const history = historyList(at("history"), (entry) => {
  text.value = entry.text;
  languages.choose(entry.source, entry.target);
  changed(0);
  text.focus();
});
const terms = termsEditor(at("terms"), () => languages?.chosen.target ?? "", at("terms-count"), () => changed());
const soon = settled(PAUSE, () => translate());

function counting() {
  const [count, most] = [lengthOf(text.value), limits.max_chars];
  const over = most ? count - most : 0;
  at("count").textContent = over > 0 ? say("over", { over: counted(over) }) : most ? say("count", { count: counted(count), most: counted(most) }) : counted(count);
  at("count").classList.toggle("warning", over > 0);
  at("clear").hidden = !text.value;
  return over <= 0;
}

/** Show what belongs to an answer; nothing where there is none. */
function around(source) {
  const there = Boolean(answer?.text);
  for (const id of ["copy", "share", "look"]) at(id).disabled = !there;
  at("detected").textContent = answer?.detected?.language ? say("detected", { language: languages.names(answer.detected.language) }) : "";
  const sure = answer?.confidence;
  at("sureness").textContent = there && typeof sure === "number" ? say("sure", { share: percent(sure) }) : "";
  at("sureness").classList.toggle("warning", typeof sure === "number" && sure < UNSURE);
  at("sureness").title = say("sureHint");
  at("notes").replaceChildren(...(answer?.notes ?? []).map((note) => make("li", { lang: "en" }, note)));
  showAlternatives(at("alternatives"), answer, languages?.chosen.target ?? "", (other) => choose(source, other));
}

/** Take another translation; which words it came from follows. */
async function choose(source, other) {
  show(source, other);
  inside.close();
  pane.focus();
  await runs.start(async (signal, current) => {
    const linked = await withLinks(other, { source, from: sourceLanguage(), target: languages.chosen.target }, signal).catch(() => other);
    if (current()) show(source, linked);
  });
}

/** Return the code of the text's language: what was chosen, or what it was taken for. */
const sourceLanguage = () => (languages.chosen.source === AUTO ? answer?.detected?.language ?? AUTO : languages.chosen.source);

function empty() {
  answer = null;
  pane.replaceChildren(make("span", { className: "soft" }, say("emptyPane")));
  around("");
}

/** Something that the translation depends on was changed: what is on the screen no longer belongs to it. */
function changed(pause = PAUSE) {
  clearTimeout(keeping);
  runs.stop();
  trouble.clear();
  mirror.follow([], () => {});
  pane.classList.toggle("stale", Boolean(answer));
  for (const id of ["copy", "share", "look"]) at(id).disabled = true;
  inside.close();
  counting();
  if (pause) soon();
  else translate();
}

const request = (source) => ({ q: source, source: languages.chosen.source, target: languages.chosen.target, ...(terms.terms().length ? { terms: terms.terms() } : {}) });

async function asked(source, signal, current) {
  const wanted = { ...request(source), words: true, align: true };
  if (lengthOf(source) < STREAMED) {
    return (await posted("api/v1/translate", { ...wanted, alternatives: Math.min(ALTERNATIVES, limits.max_alternatives ?? ALTERNATIVES) }, signal)).translations[0];
  }
  let grown = "";
  for await (const [event, data] of streamed("api/v1/stream", wanted, signal)) {
    if (!current()) return null;
    if (event === "done") return data;
    grown += data.text;
    showPlain(pane, mirror, grown);
  }
  throw new Refusal(say("unreachable")); // it ended before it was whole
}

async function translate() {
  soon.cancel();
  trouble.clear();
  const source = text.value;
  if (!languages || !source.trim() || !languages.chosen.target) {
    runs.stop();
    pane.classList.remove("busy", "stale");
    empty();
    return;
  }
  if (!counting() || !navigator.onLine) return;
  await runs.start(async (signal, current) => {
    pane.classList.add("busy");
    try {
      const found = await asked(source, signal, current);
      if (current() && found) shown(source, found);
    } catch (refusal) {
      if (current()) trouble.show(refusal);
    } finally {
      if (current()) pane.classList.remove("busy");
    }
  });
}

function show(source, found) {
  answer = found;
  pane.lang = languages.chosen.target;
  pane.classList.remove("stale");
  showAnswer(pane, mirror, source, answer, { tell, change });
  around(source);
}

function shown(source, found) {
  show(source, found);
  tell(say("done"));
  const { source: from, target } = languages.chosen;
  const entry = { text: source, source: from, spoken: answer.detected?.language ?? from, target, translation: answer.text };
  keeping = setTimeout(() => history.add(entry), KEPT_AFTER);
}

function swap() {
  const { source, target } = languages.chosen;
  const spokenThere = source === AUTO ? answer?.detected?.language ?? "" : source;
  const translation = answer && !pane.classList.contains("stale") ? answer.text : null;
  languages.choose(target, spokenThere);
  if (translation) text.value = translation;
  changed(0);
}

function toggles(button, section) {
  button.addEventListener("click", () => {
    section.hidden = !section.hidden;
    button.setAttribute("aria-expanded", String(!section.hidden));
    if (!section.hidden) section.querySelector("input, button")?.focus();
  });
}

function said(button, done, otherwise) {
  const label = button.querySelector("span");
  label.textContent = done;
  tell(otherwise ?? done);
  setTimeout(() => (label.textContent = say(label.dataset.say)), 1500);
}

function listen() {
  text.addEventListener("input", () => changed());
  at("swap").addEventListener("click", swap);
  at("clear").addEventListener("click", () => {
    text.value = "";
    changed(0);
    text.focus();
  });
  at("copy").addEventListener("click", async () => {
    if (await copied(answer.text)) said(at("copy"), say("copied"));
    else getSelection().selectAllChildren(pane);
  });
  at("share").addEventListener("click", async () => {
    const link = linkTo({ text: text.value, ...languages.chosen });
    window.history.replaceState(null, "", link);
    said(at("share"), (await copied(link)) ? say("shared") : say("link"));
  });
  at("look").addEventListener("click", () => {
    // left to itself the model would show its own translation, not one that a glossary or the reader chose
    const own = answer.chosen || answer.terms?.length ? { translation: answer.text } : {};
    inside.look({ q: text.value, source: sourceLanguage(), target: languages.chosen.target, ...own });
    at("looking").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  });
  toggles(at("open-terms"), at("terms"));
  toggles(at("open-history"), at("history"));
  takeFiles({ list: at("files"), drop: at("drop"), button: at("choose-file"), input: at("file"), languages: () => languages?.chosen ?? { source: AUTO, target: "" }, most: () => limits.max_file_bytes });
  window.addEventListener("hashchange", fromLink);
  const connection = () => {
    at("offline").hidden = navigator.onLine;
    at("offline").textContent = navigator.onLine ? "" : say("offline");
    if (navigator.onLine && languages) translate();
  };
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);
  whenSpoken(() => {
    counting();
    if (languages && !answer) empty();
    else if (answer) around(text.value);
    if (!navigator.onLine) connection();
  });
}

function fromLink() {
  const link = shared();
  if (!link) return;
  text.value = link.text;
  languages.choose(link.source, link.target);
  terms.write();
  changed(0);
}

async function start() {
  const directionChanged = () => {
    terms.write();
    changed(0);
  };
  limits = await fetched("api/v1/limits");
  at("file").accept = (await fetched("frontend/settings")).supportedFilesFormat.join(",");
  languages = await languagePickers(at("source"), at("target"), directionChanged);
  document.title = `Clearhead · ${languages.codes.map((code) => named(code)).join(", ")}`;
  terms.write();
  counting();
  empty();
  fromLink();
  if (text.value) changed(0);
}

async function begin() {
  try {
    await start();
  } catch (refusal) {
    troubleIn(at("trouble"), begin).show(refusal);
  }
}

listen();
begin();
