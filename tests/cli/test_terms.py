"""`clearhead translate --terms`: the commands of the guide."""

import json

import pytest

from clearhead import cli


def test_lines_with_a_glossary(tmp_path, capsys):
    terms = tmp_path / "terms.tsv"
    terms.write_text("source\ttarget\nhouse\tdemeure\n")
    command = ["translate", "--to", "fr", "--terms", str(terms), "Our house is big.", "It is cold."]
    cli.main(command)
    first, second = capsys.readouterr().out.splitlines()
    assert "demeure" in first
    cli.main([*command, "--format", "json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["text"] == first
    assert rows[0]["terms"] == [{"source": "house", "target": "demeure", "used": True}]
    assert "terms" not in rows[1]
    assert rows[1]["text"] == second


def test_a_glossary_that_is_wrong_is_one_line(tmp_path, capsys):
    terms = tmp_path / "terms.tsv"
    terms.write_text("house demeure\n")
    with pytest.raises(SystemExit):
        cli.main(["translate", "--to", "fr", "--terms", str(terms), "Our house."])
    assert "line 1: there is no tab" in capsys.readouterr().err
