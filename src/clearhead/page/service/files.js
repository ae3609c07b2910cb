// Files: dropped or chosen, translated as they are, and offered for download.

import { make } from "../dom.js";
import { loaded, uploaded } from "./api.js";
import { say, spoken } from "./interface.js";
import { troubleIn } from "./trouble.js";

const sized = (bytes) => {
  const [size, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1e3), "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(spoken(), { style: "unit", unit, maximumFractionDigits: 1 }).format(size);
};

/** Return where a translated file lies, below this page: a proxy may know the service by another name than it knows itself. */
function placeOf(address) {
  const [token] = /[\w-]+\.\w+$/.exec(new URL(address, location.href).pathname) ?? [""];
  return `download_file/${token}`;
}

/** Return the name of a file with the language of its translation before its ending. */
const namedIn = (name, language) => name.replace(/(\.[^.]*)?$/, (ending) => `.${language}${ending}`);

/** Return a link that saves a translated file; its type lets no browser show it, since it may hold scripts. */
function savingLink(bytes, name) {
  const href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  return make("a", { href, download: name, className: "button" }, say("download"));
}

async function translated(file, { source, target }, item) {
  const line = make("span", { attributes: { role: "status" } }, say("fileWorking", { name: file.name }));
  item.replaceChildren(make("span", { className: "spinner", attributes: { "aria-hidden": "true" } }), line);
  const form = new FormData();
  form.append("file", file, file.name);
  form.append("source", source);
  form.append("target", target);
  try {
    const { translatedFileUrl } = await uploaded("translate_file", form);
    const bytes = await loaded(placeOf(translatedFileUrl));
    item.replaceChildren(make("span", { attributes: { role: "status" } }, say("fileReady", { name: file.name })), savingLink(bytes, namedIn(file.name, target)));
  } catch (refusal) {
    const said = make("span", { className: "warning", attributes: { role: "alert" } });
    item.replaceChildren(make("span", {}, file.name), said);
    troubleIn(said, () => translated(file, { source, target }, item)).show(refusal);
  }
}

/** Take files that are dropped anywhere on the page or chosen; `languages()` names the direction, `most()` the bytes. */
export function takeFiles({ list, drop, button, input, languages, most }) {
  const take = (files) => {
    for (const file of files) {
      const item = make("div", { className: "file-row" });
      list.prepend(item);
      if (most() && file.size > most()) {
        item.append(make("span", { className: "warning", attributes: { role: "alert" } }, say("fileLarge", { name: file.name, size: sized(file.size), most: sized(most()) })));
      } else translated(file, languages(), item);
    }
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.hidden = false;
  });
  window.addEventListener("dragleave", (event) => (drop.hidden = event.relatedTarget === null || drop.hidden));
  window.addEventListener("drop", (event) => {
    drop.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}
