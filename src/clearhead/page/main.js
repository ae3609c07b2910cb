// The page of a file or a notebook: its numbers stand in the page itself.

import { read } from "./data.js";
import { passagePage, sentencePage } from "./views.js";

const kept = (id) => document.getElementById(id)?.textContent;
const numbers = (id) => read(JSON.parse(kept(id)));

const root = document.getElementById("page");
if (kept("passage")) passagePage(JSON.parse(kept("passage")), (number) => numbers(`data-${number}`), root);
else sentencePage(numbers("data"), root);
