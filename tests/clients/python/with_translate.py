"""What the package translate says: `with_translate.py ADDRESS KEY TEXT`."""

import json
import sys

from translate import Translator

address, key, text = sys.argv[1:]
options = {"provider": "libre", "base_url": address, "secret_access_key": key}
print(
    json.dumps(
        {
            "translate": Translator(to_lang="fr", from_lang="en", **options).translate(text),
            "translate_auto": Translator(to_lang="fr", from_lang="autodetect", **options).translate(text),
        }
    )
)
