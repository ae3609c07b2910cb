"""What libretranslatepy says: `with_libretranslatepy.py ADDRESS KEY TEXT`."""

import json
import sys
from urllib.error import HTTPError

from libretranslatepy import LibreTranslateAPI

address, key, text = sys.argv[1:]
client = LibreTranslateAPI(address, key)
said = {
    "translate": client.translate(text, "en", "fr"),
    "detect": client.detect(text)[0]["language"],
    "languages": [language["code"] for language in client.languages()],
}
try:
    client.translate(text, "en", "xx")
except HTTPError as error:
    said["unknown_language"] = json.loads(error.read())["error"]
try:
    LibreTranslateAPI(address, "wrong").translate(text, "en", "fr")
except HTTPError as error:
    said["wrong_key"] = error.code
print(json.dumps(said))
