"""Requests that share batches: equal to translating one by one, fair, bounded, and each failing alone."""

import asyncio
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from clearhead import Terms
from clearhead.errors import TranslationError
from clearhead.serving.batcher import Batcher, Job
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.settings import ServingSettings
from clearhead.translator import Translation
from tests.serving.service import default_model


@dataclass
class Slow:
    """Translates into capitals, in so many seconds a text; notes its batches; fails for a text with POISON."""

    seconds: float = 0.0
    batches: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    go: threading.Event | None = None
    tokenizer: object = field(default_factory=lambda: SimpleNamespace(encode=str.split))

    def stream(self, texts, *, reached, **options):
        self.batches.append(list(texts))
        if self.go:
            assert self.go.wait(10)
        if any("POISON" in text for text in texts):
            raise TranslationError("this text is poison")
        for number, text in enumerate(texts, start=1):
            time.sleep(self.seconds)
            reached(number)
            self.texts.append(text)
            yield Translation(source=text, text=text.upper(), to=options["to"], score=0.0, tokens=())


def batcher_of(translator, **settings):
    return Batcher(translator, ServingSettings(**settings))


async def queued(batcher, *jobs):
    """Ask for several texts, one request each, and let them arrive."""
    tasks = [asyncio.create_task(batcher.translate(job)) for job in jobs]
    await asyncio.sleep(0.02)
    return tasks


@pytest.fixture(scope="module")
def exact():
    return default_model()


def test_the_texts_of_many_clients_are_translated_as_one_by_one(exact):
    texts = ["The ball is blue.", "I am a student. She sleeps.", "Where is the station?", "", "12 cats!"]
    jobs = [Job(text=text, to=to, client=text) for text in texts for to in ("fr", "es")]
    seen = []

    class Figures:
        def batch(self, *, sequences, source_tokens, target_tokens, seconds):
            seen.append(sequences)
            assert source_tokens > 0 < target_tokens

        def queue(self, tokens):
            assert tokens >= 0

    async def together():
        batcher = Batcher(exact, ServingSettings(), Figures())
        return await asyncio.gather(*map(batcher.translate, jobs))

    found = asyncio.run(together())
    for job, translation in zip(jobs, found, strict=True):
        alone = exact.translate(job.text, to=job.to)
        assert translation.text == alone.text
        assert translation.score == pytest.approx(alone.score, abs=1e-4)
    assert sum(seen) == len(jobs)
    assert len(seen) <= 3  # one batch for each language, after a first text alone at most


def test_options_are_those_of_each_request(exact):
    terms = Terms.of(("ball", "sphère"))

    async def together():
        batcher = batcher_of(exact)
        return await asyncio.gather(
            batcher.translate(Job(text="The ball is blue.", to="fr", terms=terms)),
            batcher.translate(Job(text="The ball is blue.", to="fr", align=True, word_confidence=True)),
            batcher.translate(Job(text="The ball is blue.", to="fr", beam_size=3, num_hypotheses=3)),
        )

    held, aligned, several = asyncio.run(together())
    assert [use.source for use in held.terms] == ["ball"]
    assert aligned.alignment.links
    assert not held.alignment
    assert 1 <= len(several.alternatives) <= 2


def test_a_stream_is_the_translation_sentence_by_sentence(exact):
    text = "The ball is blue.  I am a student.\n\nShe sleeps. 42. Where is the station?\n"

    async def pieces():
        return [piece async for piece in batcher_of(exact).stream(Job(text=text, to="fr", align=True))]

    *parts, whole = asyncio.run(pieces())
    alone = exact.translate(text, to="fr", align=True)
    assert len(parts) >= 3
    assert "".join(parts) == whole.text == alone.text
    assert whole.alignment.links == alone.alignment.links
    assert whole.confidence == pytest.approx(alone.confidence, abs=1e-4)
    assert whole.score == pytest.approx(alone.score, abs=1e-3)


def test_many_jobs_of_one_client_do_not_delay_the_few_of_another():
    slow = Slow(go=threading.Event())

    async def run():
        batcher = batcher_of(slow, batch_tokens=8)
        many = [Job(text=f"many {number}", client="many") for number in range(40)]
        tasks = await queued(batcher, *many)
        tasks += await queued(batcher, Job(text="few 1", client="few"), Job(text="few 2", client="few"))
        slow.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert max(slow.texts.index("few 1"), slow.texts.index("few 2")) < 12


