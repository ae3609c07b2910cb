"""The guide to many machines is true: its commands run, and the program takes those of its files for clusters."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from clearhead import cli
from clearhead.cli.options import options_of
from clearhead.cli.parsing import parsed
from clearhead.cli.usage import flags_of, problem
from clearhead.sharing.parts import Share
from tests.system.test_documents import check

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "guides" / "scale.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def test_its_commands(tmp_path, monkeypatch, capsys):
    """Every file and command in order, in one empty folder; `...` stands for anything."""
    monkeypatch.chdir(tmp_path)
    done = 0
    for kind, title, body in BLOCKS.findall(GUIDE):
        if title:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(body, encoding="utf-8")
        for command, expected in COMMANDS.findall(body) if kind == "console" else ():
            program, *words = shlex.split(command)
            if program == "cat":
                check(Path(words[0]).read_text(encoding="utf-8"), expected)
            else:
                assert program == "clearhead"
                cli.main(words)
                check(capsys.readouterr().out, expected)
            done += 1
    assert done >= 6


def documents(name: str) -> list[dict]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()))


def after_clearhead(words: list[str]) -> list[str]:
    return words[words.index("clearhead") + 1 :]


def lines_of(text: str) -> list[list[str]]:
    """Return the words of each line that runs Clearhead, as a shell reads them, up to what follows it."""
    found = re.findall(r"^(?!#)(?:[^\n]*[ \t])?clearhead [a-z].*", text.replace("\\\n", " "), re.MULTILINE)
    found += re.findall(r'--wrap "(clearhead .*)"', text)
    return [after_clearhead(shlex.split(line.partition("  #")[0].partition(" &")[0])) for line in found]


def commands() -> list[list[str]]:
    """Every command of Clearhead in the guide's blocks for shells, and in the files for clusters."""
    shells = "\n".join(body for kind, _, body in BLOCKS.findall(GUIDE) if kind == "sh")
    found = lines_of(shells)
    for file in sorted((DEPLOY / "slurm").iterdir()):
        found += lines_of(file.read_text())
    (job,) = documents("translate.yaml")
    found.append(job["spec"]["template"]["spec"]["containers"][0]["args"])
    (jobs,) = documents("train.yaml")
    workers = jobs["spec"]["replicatedJobs"][0]["template"]["spec"]
    found.append(after_clearhead(workers["template"]["spec"]["containers"][0]["command"]))
    return found


def test_every_command_is_one_that_the_program_takes():
    seen = commands()
    for name, *words in seen:
        kind = cli.kind_of(name)
        assert problem(kind, words, ()) is None, words
        assert all(
            word.partition("=")[0] in flags_of(options_of(kind)) for word in words if word.startswith("--")
        )
    assert [name for name, *_ in seen].count("translate") >= 4
    assert [name for name, *_ in seen].count("train") >= 4


def test_the_shares_of_the_files_are_as_many_as_their_jobs():
    text = (DEPLOY / "slurm" / "translate.sh").read_text()
    last = int(re.search(r"--array=0-(\d+)", text)[1])
    assert f'--shard "$SLURM_ARRAY_TASK_ID/{last + 1}"' in text
    (job,) = documents("translate.yaml")
    assert job["spec"]["completionMode"] == "Indexed"
    args = job["spec"]["template"]["spec"]["containers"][0]["args"]
    count = job["spec"]["completions"]
    (shard,) = (word.partition("=")[2] for word in args if word.startswith("--shard"))
    assert shard == f"$(JOB_COMPLETION_INDEX)/{count}"
    assert Share.parse(shard.replace("$(JOB_COMPLETION_INDEX)", str(count - 1))).count == count


def test_the_check_of_the_slurm_file_is_of_the_same_job():
    (work, proof) = lines_of((DEPLOY / "slurm" / "translate.sh").read_text())
    assert proof[-1] == "--check"
    assert work[: work.index("--shard")] == proof[:-1]


def test_the_pods_of_a_run_are_as_many_as_it_expects_and_meet_at_the_first():
    (jobs,) = documents("train.yaml")
    (workers,) = jobs["spec"]["replicatedJobs"]
    job = workers["template"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    options = dict(word.removeprefix("--").split("=", 1) for word in container["command"] if "=" in word)
    assert int(options["nnodes"]) == job["completions"] == job["parallelism"]
    assert int(options["nproc-per-node"]) == container["resources"]["limits"]["nvidia.com/gpu"]
    name = jobs["metadata"]["name"]
    assert options["rdzv-endpoint"] == f"{name}-{workers['name']}-0-0.{name}:29500"


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("t*.*")), ids=lambda path: path.name)
def test_the_guide_names_every_file(file):
    if file.parent.name in ("slurm", "kubernetes"):
        assert str(file.relative_to(ROOT)) in GUIDE


def test_a_shell_reads_the_scripts():
    import subprocess

    for file in (DEPLOY / "slurm").iterdir():
        subprocess.run(["bash", "-n", str(file)], check=True)
        directives = [line for line in file.read_text().splitlines() if line.startswith("#SBATCH")]
        assert all(re.fullmatch(r"#SBATCH --[a-z-]+(=\S+)?", line) for line in directives)


def test_examples_parse_as_values_too():
    for name, *words in commands():
        if name == "translate":
            assert parsed(cli.kind_of(name), words).sharing.is_asked
