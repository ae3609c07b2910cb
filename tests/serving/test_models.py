"""Several models side by side: which one is meant, loaded once, and unloaded only where nobody waits for it."""

import asyncio
import shutil
import threading

import pytest

from clearhead import model_directory
from clearhead.errors import CheckpointError
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.jobs import Job
from clearhead.serving.models import Models
from clearhead.serving.settings import ServingSettings
from clearhead.translator import Translation

SIZE = (model_directory.DEFAULT / model_directory.WEIGHTS).stat().st_size


class Loading:
    """Loads stand-ins of models, and counts how often."""

    def __init__(self):
        self.names = []
        self.go = threading.Event()
        self.go.set()
        self.fault = None

    def __call__(self, name):
        self.names.append(name)
        assert self.go.wait(10)
        if self.fault:
            raise self.fault
        return Standing()


class Standing:
    """Translates into capitals."""

    class tokenizer:  # noqa: N801
        encode = staticmethod(str.split)

    class engine:  # noqa: N801
        name = "none"
        at_once = 1

    go = threading.Event()

    def stream(self, texts, **_):
        assert Standing.go.wait(10)
        return iter(
            [Translation(source=text, text=text.upper(), to=None, score=0.0, tokens=()) for text in texts]
        )


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Names of three models: the default one, and two copies of it."""
    folder = tmp_path_factory.mktemp("models")
    for name in "ab":
        shutil.copytree(model_directory.DEFAULT, folder / name)
    return ("default", str(folder / "a"), str(folder / "b"))


def models_of(names, load, **settings):
    return Models(names, ServingSettings(models=names, **settings), load=load)


def test_a_model_is_listed_before_it_is_loaded(names):
    listed = models_of(names, Loading(), default_model=names[2]).listed()
    assert [model.name for model in listed] == [names[2], names[0], names[1]]
    assert {"en", "fr"} <= set(listed[0].sources) & set(listed[0].targets)
    assert not any(model.loaded for model in listed)
    assert listed[0].bytes == SIZE
    assert len(listed[0].manifest_sum) == 64


def test_a_model_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(CheckpointError, match="there is no model"):
        models_of((str(tmp_path / "none"),), Loading())


def test_a_model_is_chosen_by_name_or_by_languages(names):
    models = models_of(names, Loading())

    async def run():
        assert (await models.get(names[1])).name == names[1]
        assert (await models.get(source="en", target="fr")).name == "default"
        assert (await models.get()).name == "default"
        with pytest.raises(ServiceFailure) as unknown:
            await models.get("other")
        with pytest.raises(ServiceFailure) as unsupported:
            await models.get(source="en", target="ja")
        return unknown.value, unsupported.value

    unknown, unsupported = asyncio.run(run())
    assert (unknown.status, unknown.code) == (400, "unknown_model")
    assert "default" in unknown.message
    assert (unsupported.status, unsupported.code) == (400, "unsupported_language")


def test_a_model_is_loaded_once_for_all_who_wait_for_it_and_though_the_first_leaves(names):
    load = Loading()
    load.go.clear()
    models = models_of(names, load)

    async def run():
        first = asyncio.create_task(models.get())
        await asyncio.sleep(0.02)
        others = [asyncio.create_task(models.get()) for _ in range(5)]
        await asyncio.sleep(0.02)
        first.cancel()
        load.go.set()
        return await asyncio.gather(*others)

    assert len(set(map(id, asyncio.run(run())))) == 1
    assert load.names == ["default"]


def test_a_model_that_fails_to_load_is_tried_again(names):
    load = Loading()
    load.fault = CheckpointError("it is damaged")
    models = models_of(names, load)

    async def run():
        with pytest.raises(ServiceFailure) as failed:
            await models.get()
        load.fault = None
        await models.get()
        return failed.value

    failure = asyncio.run(run())
    assert (failure.status, failure.code) == (503, "model_unavailable")
    assert "damaged" not in failure.message  # which may tell of folders


def test_the_least_recently_used_is_unloaded_but_none_that_somebody_waits_for(names):
    load = Loading()
    models = models_of(names, load, model_bytes=2 * SIZE)
    Standing.go.clear()

    def loaded():
        return {model.name for model in models.listed() if model.loaded}

    async def run():
        for name in names:
            await models.get(name)
        assert loaded() == {*names[1:]}
        async with models.using(names[1]) as served:
            waiting = asyncio.create_task(served.batcher.translate(Job(text="a")))
            await asyncio.sleep(0.01)
        async with models.using(names[2]):
            await models.get(names[0])  # a batch waits for one, and a block uses the other
            assert loaded() == {*names}
        assert loaded() == {names[0], names[1]}
        Standing.go.set()
        assert (await waiting).text == "A"
        await models.get(names[2])
        assert loaded() == {names[0], names[2]}

    asyncio.run(run())


def test_a_model_is_loaded_with_its_engine(names):
    """An engine loads when it is first needed, and may convert the model then: the first request would wait."""
    ready = []

    class Lazy(Standing):
        @property
        def engine(self):
            ready.append(threading.current_thread() is not threading.main_thread())
            return Standing.engine

    asyncio.run(models_of(names, lambda name: Lazy()).get())
    assert ready == [True]
