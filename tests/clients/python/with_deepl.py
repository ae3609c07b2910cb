"""What deepl says: `with_deepl.py ADDRESS KEY TEXT`."""

import json
import sys

import deepl

address, key, text = sys.argv[1:]
client = deepl.DeepLClient(key, server_url=address)
before = client.get_usage().character.count
one = client.translate_text(text, source_lang="EN", target_lang="FR")
said = {
    "translate": one.text,
    "billed_characters": one.billed_characters,
    "counted": client.get_usage().character.count - before,
    "translate_list": [
        answer.text
        for answer in client.translate_text([text, "She sleeps."], source_lang="EN", target_lang="FR")
    ],
    "translate_html": client.translate_text(
        "<p>The <b>ball</b> is blue.</p>", source_lang="EN", target_lang="FR", tag_handling="html"
    ).text,
    "translate_xml": client.translate_text(
        '<r><i id="1"/>The <b>ball</b> is blue.</r>', source_lang="EN", target_lang="FR", tag_handling="xml"
    ).text,
    "detect": client.translate_text(text, target_lang="FR").detected_source_lang.lower(),
    "languages": [language.code.lower() for language in client.get_source_languages()],
    "targets": [language.code for language in client.get_target_languages()],
}
glossary = client.create_glossary("colours", "EN", "FR", {"ball": "pelote"})
said["glossary"] = client.translate_text_with_glossary(text, glossary).text
said["entries"] = client.get_glossary_entries(glossary)
said["listed"] = [kept.name for kept in client.list_glossaries()]
client.delete_glossary(glossary)
said["left"] = len(client.list_glossaries())
try:
    client.translate_text(text, source_lang="EN", target_lang="XX")
except deepl.DeepLException as error:
    said["unknown_language"] = str(error)
try:
    deepl.DeepLClient("wrong", server_url=address).translate_text(text, target_lang="FR")
except deepl.AuthorizationException:
    said["wrong_key"] = 403
print(json.dumps(said))
