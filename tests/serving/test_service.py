"""The service: one rule for texts and lists, a cache in front of the model, and an orderly end."""

import asyncio
import threading
import time

import pytest

from clearhead.errors import TranslationError
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.service import Service
from clearhead.serving.settings import ServingSettings
from tests.serving.service import default_model


@pytest.fixture(scope="module")
def translator():
    return default_model()


@pytest.fixture
def service_of(translator):
    return lambda **settings: Service(ServingSettings(**settings), load=lambda name: translator)


def test_a_list_is_its_texts_one_by_one(service_of, translator):
    texts = ["The ball is blue.", "", "The ball is blue.", "She sleeps."]

    async def run():
        service = service_of(cache_entries=0)
        await service.started()
        several = await service.translate(texts, to="fr", source="en", client="a")
        return several, [await service.translate(text, to="fr", source="en", client="a") for text in texts]

    several, one_by_one = asyncio.run(run())
    direct = translator.translate(texts, to="fr", source="en")
    assert [one.text for one in several] == [one.text for one in one_by_one] == [one.text for one in direct]


def test_what_was_translated_before_comes_from_the_cache(service_of):
    async def run():
        service = service_of()
        first = await service.translate("She sleeps.", to="fr", client="a")
        again = await service.translate(["She sleeps.", "He sleeps."], to="fr", client="b")
        other = await service.translate("She sleeps.", to="fr", client="b", num_hypotheses=2)
        return service.cache, first, again, other

    cache, first, again, other = asyncio.run(run())
    assert again[0] is first
    assert other is not first
    assert (cache.hits, cache.misses) == (1, 3)


def test_what_the_model_or_the_limits_do_not_allow_is_told(service_of):
    async def run():
        service = service_of(max_beam=4)
        with pytest.raises(TranslationError, match="does not translate to"):
            await service.translate("Hello.", to="xx", model="default")
        with pytest.raises(ServiceFailure) as languages:
            await service.translate("Hello.", to="xx")
        with pytest.raises(ServiceFailure) as beam:
            await service.translate("Hello.", to="fr", beam_size=5)
        return languages.value, beam.value

    languages, beam = asyncio.run(run())
    assert (languages.status, languages.code) == (400, "unsupported_language")
    assert (beam.code, beam.message) == ("over_limit", "beam_size is 5, above the limit of 4")


def test_scores_and_alignments_are_the_translators(service_of, translator):
    pair = (["The ball is blue."], ["La balle est bleue."])

    async def run():
        service = service_of()
        scores = await service.score(*pair, model=None, source="en", to="fr")
        return scores, await service.align(*pair, model=None, source="en", to="fr")

    scores, alignments = asyncio.run(run())
    assert scores == translator.score(*pair, to="fr")
    assert alignments[0].links == translator.align(*pair, to="fr")[0].links


def test_work_beside_the_queue_is_bounded_and_ends_the_wait_at_the_deadline(service_of):
    go = threading.Event()

    async def run():
        service = service_of(deadline_seconds=0.1)
        running = [asyncio.create_task(service.beside(lambda: go.wait(10))) for _ in range(16)]
        await asyncio.sleep(0.01)
        with pytest.raises(ServiceFailure) as busy:
            await service.beside(lambda: None)
        first, *late = running
        await asyncio.wait(late)
        first.cancel()  # whose thread goes on, so that nobody else may begin
        await asyncio.sleep(0.01)
        with pytest.raises(ServiceFailure) as waited:
            await service.beside(lambda: None)
        go.set()
        assert await service.beside(lambda: 7) == 7
        return busy.value, [task.exception() for task in late], waited.value

    busy, late, waited = asyncio.run(run())
    assert (busy.status, busy.code) == (503, "busy")
    assert {failure.code for failure in late} == {waited.code} == {"deadline"}


def test_the_end_drains_what_was_accepted(service_of):
    async def run():
        service = service_of(cache_entries=0)
        await service.started()
        texts = ["She sleeps.", "The ball is blue."]
        tasks = [asyncio.create_task(service.translate(text, to="fr", client=text)) for text in texts * 4]
        await asyncio.sleep(0.01)
        await service.closed()
        assert all(task.done() for task in tasks)
        with pytest.raises(ServiceFailure) as refused:
            await service.translate("She sleeps.", to="fr")
        with pytest.raises(ServiceFailure) as beside:
            await service.beside(lambda: None)
        return [task.result().text for task in tasks], refused.value.code, beside.value.code

    texts, *codes = asyncio.run(run())
    assert len(texts) == 8
    assert codes == ["closing", "closing"]


def test_the_end_comes_though_something_hangs(service_of):
    go = threading.Event()

    async def run():
        service = service_of(drain_seconds=0.1)
        hanging = asyncio.create_task(service.beside(lambda: go.wait(10)))
        await asyncio.sleep(0.01)
        began = time.monotonic()
        await service.closed()
        seconds = time.monotonic() - began
        go.set()
        await hanging
        return seconds

    assert 0.1 <= asyncio.run(run()) < 1
