"""Wrong usage is told in one line, with exit code 2, in the words that were typed."""

import re
from contextlib import suppress

import pytest
import tyro

from clearhead import cli
from clearhead.cli.options import Option, options_of
from clearhead.cli.parsing import parsed
from clearhead.cli.settings import with_settings
from clearhead.cli.translate import Translate
from clearhead.cli.usage import problem
from clearhead.cli.wording import as_typed


@pytest.fixture
def said(capsys):
    """Return a function that runs a command and gives its one line and its exit code."""

    def run(*args):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        err = capsys.readouterr().err
        assert err.count("\n") == 1, err
        return err.removesuffix("\n"), stopped.value.code

    return run


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("translate --modle x", "unknown option --modle (did you mean --model?)"),
        ("translate --beam-size 3 a", "unknown option --beam-size (did you mean --beam?)"),
        ("translate --num_hypotheses 3 a", "unknown option --num_hypotheses (did you mean --nbest?)"),
        ("train --max-steps 5 --out x", "unknown option --max-steps (did you mean --training.max-steps?)"),
        ("train --d-model=8 --out x", "unknown option --d-model (did you mean --model.d-model?)"),
        ("translate --valid-source x", "(it is an option of init, train, prepare)"),
        ("train --qqqq", "clearhead train: unknown option --qqqq; see clearhead train --help"),
        (
            "translate -Bonjour",
            "unknown option -Bonjour; options begin with two hyphens, and -- goes before text",
        ),
        ("translate --beam x a", "--beam must be a whole number, got 'x'"),
        ("translate --alpha high a", "--alpha must be a number, got 'high'"),
        ("translate --format xml a", "--format must be one of text, json, tsv, got 'xml'"),
        ("translate a --nbest", "--nbest needs a value: --nbest N"),
        ("train --out x --training.schedule nom", "got 'nom' (did you mean 'noam'?)"),
        ("train --out x --training.optimizer-betas 1", "needs 2 values"),
        ("train", "clearhead train: missing --out; see clearhead train --help"),
        ("look", "missing --out, TEXT"),
        ("look a b --out x.html", "unexpected argument 'b'; put quotes around a text"),
        ("completion", "missing bash|zsh|fish"),
        ("completion tcsh", "shell must be one of bash, zsh, fish, got 'tcsh'"),
        ("trian", "unknown command 'trian' (did you mean 'train'?)"),
    ],
)
def test_wrong_usage_is_told_in_one_line(said, args, words):
    line, code = said(*args.split())
    assert words in line
    assert code == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("translate --beam 0 a", "clearhead: --beam must be a whole number from 1 to 1,000, got 0"),
        ("translate --beam 2 --nbest 3 --format json a", "--nbest must be from 1 to the beam size 2, got 3"),
        ("translate --top-p 3 a", "--top-p must be a number from 0 to 1, got 3.0"),
        ("translate --no-repeat-ngram=-1 a", "--no-repeat-ngram must be a whole number"),
        ("train --out x --training.max-steps 0", "clearhead: --training.max-steps must be at least 1, got 0"),
        ("train --out x --max-ratio 0.5", "clearhead: --max-ratio must be above 1, got 0.5"),
        ("train --out x --model.d_model 7", "clearhead: --model.d-model must be an even number"),
        ("score --source a --target b", "say which language the given translations are in with --to"),
        ("info a --model b", "both a and --model b were given"),
    ],
)
def test_errors_name_what_was_typed(said, args, words):
    line, code = said(*args.split())
    assert words in line
    assert code == 1


def test_a_setting_of_a_file_keeps_the_name_that_it_has_there(said, tmp_path):
    (tmp_path / "run.toml").write_text("[training]\nmax_steps = 0\n")
    line, _ = said("train", "--config", tmp_path / "run.toml", "--out", tmp_path / "out")
    assert line.startswith("clearhead: training.max_steps must be at least 1, got 0")


def test_arguments_of_the_library_become_flags():
    assert as_typed("use engine='pytorch'", Translate) == "use --engine pytorch"
    assert as_typed("say which with to=...", Translate) == "say which with --to"
    assert as_typed("wrong: depth='x'", Translate) == "wrong: depth='x'"
    assert as_typed("the seed is 3", Translate, ["--seed", "3"]) == "the seed is 3"


def test_what_looks_like_a_flag_is_text_where_it_is_a_number_or_follows_two_hyphens():
    for text in ("-5", "-.5", "-", "- Bonjour", "-inf", "--"):
        assert problem(Translate, [text], ()) is None
        assert text == "--" or parsed(Translate, [text]).text == (text,)
    assert problem(Translate, ["--", "--modle"], ()) is None
    assert parsed(Translate, ["--", "--modle"]).text == ("--modle",)
    assert parsed(Translate, ["--prefix", "- a"]).prefix == "- a"
    assert problem(Translate, ["--prefix", "- a"], ()) is None


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_table_of_options_is_what_the_parser_knows(command, capsys):
    """Help, usage and completion read the table; what is read in the end, the parser decides."""
    kind = cli.kind_of(command)
    options = [option for option in options_of(kind) if not option.positional]
    with suppress(SystemExit):
        if command in ("train", "prepare"):
            with_settings(kind, ["--help"])
        else:
            tyro.cli(kind, args=["--help"])
    drawn = re.findall(r"^\W*?(--[a-z][a-z.-]*[a-z])", capsys.readouterr().out, flags=re.MULTILINE)
    assert set(drawn) == {option.flag for option in options}


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_what_the_table_lets_through_the_parser_reads(command):
    kind = cli.kind_of(command)
    args = [word for option in options_of(kind) for word in words(option)]
    assert problem(kind, args, ()) is None
    if command in ("train", "prepare"):
        args = [arg for arg in args if arg != "--resume"]
        free = args.index("--config")
        assert with_settings(kind, args[:free] + args[free + 2 :])
    else:
        assert parsed(kind, args)


def words(option: Option) -> list[str]:
    """Return an option with a value that suits it, as it may be typed."""
    if option.hidden or option.name in ("init", "preset", "learning_rate_factors"):
        return []
    if option.values == 0:
        return [option.flag]
    if option.name == "columns":
        return [option.flag, "2", "4"]
    checked = {
        "default_model": "default",
        "trusted_proxies": "10.0.0.1",
        "cors_origins": "https://example.org",
    }
    if option.name in checked:
        return [option.flag, checked[option.name]]
    default = option.default if isinstance(option.default, tuple) else (option.default,)
    usual = {int: "2", float: "0.5"}.get(option.kind, option.choices[0] if option.choices else "x")
    values = [usual if value in (None, "") else str(value) for value in default] or [usual]
    return [*([] if option.positional else [option.flag]), *values]
