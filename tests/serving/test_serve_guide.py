"""The guide to the service is true: its requests are sent to the default model, and give what it shows."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from clearhead import Translator, cli
from clearhead.serving.app import create_app
from clearhead.serving.metrics import Metrics
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings
from clearhead.serving.suggestions import Suggestions

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "serve.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
EXAMPLES = [(command.replace("\\\n", " "), shown) for command, shown in EXAMPLE.findall(GUIDE)]
REQUESTS = [(command, shown) for command, shown in EXAMPLES if command.startswith("curl ")]
FILM = "1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept") / "kept.sqlite"
    settings = ServingSettings(suggestions_file=str(kept))
    translator = Translator.load(engine="pytorch")
    app = create_app(settings, Service(settings, load=lambda name: translator))
    with TestClient(app, base_url="http://127.0.0.1:5000") as client:
        client.kept = kept
        yield client


def sent(client, command: str) -> str:
    """Send what a command of curl would send; returns what it would print."""
    words = iter(shlex.split(command)[1:])
    method, address, headers, fields, files = "", "", {}, {}, {}
    body: str | None = None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(words)
        elif word in ("-d", "-F"):
            value = next(words)
            name, _, rest = value.partition("=")
            if value.startswith("{"):
                body = value
            elif rest.startswith("@"):
                files[name] = (rest[1:], FILM.encode())
            else:
                fields[name] = rest
        elif not word.startswith("-s"):
            assert not address
            address = word
    method = method or ("POST" if fields or files or body else "GET")
    place = urlsplit(address)
    assert place.netloc == "127.0.0.1:5000"
    answer = client.request(
        method,
        f"{place.path}?{place.query}",
        headers=headers,
        **({"content": body} if body else {"data": fields, "files": files or None}),
    )
    return answer.text


def fits(got: str, shown: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("..."))
    return re.fullmatch(pattern, got.strip(), re.DOTALL) is not None


@pytest.mark.parametrize(("command", "shown"), REQUESTS, ids=range(len(REQUESTS)))
def test_a_request_gives_what_the_guide_shows(client, command, shown):
    got = sent(client, command)
    if "alternatives=" in command:  # the second best is another with another engine
        shown = re.sub(r"(\"alternatives\":)\[.*?\]", r"\1[...]", shown)
    assert fits(got, shown), f"shown\n{shown}\ngot\n{got}"


def test_there_are_requests_of_every_interface_that_the_guide_is_about():
    told = " ".join(command for command, _ in REQUESTS)
    for path in ("/translate ", "/translate_file", "/suggest", "/api/v1/translate", "/api/v1/stream"):
        assert path in told
    assert len(REQUESTS) == 9


def test_a_suggestion_becomes_a_table(client):
    command = next(command for command, _ in REQUESTS if "/suggest" in command)
    sent(client, command)
    assert list(Suggestions(client.kept).rows("en", "fr")) == ["The station\tLa gare"]


def test_the_commands_of_keys(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    commands = [(command, shown) for command, shown in EXAMPLES if command.startswith("clearhead keys")]
    assert [command.split()[2] for command, _ in commands] == ["add", "list", "revoke"]
    in_guide = re.search(r"ch_(\w+)_", GUIDE)[1]
    identity = in_guide
    for command, shown in commands:
        cli.main(shlex.split(command.replace(in_guide, identity))[1:])
        out = capsys.readouterr().out
        identity = out[3:15] if out.startswith("ch_") else identity
        assert fits(out.replace(identity, in_guide), shown)


def test_every_figure_is_in_the_table():
    named = set(re.findall(r"^\| `(clearhead_\w+)` \|", GUIDE, re.MULTILINE))
    figures = Metrics()
    figures.began()
    figures.answered("/translate", 200, 0.1)
    figures.batch(sequences=1, source_tokens=1, target_tokens=1, seconds=0.1)
    text = figures.text().decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE))
    assert named == {name for name in kinds if not name.endswith("_created")}


def test_the_scrape_is_one_that_yaml_reads():
    yaml = pytest.importorskip("yaml")
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{ServingSettings().port}"]}]


def test_the_examples_in_json_are_json():
    for command, _ in REQUESTS:
        for word in shlex.split(command):
            if word.startswith("{"):
                json.loads(word)
