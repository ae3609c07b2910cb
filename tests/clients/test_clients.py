"""Programs that others wrote for other services, each pointed at ours: what they get is what we translate.

Each runs as a script in an environment of its own and prints what it was given, call by call.
"""

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TEXT = "The ball is blue."
CLIENTS = {
    "requirements/with_libretranslatepy.py": "translate detect languages unknown_language wrong_key",
    "requirements-older/with_libretranslatepy.py": "translate detect languages unknown_language wrong_key",
    "requirements-older/with_translate.py": "translate translate_auto",
    "requirements/with_deep_translator.py": "translate translate_list translate_auto wrong_key",
    "requirements/with_deepl.py": "translate translate_list translate_html translate_xml detect languages targets "
    "counted billed_characters glossary entries listed left unknown_language wrong_key",
    "requirements/with_openai.py": "translate stream models unknown_language wrong_key",
    "npm/with_translate.mjs": "translate refused",
    "npm/with_libretranslate.mjs": "translate translate_auto translate_html",
    "npm/with_libretranslate_ts.mjs": "translate alternatives translate_auto detect languages unknown_language refused",
}
"""What each client is asked."""


@pytest.fixture(scope="module")
def expected(served) -> dict[str, Any]:
    """What must be said to a call, where it is one thing: translations are those of our own interface."""
    body = {"q": [TEXT, "She sleeps."], "source": "en", "target": "fr"}
    headers = {"Authorization": f"Bearer {served.key}"}
    answer = httpx.post(
        f"{served.address}/api/v1/translate", json=body, headers=headers, timeout=60, trust_env=False
    )
    texts = [translation["text"] for translation in answer.json()["translations"]]
    assert texts[0] not in ("", TEXT)
    codes = ["de", "en", "es", "fr"]
    return {
        "translate": texts[0],
        "translate_auto": texts[0],
        "stream": texts[0],
        "translate_list": texts,
        "detect": "en",
        "languages": codes,
        "targets": ["DE", "EN-GB", "EN-US", "ES", "FR"],
        "models": [f"default:{code}" for code in codes],
        "counted": len(TEXT),
        "billed_characters": len(TEXT),
        "entries": {"ball": "pelote"},
        "listed": ["colours"],
        "left": 0,
        "wrong_key": 403,
        "refused": "this API key is not valid; ask for a new one",
    }


def _is_marked(said: str, before: str, after: str, text: str) -> bool:
    """Say whether a translation has its markup around it, and one word of it, and nothing else is different."""
    inner = said.removeprefix(before).removesuffix(after)
    plain = re.sub(r"</?b>", "", inner)
    return f"{before}{inner}{after}" == said and plain == text and bool(re.search(r"<b>\w+</b>", inner))


CHECKS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "alternatives": lambda said, expected: len({expected["translate"], *said}) == 3,
    "translate_html": lambda said, expected: _is_marked(said, "<p>", "</p>", expected["translate"]),
    "translate_xml": lambda said, expected: _is_marked(said, '<r><i id="1"/>', "</r>", expected["translate"]),
    "glossary": lambda said, expected: "pelote" in said and "pelote" not in expected["translate"],
    "unknown_language": lambda said, expected: bool(re.search("'xx'.* de, en, es, fr$", said, re.IGNORECASE)),
}
"""Calls of which not all that is said is known before."""


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_of_others_gets_what_we_translate(client, served, environments, plain_environment, expected):
    command = [*environments(client), served.address, served.key, TEXT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=plain_environment)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert sorted(said) == sorted(CLIENTS[client].split())
    for call, answer in said.items():
        if call in CHECKS:
            assert CHECKS[call](answer, expected), (call, answer)
        else:
            assert answer == expected[call], call
