"""What deep-translator says: `with_deep_translator.py ADDRESS KEY TEXT`."""

import json
import sys

from deep_translator import LibreTranslator
from deep_translator.exceptions import AuthorizationException

address, key, text = sys.argv[1:]
client = LibreTranslator(source="en", target="fr", api_key=key, custom_url=f"{address}/")
said = {
    "translate": client.translate(text),
    "translate_list": client.translate_batch([text, "She sleeps."]),
    "translate_auto": LibreTranslator("auto", "fr", key, custom_url=f"{address}/").translate(text),
}
try:
    LibreTranslator("en", "fr", "wrong", custom_url=f"{address}/").translate(text)
except AuthorizationException:
    said["wrong_key"] = 403
print(json.dumps(said))
