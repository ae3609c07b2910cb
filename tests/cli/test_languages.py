"""A model with several target languages: which one was taken is said, and nothing is measured in the wrong one."""

import pytest

from clearhead import cli


def test_a_text_in_the_default_target_comes_back_with_a_note(capsys):
    cli.main(["translate", "The ball is blue."])
    out, err = capsys.readouterr()
    assert out == "The ball is blue.\n"
    assert "the target language was en, the model's default; choose another with --to (de, es, fr)" in err
    cli.main(["translate", "--to", "en", "The ball is blue."])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["evaluate", "evaluate --calibrate", "score", "align"])
def test_measuring_asks_for_the_language(command, capsys, tmp_path):
    (tmp_path / "text").write_text("The ball is blue.\n")
    other = "--reference" if command.startswith("evaluate") else "--target"
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command.split(), "--source", str(tmp_path / "text"), other, str(tmp_path / "text")])
    assert stopped.value.code == 1
    assert "this model translates to de, en, es, fr; say which" in capsys.readouterr().err
