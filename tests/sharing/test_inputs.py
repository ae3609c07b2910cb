"""Which files are meant by files, folders, patterns and addresses, and what their outputs are called."""

from pathlib import Path

import pytest

from clearhead.corpora.lines import read_lines
from clearhead.errors import ConfigError, DataError, MissingPackageError
from clearhead.sharing.inputs import Input, check_apart, inputs_of
from clearhead.sharing.rows import PairRows, is_lines, is_pairs, lines_of

TREE = ("a.txt", "b/a.txt", "b/c.fr.zst", "b/.hidden", ".git/x", "README.md", "b/both.tsv")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in TREE:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"{name}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*sources, fits=is_lines):
    return [one.name for one in inputs_of(sources, [], fits).inputs]


def test_folders_patterns_and_files(tree):
    assert names("in") == names("in/") == names(str(tree / "in")) == ["a.txt", "b/a.txt", "b/c.fr.zst"]
    assert inputs_of(["in"], [], is_lines).others == ("in/README.md", "in/b/both.tsv")
    assert names("in/*.txt") == ["a.txt"]
    assert names("in/**/*.txt") == ["a.txt", "b/a.txt"]
    assert names("in/*/*.txt") == ["b/a.txt"]
    assert names(str(tree / "in" / "b" / "*.fr.*")) == ["c.fr.zst"]
    assert names("in/b/c.fr.zst", "in/a.txt") == ["a.txt", "c.fr.zst"]
    assert names("in/README.md") == ["README.md"]  # whoever names a file means it
    assert names("in", fits=is_pairs) == ["b/both.tsv"]


def test_a_name_twice_and_nothing_at_all_are_refused(tree):
    with pytest.raises(
        DataError, match=r"in/a\.txt and in/b/a\.txt would both become a\.txt; give each file once"
    ):
        names("in/a.txt", "in/b/a.txt")
    with pytest.raises(DataError, match=r"in/a\.txt and in/a\.txt would both become"):
        names("in", "in/a.txt")
    with pytest.raises(
        DataError, match=r"there is no file in/x\*; check the path, and put a pattern into quotes"
    ):
        names("in/x*")
    (tree / "in/.git/x").rename(tree / "in/.git/x.docx")
    with pytest.raises(DataError, match=r"no file of lines in in/.git; give files, a folder, or a pattern"):
        names("in/.git")


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("in", "in"),
        ("in", "in/b/new"),
        ("in/b/..", "in/new"),
        (".", "new"),
        ("link", "in/new"),
        ("in", "link/new"),
        ("in/*.txt", "link"),
        ("in/**/*.txt", "in/new"),
        ("in/?/*.txt", "link"),
        ("**/*.txt", "new"),
        ("in/a.txt", "in"),
        ("file://{}/in", "in/new"),
    ],
)
def test_an_output_that_would_be_an_input_is_refused(tree, source, output):
    pytest.importorskip("fsspec")
    (tree / "link").symlink_to(tree / "in")
    source = source.format(tree)
    with pytest.raises(ConfigError, match=r" would be an output and, by .*; give an --output that lies els"):
        check_apart([source], inputs_of([source], [], is_lines), Path(output))


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("in", "out"),
        ("in", "in.fr"),
        ("in/b", "in"),
        ("in/*.txt", "in/new"),
        ("in/*", "in/new"),
        ("in/*/*.txt", "in/new"),
        ("in/a.txt", "in/new"),
        ("*/a.txt", "new/deeper"),
    ],
)
def test_an_output_beside_the_inputs_is_taken(tree, source, output):
    check_apart([source], inputs_of([source], [], is_lines), Path(output))


def test_pairs_of_files_go_by_their_order(tree):
    for name in ("one.en", "two.en", "one.fr", "two.fr"):
        (tree / name).write_text(f"{name}\n")
    inputs = inputs_of(["*.en"], ["*.fr"], is_lines).inputs
    assert inputs == (Input("one.en", "one.en", "one.fr"), Input("two.en", "two.en", "two.fr"))
    assert list(PairRows()(inputs[1])) == [("two.en", "two.fr")]
    for name in ("en", "fr"):  # a folder of outputs has a manifest
        (tree / name).mkdir()
        (tree / name / "a.txt").write_text("a\n")
    (tree / "fr" / "manifest.json").write_text("{}")
    assert inputs_of(["en"], ["fr"], is_lines).inputs == (Input("a.txt", "en/a.txt", "fr/a.txt"),)
    assert str(inputs[0]) == "one.en and one.fr"
    with pytest.raises(
        DataError, match=r"2 files of sources \(one.en, two.en\) and 1 of targets \(one.fr\); give one"
    ):
        inputs_of(["*.en"], ["one.fr"], is_lines)
    (tree / "one.fr").write_text("a\nb\n")
    with pytest.raises(DataError, match="the two must have one line for"):
        list(PairRows()(inputs[0]))


def test_files_of_pairs(tree):
    (tree / "p.tsv").write_text("one\tun\ntwo\tdeux\n")
    assert list(PairRows()(Input("p.tsv", "p.tsv"))) == [("one", "un"), ("two", "deux")]
    with pytest.raises(DataError, match="holds both sides of a text, so its lines are not sentences"):
        lines_of(Input("p.tsv", "p.tsv"))


def test_addresses():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    import gzip

    memory.pipe({"/bucket/x/a.gz": gzip.compress(b"one\ntwo\n"), "/bucket/x/y/b.txt": b"three\r\n"})
    try:
        assert names("memory://bucket/x") == ["a.gz", "y/b.txt"]
        assert names("memory://bucket/*/*.gz") == ["x/a.gz"]
        (one,) = inputs_of(["memory://bucket/x/a.gz"], [], is_lines).inputs
        assert one.name == "a.gz"
        assert list(read_lines(one.source)) == ["one", "two"]
        assert list(read_lines("memory://bucket/x/y/b.txt")) == ["three"]
        with pytest.raises(DataError, match="there is no file at memory://bucket/none; check the address"):
            names("memory://bucket/none")
        with pytest.raises(
            DataError, match=r"cannot read memory://bucket/none: .*; check the address and your access"
        ):
            list(read_lines("memory://bucket/none"))
    finally:
        memory.rm("/bucket", recursive=True)


def test_addresses_of_unknown_and_missing_kinds(monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    with pytest.raises(
        DataError, match=r"cannot read what://x: Protocol not known.*; check how the address begins"
    ):
        names("what://x")

    def missing(address):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(
        MissingPackageError, match="s3://x needs another package: Install s3fs to access S3; install it"
    ):
        names("s3://x")

    class Denied:
        def find(self, path):
            raise PermissionError("Access Denied")

    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda address: (Denied(), "x"))
    with pytest.raises(
        DataError, match="cannot list s3://x: Access Denied; check the address and your access"
    ):
        names("s3://x")
