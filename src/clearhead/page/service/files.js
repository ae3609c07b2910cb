// Files: dropped or chosen, translated as they are, and offered for download.

import { make } from "../dom.js";
import { uploaded } from "./api.js";
import { say, spoken } from "./interface.js";

const sized = (bytes) => {
  const [size, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1e3), "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(spoken(), { style: "unit", unit, maximumFractionDigits: 1 }).format(size);
};

/** Only a link of this service, over HTTP, is ever put into the page. */
function safeLink(address) {
  const link = new URL(address, location.href);
  if (link.protocol !== "http:" && link.protocol !== "https:") throw new Error(say("unreachable"));
  return link.href;
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
    const link = make("a", { href: safeLink(translatedFileUrl), download: "", className: "button" }, say("download"));
    item.replaceChildren(make("span", { attributes: { role: "status" } }, say("fileReady", { name: file.name })), link);
  } catch (failure) {
    item.replaceChildren(make("span", { className: "warning", attributes: { role: "alert" } }, say("failed", { reason: failure.message })));
  }
}

/** Take files that are dropped anywhere on the page or chosen; `languages()` names the direction, `most()` the bytes. */
export function takeFiles({ list, drop, button, input, languages, most }) {
  const take = (files) => {
    for (const file of files) {
      const item = make("p", { className: "file-row" });
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
