// A link that holds the text and the languages behind its #, which no server ever sees.

/** Return the address of this page with a text and its languages. */
export function linkTo({ text, source, target }) {
  const parts = new URLSearchParams({ source, target, text });
  return `${location.href.split("#")[0]}#${parts}`;
}

/** Return {text, source, target} of this page's address, or null. */
export function shared() {
  const parts = new URLSearchParams(location.hash.slice(1));
  if (!parts.get("text")) return null; // such as #text, where the link over the pickers leads
  return { text: parts.get("text"), source: parts.get("source") ?? "auto", target: parts.get("target") ?? undefined };
}

/** Copy a text; say whether the browser let us. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
