"""The measurement on a GPU: every section by itself, stopped in time, with its own file."""

import re
import tomllib
from pathlib import Path

from benchmarks.gpu.__main__ import CARRIED, Section, ended, sections, summary

from clearhead import cli
from clearhead.cli.options import options_of
from clearhead.config import RunConfig

ROOT = Path(__file__).parents[1]


def test_sections_have_a_file_each_and_fit_into_ten_minutes():
    for device in ("cuda", "cpu"):
        names = [section.name for section in sections(device)]
        assert len(set(names)) == len(names) <= 7  # and a summary
        assert sum(section.limit for section in sections(device)) < 600
        for section in sections(device):
            file = section.command[1].replace(".", "/") + ".py"
            assert section.command[1] == "pytest" or (ROOT / file).exists()


def test_a_section_that_fails_or_hangs_keeps_what_it_said(tmp_path):
    saying = "import sys, time; print('| kept |', flush=True); "
    endings = {
        name: ended(Section(name, ("-c", saying + code), 9), tmp_path / f"{name}.txt", seconds, "cpu")
        for name, code, seconds in (
            ("good", "pass", 60),
            ("bad", "sys.exit(3)", 60),
            ("slow", "time.sleep(99)", 8),
        )
    }
    assert endings["good"].startswith("done")
    assert endings["bad"].startswith("failed with 3")
    assert endings["slow"] == "stopped after 8 s"
    told = summary(tmp_path, endings, "cpu")
    assert told.count("| kept |") == 3
    assert all(f"| {name} | {ending} |" in told for name, ending in endings.items())


def test_what_is_to_be_carried_is_said_where_the_script_is_read():
    script = (ROOT / "benchmarks/gpu.sh").read_text(encoding="utf-8")
    assert all(re.search(name.replace("_", "[-_]"), script) for name in CARRIED)


def test_the_settings_and_flags_of_the_guide_are_there():
    guide = (ROOT / "docs/guides/gpu.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    training = RunConfig.from_dict(tomllib.loads(block)).training
    assert (training.batch_tokens, training.activation_checkpointing) == ("auto", True)
    (line,) = re.findall(r"^(`translate`.*) take `--device", guide, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", line):
        assert "--device" in [option.flag for option in options_of(cli.kind_of(name))]