def test_options_that_differ_take_turns_too():
    slow = Slow(go=threading.Event())

    async def run():
        batcher = batcher_of(slow, batch_tokens=6)
        tasks = await queued(batcher, *(Job(text=f"fr {n}", to="fr", client="one") for n in range(20)))
        tasks += await queued(batcher, Job(text="es", to="es", client="one"))
        slow.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert slow.texts.index("es") < 8


def test_a_poisoned_text_fails_alone():
    slow = Slow(go=threading.Event())

    async def run():
        batcher = batcher_of(slow)
        texts = [f"text {number}" for number in range(9)]
        texts[4] = "POISON"
        tasks = await queued(batcher, *(Job(text=text, client=text) for text in texts))
        slow.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(run())
    assert isinstance(found.pop(4), TranslationError)
    assert [one.text for one in found] == [f"TEXT {number}" for number in range(9) if number != 4]
    assert len(slow.batches[0]) == 9  # all of them were begun together


def test_what_waits_is_bounded_and_a_refusal_is_quick():
    slow = Slow(go=threading.Event())

    async def run():
        batcher = batcher_of(slow, queue_tokens=30)
        tasks = await queued(batcher, Job(text="first"))
        tasks += await queued(batcher, *(Job(text="two words") for _ in range(10)))
        assert (batcher.in_flight, batcher.queued_tokens) == (1, 30)
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(ServiceFailure) as refused:
                await batcher.translate_all([Job(text="too much")] * 3)
        seconds = time.monotonic() - began
        slow.go.set()
        await asyncio.gather(*tasks)
        assert batcher.queued_tokens == batcher.in_flight == 0
        await batcher.translate(Job(text="again"))  # and it has recovered
        return refused.value, seconds / 100

    failure, seconds = asyncio.run(run())
    assert (failure.status, failure.code) == (503, "busy")
    assert failure.retry_after > 0
    assert seconds < 0.05


def test_a_request_larger_than_the_queue_is_translated_where_nothing_waits():
    async def run():
        return await batcher_of(Slow(), queue_tokens=3).translate(Job(text="one two three four five"))

    assert asyncio.run(run()).text == "ONE TWO THREE FOUR FIVE"


@pytest.mark.parametrize("behind", [False, True])
def test_a_deadline_ends_the_wait_and_the_decoding(behind):
    slow = Slow(seconds=0.02)

    async def run():
        batcher = batcher_of(slow)
        if behind:  # it ends in the queue, while another is translated
            await queued(batcher, *(Job(text=f"before {number}") for number in range(20)))
            while not slow.batches:
                await asyncio.sleep(0.005)
        began = time.monotonic()
        with pytest.raises(ServiceFailure) as failed:
            await batcher.translate_all([Job(text=f"late {n}", deadline=began + 0.1) for n in range(200)])
        seconds = time.monotonic() - began
        await batcher.close()
        return failed.value, seconds

    failure, seconds = asyncio.run(run())
    assert (failure.status, failure.code) == (504, "deadline")
    assert seconds < 0.5
    assert sum(text.startswith("late") for text in slow.texts) < 20


