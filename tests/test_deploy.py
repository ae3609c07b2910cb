"""What `deploy/` has to say to Docker, systemd, Kubernetes and proxies agrees with the program that they run."""

import json
import re
import shlex
from configparser import ConfigParser
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from clearhead.cli.keys import Keys
from clearhead.cli.parsing import parsed
from clearhead.cli.serve import Serve
from clearhead.serving.body import LARGEST_FORM
from clearhead.serving.server import KILL_SECONDS, NOTICE_SECONDS
from clearhead.serving.settings import ServingSettings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DEFAULTS = ServingSettings()
STATE = "/var/lib/clearhead"
USER = 10001


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with what follows it on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def in_minutes_or_seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)?", text).groups()
    return int(number) * (60 if unit == "m" else 1)


@pytest.fixture(scope="module")
def dockerfile():
    return instructions((DEPLOY / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["clearhead"]


@pytest.fixture(scope="module")
def objects():
    loaded = yaml.safe_load_all((DEPLOY / "kubernetes" / "clearhead.yaml").read_text())
    return {each["kind"]: each for each in loaded}


@pytest.fixture(scope="module")
def unit():
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string((DEPLOY / "systemd" / "clearhead.service").read_text())
    return parser


@pytest.fixture(scope="module")
def commands(dockerfile, compose, objects, unit):
    """Every command of `clearhead` in the files, as the words after that."""
    container = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    found = [
        json.loads(dict(dockerfile)["CMD"]),
        compose["command"],
        container["args"],
        shlex.split(unit["Service"]["ExecStart"])[1:],
    ]
    for file in sorted(DEPLOY.rglob("*")):
        if file.is_file():
            comments = re.findall(r"^#.*\bclearhead ((?:serve|keys) .*)", file.read_text(), re.MULTILINE)
            found += [shlex.split(comment) for comment in comments]
    return found


def test_every_command_is_one_that_the_program_takes(commands):
    assert len(commands) == 7
    kinds = {"serve": Serve, "keys": Keys}
    for name, *words in commands:
        assert isinstance(parsed(kinds[name], words, f"clearhead {name}"), kinds[name])


def test_every_service_can_be_reached_and_keeps_what_it_keeps_where_it_may_write(compose, objects, unit):
    args = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]["args"]
    for words in (compose["command"], args):
        assert parsed(Serve, words[1:], "clearhead serve").host == "0.0.0.0"
    for words in (compose["command"], shlex.split(unit["Service"]["ExecStart"])[1:]):
        made = parsed(Serve, words[1:], "clearhead serve")
        kept = (made.files_folder, made.suggestions_file)
        assert all(kept)
        assert not any(Path(name).is_absolute() for name in kept)
    assert unit["Service"]["WorkingDirectory"] == f"/var/lib/{unit['Service']['StateDirectory']}" == STATE


def test_the_image_is_built_from_what_is_here_and_runs_as_nobody(dockerfile):
    stages = [rest for word, rest in dockerfile if word == "FROM"]
    assert all(re.match(r"python:\d\.\d+-slim-\w+( AS \w+)?$", stage) for stage in stages)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for rest in (rest for word, rest in dockerfile if word == "COPY" and "--from" not in rest):
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source.removeprefix('./')}" in ignored
    installs = " ".join(rest for word, rest in dockerfile if word == "RUN")
    assert "pip install --no-cache-dir '.[serve]'" in installs
    assert f"--uid {USER}" in installs
    last = dict(dockerfile)
    assert last["USER"] == f"{USER}:{USER}"
    assert last["WORKDIR"] == STATE == json.loads(last["VOLUME"])[0]
    assert f"CLEARHEAD_CACHE={STATE}/" in last["ENV"]
    assert int(last["EXPOSE"]) == DEFAULTS.port
    assert json.loads(last["ENTRYPOINT"]) == ["clearhead"]


