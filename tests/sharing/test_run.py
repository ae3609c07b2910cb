"""However the work is shared out, interrupted and repeated: each line has its line, once and in order."""

import os
import re
import shutil
from itertools import count, permutations, zip_longest
from pathlib import Path

import pytest

from clearhead.errors import CheckpointError, ConfigError, DataError
from clearhead.sharing import folder
from clearhead.sharing.parts import Results, Share
from clearhead.sharing.run import here
from tests.sharing.corpus import (
    JOB,
    LINES,
    PARTS,
    bytes_of,
    is_whole,
    load,
    made,
    output,
    sharing,
    texts,
    write_corpus,
)


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


# Shared out


@pytest.mark.parametrize("shares", [1, 2, 3, 7])
def test_any_number_of_shares_in_any_order_makes_the_same_bytes(corpus, tmp_path, shares):
    made(corpus, tmp_path / "alone")
    for number, order in zip(range(6), permutations(range(shares)), strict=False):
        out = tmp_path / f"out{number}"
        progress = [made(corpus, out, f"{index}/{shares}") for index in order]
        assert sum(one.parts for one in progress) == PARTS
        assert sum(one.lines for one in progress) == sum(LINES.values())
        assert is_whole(out)
        assert bytes_of(out) == bytes_of(tmp_path / "alone")


@pytest.mark.parametrize("files", [1, 3, 4, 9])
@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_each_part_is_in_one_share_whose_process_reads_its_file(files, count):
    shares = [Share(index, count) for index in range(count)]
    for file in range(files):
        for part in range(12):
            owners = [share for share in shares if share.has(file, files, part)]
            assert len(owners) == 1
            assert owners[0].reads(file, files)
    if files >= count:  # nobody reads what others work on
        assert all(sum(share.reads(file, files) for share in shares) == 1 for file in range(files))


@pytest.mark.parametrize("shares", [("0/2", "1/2"), ("0/1", "0/1"), ("0/2", "1/2", "0/1")])
def test_shares_at_the_same_time_even_twice_the_same_lose_and_double_nothing(corpus, out, shares):
    for _ in zip_longest(*(sharing(corpus, out, share).run(here(load)) for share in shares)):
        pass
    made(corpus, out)  # clears what a late one left of a file that the other had joined
    assert all(output(out, name) for name in LINES if LINES[name])
    assert {name: len(output(out, name)) for name in LINES} == LINES


MOMENTS = ["write_flushed", "publish_file", "flush_directory"]
"""At which a part is not there yet, or nobody has waited for the disk."""


def interrupted(monkeypatch, name, path, what):
    """Have something done once, just before a function of the folder is called for the first part of a.txt."""
    function, waiting = getattr(folder, name), [what]

    def first(*args):
        if waiting and path in str(args):
            waiting.pop()()
        return function(*args)

    monkeypatch.setattr(folder, name, first)


@pytest.mark.parametrize("name", MOMENTS)
def test_who_writes_a_part_while_another_joins_its_file_finds_it_done(corpus, out, monkeypatch, name):
    interrupted(monkeypatch, name, "parts/a.txt", lambda: made(corpus, out))
    steps = sharing(corpus, out).run(here(load))
    next(steps)
    assert is_whole(out)  # and nothing is left of the part
    assert list(steps)[-1].done.keys() == LINES.keys()
    assert all(output(out, name) == [text.upper() for text in texts(name)] for name in LINES)


@pytest.mark.parametrize("name", MOMENTS)
def test_a_part_whose_folder_is_gone_is_written_again(corpus, out, monkeypatch, name):
    interrupted(monkeypatch, name, "parts/a.txt", lambda: shutil.rmtree(out / ".sharing/parts/a.txt"))
    assert made(corpus, out).parts == PARTS
    made(corpus, out)
    assert is_whole(out)


