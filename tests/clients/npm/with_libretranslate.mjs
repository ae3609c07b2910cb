// What libretranslate says: `with_libretranslate.mjs ADDRESS KEY TEXT`.
import libretranslate from "libretranslate";

const [address, key, text] = process.argv.slice(2);
const options = { query: text, target: "fr", apiurl: address, apiKey: key };
const said = {
  translate: await libretranslate.translate({ ...options, source: "en" }),
  translate_auto: await libretranslate.translate(options),
  translate_html: await libretranslate.translate({
    ...options,
    query: "<p>The <b>ball</b> is blue.</p>",
    source: "en",
    format: "html",
  }),
};
console.log(JSON.stringify(said));
