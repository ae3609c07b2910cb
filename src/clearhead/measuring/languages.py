"""The direction that a model is measured in, as far as anybody said."""

from clearhead.corpora.sides import Languages
from clearhead.errors import TranslationError
from clearhead.translator import Translator


def languages_of(translator: Translator, to: str | None, source: str | None = None) -> Languages:
    """Return the languages of a request; where one is not given, the only one that the model has.

    Raises TranslationError for a language that the model lacks, and where it has several targets and none is given:
    measured against its default target, translations into another language would score next to nothing.
    """
    if to is None and len(translator.targets) > 1:
        raise TranslationError(
            f"this model translates to {', '.join(translator.targets)}; say which language the given translations are "
            "in with to=..."
        )
    if source is not None and translator.sources and source not in translator.sources:
        raise TranslationError(
            f"this model does not translate from {source!r}; it translates from {', '.join(translator.sources)}"
        )
    if source is None and len(translator.sources) == 1:
        (source,) = translator.sources
    target = to or translator.target(to) or (translator.targets[0] if len(translator.targets) == 1 else "")
    return Languages(source or "", target, translator.reads_features)
