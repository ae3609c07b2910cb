"""A store is all that a run needs: without any text named, or the files it came from."""

from dataclasses import replace
from pathlib import Path

import pytest

from clearhead.config import CorpusConfig, DataConfig, FilterConfig, RunConfig, TokenizerConfig
from clearhead.data.store import Store
from clearhead.errors import ConfigError
from clearhead.run.directory import RunDirectory
from clearhead.run.opening import Opened
from clearhead.run.prepare import prepare_store
from clearhead.run.stored_text import with_stored_text

FILES = {
    "a.fr": "Bonjour tous.\nIl pleut.\n",
    "a.en": "Hello all.\nIt rains.\n",
    "v.fr": "Oui.\n",
    "v.en": "Yes.\n",
}
WAYS = {"source_lang": "fr", "target_lang": "en", "both_directions": True}
MADE_WITH = RunConfig(
    data=DataConfig(
        corpora=(CorpusConfig(source="a.fr", target="a.en", weight=3.0, **WAYS),),
        validation=(CorpusConfig(source="v.fr", target="v.en", **WAYS),),
        filters=FilterConfig(drop_ratio=True),
        max_tokens=70,
        store="st",
    ),
    tokenizer=TokenizerConfig(vocab_size=340),
)


@pytest.fixture(autouse=True)
def prepared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    *_, store = prepare_store(MADE_WITH)
    assert isinstance(store, Store)


def opened(config: RunConfig) -> Opened:
    return Opened.of(config, RunDirectory(Path("run")), None, begun=False, leads=True)


@pytest.mark.parametrize("gone", [False, True])
def test_a_run_that_names_only_a_store_has_its_text_and_settings(gone):
    for name in FILES if gone else ():
        Path(name).unlink()
    run = opened(RunConfig(data=DataConfig(store="st", subword_sampling=0.1)))
    assert run.config == replace(MADE_WITH, data=replace(MADE_WITH.data, subword_sampling=0.1))
    assert [pair.src for pair in run.corpora.valid] == ["Oui.", "Yes."]
    assert bool(run.corpora.warnings) == gone


def test_what_is_set_otherwise_is_compared_with_the_store():
    with pytest.raises(ConfigError, match="max_tokens was 70, is 80"):
        opened(RunConfig(data=DataConfig(store="st", max_tokens=80)))
    with pytest.raises(ConfigError, match=r"tokenizer\.vocab_size was 340, is 400"):
        opened(RunConfig(data=DataConfig(store="st"), tokenizer=TokenizerConfig(vocab_size=400)))


def test_without_a_store_nothing_is_taken():
    for config in (RunConfig(), RunConfig(data=DataConfig(store="none")), MADE_WITH):
        assert with_stored_text(config) is config
    with pytest.raises(
        ConfigError, match=r"no training data given; .* or name text that this release prepared"
    ):
        opened(RunConfig())