def test_who_leaves_is_not_translated_any_further():
    slow = Slow(seconds=0.01)

    async def run():
        batcher = batcher_of(slow, batch_tokens=20)
        task = asyncio.create_task(batcher.translate_all([Job(text=f"{n}") for n in range(300)]))
        others = await queued(batcher, Job(text="other"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await others[0]).text == "OTHER"
        assert batcher.queued_tokens == 0

    asyncio.run(run())
    assert len(slow.texts) < 50


def test_who_leaves_a_stream_stops_it_at_the_next_sentence(exact):
    seen = []

    class Watched:
        tokenizer, info = exact.tokenizer, exact.info

        def stream(self, texts, **options):
            seen.extend(texts)
            return exact.stream(texts, **options)

    async def run():
        batcher = batcher_of(Watched())
        stream = batcher.stream(Job(text="She sleeps. " * 40, to="fr"))
        await anext(stream)
        await stream.aclose()
        assert batcher.queued_tokens == 0
        await batcher.close()

    asyncio.run(run())
    assert len(seen) == 1


def test_closing_answers_what_was_accepted_and_refuses_what_is_new():
    slow = Slow(seconds=0.001)

    async def run():
        batcher = batcher_of(slow, batch_tokens=20)
        tasks = await queued(batcher, *(Job(text=f"text {number}") for number in range(100)))
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        with pytest.raises(ServiceFailure) as refused:
            await batcher.translate(Job(text="new"))
        await closing
        assert all(task.done() for task in tasks)
        return refused.value, await asyncio.gather(*tasks)

    failure, found = asyncio.run(run())
    assert (failure.status, failure.code) == (503, "closing")
    assert len(found) == 100


def test_closing_lets_a_stream_that_was_begun_come_to_its_end(exact):
    text = "She sleeps. The ball is blue. I am a student. Where is the station?"

    async def run():
        batcher = batcher_of(exact)
        stream = batcher.stream(Job(text=text, to="fr"))
        await anext(stream)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        rest = [piece async for piece in stream]
        await closing
        return rest[-1]

    assert asyncio.run(run()).text == exact.translate(text, to="fr").text


def test_a_lone_client_never_waits_for_company_and_several_do():
    slow = Slow()

    async def lone():
        batcher = batcher_of(slow, batch_wait_ms=500.0)
        for _ in range(5):
            await batcher.translate_all([Job(text="one"), Job(text="two")])

    began = time.monotonic()
    asyncio.run(lone())
    assert time.monotonic() - began < 0.4
    slow.batches.clear()

    async def client(batcher, number):
        for _ in range(4):
            await batcher.translate(Job(text=f"text {number}", client=str(number)))

    async def several():
        batcher = batcher_of(slow, batch_wait_ms=20.0)
        await asyncio.gather(*(client(batcher, number) for number in range(16)))

    asyncio.run(several())
    assert [len(batch) for batch in slow.batches] == [16] * 4


def test_what_waits_is_shared_out_among_the_batches_that_an_engine_translates_at_a_time():
    slow = Slow(go=threading.Event())

    async def run():
        batcher = Batcher(slow, ServingSettings(), at_once=2)
        tasks = await queued(batcher, *(Job(text=f"a {n}", client=f"{n}") for n in range(64)))
        sizes = [len(batch) for batch in slow.batches]
        tasks += await queued(batcher, *(Job(text=f"b {n}", client=f"{n}") for n in range(30)))
        assert (len(slow.batches), batcher.in_flight) == (2, 64)  # a third waits for one of them
        slow.go.set()
        await asyncio.gather(*tasks)
        await batcher.close()
        return sizes

    assert asyncio.run(run()) == [32, 32]
    assert sorted(len(batch) for batch in slow.batches[2:])[-1] >= 15


def test_several_batches_at_a_time_are_translated_as_one_by_one(exact):
    texts = [f"I have {number} cats. The ball is blue." for number in range(12)]

    async def together():
        batcher = Batcher(exact, ServingSettings(batch_tokens=60), at_once=3)
        return await asyncio.gather(
            *(batcher.translate(Job(text=text, to="fr", client=text)) for text in texts)
        )

    found = asyncio.run(together())
    assert [one.text for one in found] == [one.text for one in exact.translate(texts, to="fr")]


def test_what_could_not_be_translated_before_its_deadline_is_refused_at_once():
    slow = Slow(seconds=0.005)

    async def run():
        batcher = batcher_of(slow, batch_tokens=10, deadline_seconds=0.5)
        for _ in range(20):  # so that it knows how fast it is: 400 tokens a second
            await batcher.translate_all([Job(text="two words", client=f"{n}") for n in range(5)])
        deadline = time.monotonic() + 0.5
        jobs = [Job(text="two words", client=f"{n}", deadline=deadline) for n in range(400)]
        began = time.monotonic()
        found = await asyncio.gather(*map(batcher.translate, jobs), return_exceptions=True)
        return [getattr(one, "code", "done") for one in found], time.monotonic() - began

    codes, _ = asyncio.run(run())
    assert codes.count("done") > 0
    assert codes.count("busy") > 200
    assert (
        codes.count("deadline") < 100
    )  # of 400, of which nearly all would wait in vain; however busy the machine


def test_a_newcomer_waits_for_half_a_second_of_another_ones_work_at_most():
    """Whatever the size of a batch may be: one of a slow service is cut to what it does in that time."""
    translator = Slow(seconds=0.002)
    many = [Job(text=f"{number} " * 7, to="en", client="many") for number in range(400)]

    async def both():
        batcher = batcher_of(translator, batch_tokens=100_000, queue_tokens=1_000_000)
        heavy = asyncio.create_task(batcher.translate_all(many))
        await asyncio.sleep(0.3)
        await batcher.translate(Job(text="one", to="en", client="few"))
        waited = len(translator.texts)
        await heavy
        return waited

    before = asyncio.run(both())
    assert before < 400, "the one text was answered before the many"
    assert max(map(len, translator.batches)) * 8 <= 4_000 * 0.5 + 8, (
        "8 tokens a text, at most 4,000 tokens a second"
    )
