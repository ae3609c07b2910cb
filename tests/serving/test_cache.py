"""What the cache takes for the same request, and what it forgets."""

from dataclasses import replace

from clearhead import Terms
from clearhead.serving.cache import TranslationCache, key_of, sum_of
from clearhead.serving.jobs import Job
from clearhead.translator import Translation


def translation(text):
    return Translation(source=text, text=text, to="fr", score=0.0, tokens=())


def key(text="cat", model="sum", **options):
    return key_of(text, sum_of(Job(text=text, **options).options, model))


def test_whatever_may_change_a_translation_changes_its_key():
    plain = {"to": "fr", "source": "en", "beam_size": 4}
    others = [
        key("Cat", **plain),
        key(model="another", **plain),
        key(to="es", source="en", beam_size=4),
        key(to="fr", beam_size=4),
        key(to="fr", source="en"),
        key(to="fr", source="en", beam_size=1),
        key(**plain, num_hypotheses=2),
        key(**plain, num_hypotheses=True),
        key(**plain, align=True),
        key(**plain, word_confidence=True),
        key(**plain, terms=Terms.of(("cat", "minou"))),
        key(**plain, terms=Terms.of(("cat", "matou"))),
    ]
    assert len({key(**plain), *others}) == len(others) + 1
    assert key(**plain, terms=Terms.of(("cat", "minou"))) == others[-2]


def test_who_asks_and_until_when_does_not():
    job = Job(text="cat", to="fr")
    assert sum_of(job.options, "") == sum_of(replace(job, client="other", deadline=1.0).options, "")


def test_the_least_recently_used_is_forgotten_and_hits_are_counted():
    cache = TranslationCache(2)
    cache.put("a", translation("a"))
    cache.put("b", translation("b"))
    assert cache.get("a").text == "a"
    cache.put("c", translation("c"))
    assert [cache.get(name) is None for name in "abc"] == [False, True, False]
    assert (cache.hits, cache.misses, len(cache)) == (3, 1, 2)


def test_its_bytes_are_bounded():
    cache = TranslationCache(1_000, most_bytes=50_000)
    for number in range(100):
        cache.put(str(number), translation("x" * 1_000))
        cache.put(str(number), translation("x" * 1_000))  # which takes the place of the first
    assert 0 < cache.bytes <= 50_000
    assert 3 <= len(cache) <= 10
    cache.put("long", translation("x" * 100_000))
    assert (len(cache), cache.bytes) == (0, 0)


def test_none_are_remembered_where_none_are_to_be():
    cache = TranslationCache(0)
    cache.put("a", translation("a"))
    assert cache.get("a") is None
