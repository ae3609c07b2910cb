"""Keys: what is kept cannot be used, and a revoked one is refused at once."""

import json
import re

import pytest

from clearhead.cli import main
from clearhead.errors import ConfigError
from clearhead.serving.keys import Keys


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path / "keys.sqlite")


def test_a_key_is_known_until_it_is_revoked(keys):
    first, second = keys.add("the wiki"), keys.add("a phone")
    known = keys.known(first)
    assert known is not None
    assert known.label == "the wiki"
    assert keys.revoke(known.id).revoked
    assert keys.known(first) is None
    assert keys.known(second) is not None
    assert {key.label: bool(key.revoked) for key in keys.listed()} == {"the wiki": True, "a phone": False}


def test_the_file_has_no_key_and_is_for_its_owner(keys):
    secret = keys.add("the wiki").split("_", 2)[2]
    assert secret.encode() not in keys.path.read_bytes()
    assert keys.path.stat().st_mode & 0o777 == 0o600


def test_what_is_no_key_is_not_known(keys):
    key = keys.add("the wiki")
    swapped = "_".join((*keys.add("a phone").split("_", 2)[:2], key.split("_", 2)[2]))
    for wrong in (
        "",
        "_",
        "ch__",
        key[:-1],
        key + "a",
        "xx" + key[2:],
        key.upper(),
        swapped,
        "é" * 9,
        "a" * 9999,
    ):
        assert keys.known(wrong) is None, wrong


@pytest.mark.parametrize("label", ["", "  ", "a" * 101, "a\nb", "\x1b[31m"])
def test_labels_are_short_and_plain(keys, label):
    with pytest.raises(ConfigError, match="a label must be 1 to 100 printable characters"):
        keys.add(label)


def test_a_file_that_is_missing_or_something_else(keys, tmp_path):
    with pytest.raises(ConfigError, match="clearhead keys add"):
        keys.listed()
    (tmp_path / "other").write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match="name another file"):
        Keys(tmp_path / "other").listed()


def test_the_command(tmp_path, capsys):
    file = ["--file", str(tmp_path / "keys.sqlite")]
    main(["keys", "add", "the wiki", *file])
    key = capsys.readouterr().out.strip()
    assert re.fullmatch(r"ch_[0-9a-f]{12}_[\w-]{43}", key)
    identity = key.split("_")[1]
    main(["keys", "revoke", identity, *file])
    capsys.readouterr()
    main(["keys", "list", "--json", *file])
    (row,) = json.loads(capsys.readouterr().out)["keys"]
    assert row["id"] == identity
    assert row["revoked"]
    for wrong in (["add"], ["list", "a"], ["revoke"], ["revoke", "0000"]):
        with pytest.raises(SystemExit) as end:
            main(["keys", *wrong, *file])
        assert end.value.code == 1
        assert "; see clearhead keys --help" in capsys.readouterr().err or wrong[-1] == "0000"
