// ==UserScript==
// @name         Clearhead: translate this page
// @description  Translates the page that is open, by a Clearhead service of your own
// @version      1
// @match        *://*/*
// @noframes
// @grant        GM.xmlHttpRequest
// @grant        GM_registerMenuCommand
// @connect      127.0.0.1
// ==/UserScript==

// As a bookmark this translates at once, and again shows the original; as a userscript it adds a command to the menu.
// docs/guides/clients.md says how to install it. The translation only moves text: whatever the service answers, no
// element and no attribute of it comes into the page.
(() => {
  "use strict";
  const ADDRESS = "http://127.0.0.1:5000";
  const TARGET = "en";
  const KEY = ""; // where the service wants one

  const UNTOUCHED =
    "script, style, noscript, template, code, pre, kbd, samp, var, textarea, select, input, svg, math, canvas, audio, " +
    "video, iframe, object, [translate=no], .notranslate, [contenteditable]";
  const AT_ONCE = 2000; // characters, so that the first lines are there soon
  const TRIES = 5;
  const STATE = Symbol.for("clearhead.translate-page");

  /** Ask the service; a script manager asks past the rules that the page has for its own scripts. */
  function request(method, path, body) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    if (KEY) headers.Authorization = `Bearer ${KEY}`;
    const [url, data] = [ADDRESS + path, body && JSON.stringify(body)];
    if (typeof GM === "undefined" || !GM.xmlHttpRequest) {
      return fetch(url, { method, headers, body: data, credentials: "omit" }).then(async (answer) => ({
        status: answer.status,
        retryAfter: answer.headers.get("Retry-After"),
        text: await answer.text(),
      }));
    }
    return new Promise((resolve, reject) => {
      const onload = ({ status, responseText, responseHeaders }) =>
        resolve({ status, text: responseText, retryAfter: /^retry-after: *(\d+)/im.exec(responseHeaders)?.[1] });
      const onerror = () => reject(new Error("no answer"));
      GM.xmlHttpRequest({ method, url, headers, data, onload, onerror, ontimeout: onerror });
    });
  }

  /** Ask, and wait as long as the service says where it has too much to do. */
  async function asked(method, path, body) {
    for (let tries = 1; ; tries++) {
      const { status, retryAfter, text } = await request(method, path, body);
      if ((status === 429 || status === 503) && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(retryAfter) || 2)));
        continue;
      }
      const answer = JSON.parse(text);
      if (status !== 200) throw new Error(answer.error ?? `status ${status}`);
      return answer;
    }
  }

  const isText = (node) => node.nodeType === Node.TEXT_NODE;
  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  const displayed = (element) => getComputedStyle(element).display;
  const isUntouched = (element) => element.matches(UNTOUCHED) || displayed(element) === "none";

  /** Whether a node reads on in the line of text that it stands in. */
  function isOfLine(node) {
    if (!isElement(node) || isUntouched(node)) return true;
    return displayed(node) === "inline" && [...node.childNodes].every(isOfLine);
  }

  /** The lines of text of a block, and of the blocks in it: nodes side by side. */
  function linesOf(block, lines = []) {
    let nodes = [];
    const end = () => {
      const line = written(block, nodes);
      if (/\p{L}/u.test(line.letters)) lines.push(line);
      nodes = [];
    };
    for (const node of block.childNodes) {
      if (isOfLine(node)) {
        nodes.push(node);
      } else {
        end();
        linesOf(node, lines);
      }
    }
    end();
    return lines;
  }

  /** A line as the service reads it: elements as numbered marks, those that stay as they are without content. */
  function written(block, nodes) {
    const kept = [];
    let letters = "";
    const write = (node) => {
      if (isText(node)) {
        letters += node.nodeValue;
        return node.nodeValue.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
      }
      if (!isElement(node)) return "";
      const number = kept.push(node) - 1;
      if (node.localName === "br") return `<br id="${number}">`;
      if (isUntouched(node) || !node.hasChildNodes()) return `<i id="${number}" translate="no"></i>`;
      return `<span id="${number}">${[...node.childNodes].map(write).join("")}</span>`;
    };
    return { block, nodes, kept, html: nodes.map(write).join(""), letters };
  }

  /** What was in each element that was changed, to be shown again. */
  class Original {
    #contents = new Map();

    remember(element) {
      if (!this.#contents.has(element)) this.#contents.set(element, [...element.childNodes]);
    }

    get isShown() {
      return this.#contents.size === 0;
    }

    show() {
      for (const [element, nodes] of this.#contents) element.replaceChildren(...nodes);
      this.#contents.clear();
    }
  }

  /** Put a translation in the place of a line: new texts around the very elements that were there. */
  function put(line, html, original) {
    const answer = new DOMParser().parseFromString(html, "text/html").body;
    const marks = [...answer.querySelectorAll("*")].map((mark) => mark.id).sort();
    const expected = line.kept.map((_, number) => String(number)).sort();
    if (marks.join() !== expected.join()) return; // a mark that is lost or doubled would lose a link or double it
    if (line.nodes.some((node) => node.parentNode !== line.block)) return; // the page has changed meanwhile
    [line.block, ...line.kept].forEach((element) => original.remember(element));
    const content = (parent) =>
      [...parent.childNodes].filter((node) => isText(node) || isElement(node)).map((node) => {
        if (isText(node)) return document.createTextNode(node.nodeValue);
        const element = line.kept[node.id];
        if (node.localName === "span") element.replaceChildren(...content(node));
        return element;
      });
    const place = document.createTextNode("");
    line.block.insertBefore(place, line.nodes[0]);
    line.nodes.forEach((node) => node.remove());
    place.replaceWith(...content(answer));
  }

  /** Lines in the groups in which they are sent, within the limits of the service. */
  function grouped(lines, mostCharacters, mostTexts) {
    const groups = [];
    let characters = Infinity;
    for (const line of lines.filter((line) => line.html.length <= mostCharacters)) {
      const last = groups.at(-1);
      if (characters + line.html.length > Math.min(mostCharacters, AT_ONCE) || last.length === mostTexts) {
        groups.push([line]);
        characters = line.html.length;
      } else {
        last.push(line);
        characters += line.html.length;
      }
    }
    return groups;
  }

  /** A box in the corner that says how far the translation is. */
  function notice() {
    const box = document.createElement("div");
    box.setAttribute("role", "status");
    box.setAttribute("translate", "no");
    box.style.cssText =
      "all:initial;position:fixed;right:1rem;bottom:1rem;z-index:2147483647;max-width:22rem;padding:.6rem .9rem;" +
      "border-radius:.5rem;background:#16181d;color:#fff;font:14px/1.4 system-ui,sans-serif;box-shadow:0 2px 8px #0006";
    document.documentElement.append(box);
    return { say: (text) => (box.textContent = text), remove: () => box.remove() };
  }

  /** The language of the page: what it says of itself, else what its first lines look like. */
  async function languageOf(lines) {
    const said = document.documentElement.lang.split("-")[0].toLowerCase();
    const known = (await asked("GET", "/languages")).map((language) => language.code);
    if (known.includes(said)) return said;
    const sample = lines.map((line) => line.letters.trim()).join("\n").slice(0, 1000);
    return (await asked("POST", "/detect", { q: sample }))[0].language;
  }

  async function translate(original, box) {
    const lines = linesOf(document.body);
    if (!lines.length) return "There is nothing to translate.";
    const limits = await asked("GET", "/api/v1/limits");
    const source = await languageOf(lines);
    if (source === TARGET) return `This page is in the language ${TARGET} already.`;
    const groups = grouped(lines, Math.min(limits.max_chars, limits.max_body_bytes / 8), limits.max_list);
    let done = 0;
    for (const group of groups) {
      if (window[STATE] !== original) return null; // the original is wanted again
      box.say(`Translating: ${Math.round((100 * done++) / groups.length)} %`);
      const q = group.map((line) => line.html);
      const answer = await asked("POST", "/translate", { q, source, target: TARGET, format: "html" });
      if (window[STATE] !== original) return null;
      group.forEach((line, number) => put(line, answer.translatedText[number], original));
    }
    const left = lines.length - groups.flat().length;
    return left ? `Translated, except ${left} text(s) longer than the service takes.` : null;
  }

  async function run() {
    if (window[STATE]) {
      window[STATE].show();
      delete window[STATE];
      return;
    }
    const original = (window[STATE] = new Original());
    const box = notice();
    try {
      const said = await translate(original, box);
      if (said) box.say(said);
      if (said) await new Promise((resolve) => setTimeout(resolve, 4000));
    } catch (error) {
      box.say(`Not translated: ${error.message}. Does ${ADDRESS} answer, and is this page in --cors-origins?`);
      await new Promise((resolve) => setTimeout(resolve, 10000));
    } finally {
      box.remove();
      if (window[STATE] === original && original.isShown) delete window[STATE];
    }
  }

  if (typeof GM_registerMenuCommand === "function") GM_registerMenuCommand("Translate this page, or show the original", run);
  else run();
})();