def test_a_folder_that_goes_while_it_is_looked_at_is_made(tmp_path, monkeypatch):
    makes, gone = Path.mkdir, [FileExistsError, FileNotFoundError]

    def mkdir(path, *args, **how):
        if gone:
            raise gone.pop()
        makes(path, *args, **how)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    folder._make(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        folder._make(tmp_path / "file")


def test_what_is_done_is_not_done_again(corpus, out):
    for number, _ in enumerate(sharing(corpus, out).run(here(load)), start=1):
        if number == 3:
            break
    assert not (out / "a.txt").exists()
    assert made(corpus, out).parts == PARTS - 3
    again = made(corpus, out)
    assert (again.parts, again.before) == (0, len(LINES))
    assert is_whole(out)


def test_notes_are_counted(corpus, out):
    assert sum(done.notes for done in made(corpus, out).done.values()) == 2


# Killed


class Killed:
    """Ends the process, as a kill does, at one of the moments when something reaches the disk."""

    def __init__(self, at: int) -> None:
        self._at, self._count = at, count()

    def here(self) -> None:
        if next(self._count) == self._at:
            os._exit(9)

    def before(self, function):
        def killed(*args, **kwargs):
            self.here()
            return function(*args, **kwargs)

        return killed

    def write_half(self, file, data):
        """Write a file as `write_flushed` does, with a moment when half of it is there."""
        with open(file, "wb") as stream:
            stream.write(data[: len(data) // 2])
            stream.flush()
            self.here()
            stream.write(data[len(data) // 2 :])
        self.here()


def survives(corpus, out, at: int) -> bool:
    """Do the work in a process that is killed at a moment; say whether it came to its end."""
    child = os.fork()
    if not child:
        killed = Killed(at)
        folder.write_flushed = killed.write_half
        folder.publish_file = killed.before(folder.publish_file)
        folder.flush_directory = killed.before(folder.flush_directory)
        folder.shutil.rmtree = killed.before(shutil.rmtree)
        folder.os.fsync = killed.before(os.fsync)
        made(corpus, out)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_killed_at_any_moment_loses_and_doubles_nothing(corpus, tmp_path):
    made(corpus, tmp_path / "alone")
    for at in count():
        out = tmp_path / f"out{at}"
        whole = survives(corpus, out, at)
        for name in LINES:  # what has its name is whole, at every moment
            if (out / name).exists():
                assert (out / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
        kept = [path for path in out.rglob(".sharing/parts/**/*") if path.name.isdecimal() and path.is_file()]
        there = sum(-(-LINES[name] // 5) for name in LINES if (out / name).exists())
        again = made(corpus, out)
        assert again.parts <= PARTS - min(there, PARTS), "a file that was whole is done again"
        assert again.parts <= PARTS - len(kept), "a part that was kept is done again"
        assert bytes_of(out) == bytes_of(tmp_path / "alone")
        if whole:
            assert again.parts == 0
            break
    assert at > 5 * PARTS


# Changed


def test_a_changed_input_is_noticed_before_and_after_its_file_is_whole(corpus, out):
    text = corpus / "a.txt"
    original = text.read_bytes()
    next(sharing(corpus, out).run(here(load)))
    text.write_bytes(original.replace(b"a.txt 1 ", b"a.txt 1,"))
    with pytest.raises(
        DataError, match=r"a\.txt has changed since it was worked on; give .*parts/a\.txt to have"
    ):
        made(corpus, out)
    text.write_bytes(original)
    made(corpus, out)
    for other in (
        original + b"one more\n",
        original.replace(b" 22 ", b" 2 "),
        original[: len(original) // 2],
    ):
        text.write_bytes(other)
        with pytest.raises(
            DataError, match=r"has changed since it was worked on; give .*remove .*out/a\.txt to"
        ):
            made(corpus, out)
    (out / "a.txt").unlink()
    made(corpus, out)
    assert len(output(out, "a.txt")) == len(text.read_text().splitlines())


def test_what_was_damaged_is_done_again_or_named(corpus, out):
    steps = sharing(corpus, out).run(here(load))
    next(steps), next(steps)
    first, second = (out / ".sharing/parts/a.txt" / str(number) for number in range(2))
    first.write_bytes(first.read_bytes()[:-3])
    second.write_bytes(b"x")
    assert made(corpus, out).parts == PARTS
    assert is_whole(out)
    (out / "b/d.txt").write_text("mine\n")
    with pytest.raises(
        DataError, match=r"b/d\.txt has changed since it was written; remove it to have it made"
    ):
        made(corpus, out)
    (out / ".sharing/done/a.txt.json").write_text("{}")
    with pytest.raises(CheckpointError, match="damaged; remove it and the output that it is of"):
        made(corpus, out)


def test_other_options_and_foreign_files_are_refused(corpus, out):
    (out / "b").mkdir(parents=True)
    (out / "b/d.txt").write_text("mine\n")
    with pytest.raises(
        DataError, match=r"d\.txt is there already, and was not written for this; give another"
    ):
        made(corpus, out)
    (out / "b/d.txt").unlink()
    made(corpus, out)
    told = "out was begun with alpha left out, not 1, beam 1, not 4; give the same options"
    with pytest.raises(ConfigError, match=re.escape(told)):
        made(corpus, out, job={**JOB, "beam": 4, "alpha": 1})


def test_parts_of_two_jobs_that_began_at_the_same_moment_are_not_mixed(corpus, out):
    first, other = sharing(corpus, out), sharing(corpus, out, "0/1", {**JOB, "beam": 4})
    next(first.run(here(load)))
    (out / ".sharing/job.json").unlink()  # as if both had looked before either wrote
    with pytest.raises(ConfigError, match="was made with other options; give another --output"):
        list(other.run(here(load)))


def test_work_that_loses_a_line_is_a_fault_of_ours(corpus, out):
    with pytest.raises(AssertionError):
        made(corpus, out, work=lambda: lambda rows: Results(["x"] * (len(rows) - 1)))
    with pytest.raises(AssertionError):
        made(corpus, out, work=lambda: lambda rows: Results(["x\ny"] * len(rows)))


def test_an_input_that_cannot_be_read_keeps_what_was_done_before(corpus, out):
    with (corpus / "a.txt").open("ab") as file:
        file.write(b"\xff\n")
    with pytest.raises(DataError, match="line 24: byte"):
        made(corpus, out)
    assert len(list((out / ".sharing/parts/a.txt").iterdir())) == 4


def test_a_disk_that_refuses_is_named(corpus, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write .*another --output"):
        made(corpus, tmp_path / "file" / "out")


@pytest.mark.parametrize("text", ["8/8", "-1/8", "1", "1/", "/2", "a/b", "0/0", "1/2/3"])
def test_a_share_is_two_numbers(text):
    with pytest.raises(ConfigError, match="--shard must be I/N, where I counts from 0: 0/8 to 7/8"):
        Share.parse(text)


def test_outputs_are_where_the_inputs_were(corpus, out):
    made(corpus, out)
    assert {path.relative_to(out) for path in out.rglob("*.txt*") if ".sharing" not in path.parts} == {
        Path(name) for name in LINES
    }