def test_the_health_checks_are_programs_that_ask_for_addresses_that_are_there(dockerfile, compose):
    from clearhead.serving import health

    routes = {route.path for route in health.router.routes}
    check = dict(dockerfile)["HEALTHCHECK"].partition("CMD ")[2]
    for words in (json.loads(check), compose["healthcheck"]["test"][1:]):
        assert words[:2] == ["python", "-c"]
        compile(words[2], "check", "exec")
        (port, path) = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", words[2]).groups()
        assert int(port) == DEFAULTS.port
        assert path in routes


def test_the_root_is_read_only_and_all_that_is_written_has_a_place(compose, objects):
    assert compose["read_only"] is True
    assert compose["cap_drop"] == ["ALL"]
    assert [volume.partition(":")[2] for volume in compose["volumes"]] == [STATE]
    assert [place.partition(":")[0] for place in compose["tmpfs"]] == ["/tmp"]
    assert (DEPLOY / compose["build"]["context"] / compose["build"]["dockerfile"]).is_file()
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsUser"] == USER
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) == {STATE, "/tmp"}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}


def test_nobody_is_killed_who_is_still_answering(compose, objects, unit):
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    sleeps = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    needed = NOTICE_SECONDS + DEFAULTS.drain_seconds + KILL_SECONDS
    assert pod["terminationGracePeriodSeconds"] > sleeps + needed
    assert in_minutes_or_seconds(compose["stop_grace_period"]) > needed
    assert in_minutes_or_seconds(unit["Service"]["TimeoutStopSec"]) > needed


def test_kubernetes_asks_the_pods_that_it_means(objects):
    deployment, service = objects["Deployment"]["spec"], objects["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert service["selector"] == deployment["selector"]["matchLabels"] == labels
    (container,) = deployment["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == DEFAULTS.port
    assert {each["targetPort"] for each in service["ports"]} == {port["name"]}
    probes = {
        name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/health/ready",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    limits = container["resources"]["limits"]
    assert int(limits["memory"].removesuffix("Gi")) >= 2
    annotations = deployment["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(DEFAULTS.port)


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxies_let_through_what_the_service_takes(name):
    text = (DEPLOY / "proxy" / name).read_text()
    sizes = [int(size) for size in re.findall(r"(?:client_max_body_size|max_size) (\d+)", text)]
    assert sorted(sizes) == [DEFAULTS.max_body_bytes, DEFAULTS.max_file_bytes + LARGEST_FORM]
    ports = re.findall(r"127\.0\.0\.1:(\d+)", text)
    assert set(ports) == {str(DEFAULTS.port)}
    assert text.count("{") == text.count("}")
    assert "/api/v1/stream" in text
    assert "proxy_buffering off" in text or "flush_interval -1" in text


def test_nginx_waits_for_a_translation_and_says_who_asks():
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    waits = [int(seconds) for seconds in re.findall(r"proxy_read_timeout (\d+)s", text)]
    assert min(waits) > DEFAULTS.deadline_seconds
    assert "X-Forwarded-For $proxy_add_x_forwarded_for" in text
    assert "X-Forwarded-Proto $scheme" in text


def test_systemd_gives_the_service_little(unit):
    service = unit["Service"]
    hardened = ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "RestrictNamespaces")
    assert {service[name] for name in hardened} == {"yes"}
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["Environment"] == f"CLEARHEAD_CACHE=/var/cache/{service['CacheDirectory']}"


def test_the_guide_shows_every_setting_with_its_default():
    """The table of docs/guides/serve.md cannot go stale."""
    guide = (ROOT / "docs" / "guides" / "serve.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `--([a-z-]+)` \| ([^|]*?) \|", guide, re.MULTILINE))
    shown = {name.replace("-", "_"): value.replace(",", "") for name, value in rows.items()}
    limits = Serve.headings["Limits of a request"] + Serve.headings["Queue and memory"]
    assert set(shown) >= set(limits)
    for name, value in shown.items():
        assert float(value) == getattr(DEFAULTS, name), name
    assert set(shown) <= {field.name for field in fields(ServingSettings)}
