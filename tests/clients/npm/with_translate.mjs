// What the package translate says: `with_translate.mjs ADDRESS KEY TEXT`.
import translate from "translate";

const [address, key, text] = process.argv.slice(2);
const client = new translate.Translate({ engine: "libre", url: `${address}/translate`, key });
const said = { translate: await client(text, { from: "en", to: "fr" }) };
const other = new translate.Translate({ engine: "libre", url: `${address}/translate`, key: "wrong" });
await other(`${text} `.repeat(2), { from: "en", to: "fr" }).catch((error) => (said.refused = error.message));
console.log(JSON.stringify(said));
