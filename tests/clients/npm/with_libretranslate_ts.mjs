// What libretranslate-ts says: `with_libretranslate_ts.mjs ADDRESS KEY TEXT`.
import { libreTranslate } from "libretranslate-ts";

const [address, key, text] = process.argv.slice(2);
libreTranslate.setApiEndpoint(address);
libreTranslate.setApiKey(key);
const answer = await libreTranslate.translate(text, "en", "fr", 2);
const said = {
  translate: answer.translatedText,
  alternatives: answer.alternatives,
  translate_auto: (await libreTranslate.translate(text, "auto", "fr")).translatedText,
  detect: (await libreTranslate.detect(text)).language,
  languages: (await libreTranslate.listLanguages()).map((language) => language.code),
  unknown_language: (await libreTranslate.translate(text, "en", "xx")).error,
};
libreTranslate.setApiKey("wrong");
said.refused = (await libreTranslate.translate(text, "en", "fr")).error;
console.log(JSON.stringify(said));
