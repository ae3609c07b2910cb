"""The languages that a model translates from and to, and which of them a request means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from clearhead.errors import TranslationError
from clearhead.model_directory import ModelInfo
from clearhead.storage import untrusted
from clearhead.text.language_codes import find
from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.translation import Translation


@dataclass(frozen=True, kw_only=True)
class Languages:
    """What a model is known to translate from and to."""

    sources: tuple[str, ...]
    """Empty where it was not told."""
    targets: tuple[str, ...]
    """Empty where it was not told."""
    tags: tuple[str, ...]
    """Targets that the first id of a source names; empty where there is one only."""
    default: str | None

    @classmethod
    def of(cls, tokenizer: Tokenizer, info: ModelInfo) -> Self:
        """Return those of a model."""
        return cls(
            sources=info.source_langs,
            targets=tokenizer.languages or info.target_langs,
            tags=tokenizer.languages,
            default=info.default_target,
        )

    def tag(self, to: str | None) -> str | None:
        """Return the language tag for a request; raise TranslationError for one the model lacks."""
        if to is not None and (not isinstance(to, str) or self.targets):
            known = find(to, self.targets) if isinstance(to, str) else None
            if known is None:
                raise TranslationError(
                    f"this model does not translate to {untrusted.shown(to)}; it translates to "
                    f"{', '.join(self.targets)}"
                )
            to = known
        if not self.tags:
            return None
        to = to or (self.default and find(self.default, self.targets)) or None
        if to is None and len(self.tags) > 1:
            raise TranslationError(
                f"this model translates to {', '.join(self.targets)}; say which with to=..."
            )
        return to or self.tags[0]

    def named(self, tag: str | None) -> str | None:
        """Return the target language of a request, as far as the model was told."""
        return tag or (self.targets[0] if self.targets else None)

    def source(self, source: str | None) -> str | None:
        """Return the language of texts, where it is known; raise TranslationError for one the model lacks."""
        if source is not None and self.sources:
            known = find(source, self.sources)
            if known is None:
                raise TranslationError(
                    f"this model does not translate from {untrusted.shown(source)}; it translates from "
                    f"{', '.join(self.sources)}"
                )
            source = known
        if len(self.sources) == 1:
            (source,) = self.sources
        return source

    def rules(self, source: str | None) -> Sequence[str]:
        """Return the languages by whose rules sentences end."""
        return (source,) if source else self.sources or ("en",)

    def with_target_told(self, translation: Translation, to: str | None) -> Translation:
        """Say which target was taken, where a request left the choice and the text came back as it was."""
        chosen = to is not None or len(self.targets) < 2
        unchanged = translation.text == translation.source and any(map(str.isalpha, translation.text))
        if chosen or not unchanged:
            return translation
        others = ", ".join(code for code in self.targets if code != translation.to)
        note = (
            f"came back unchanged, since the target language was {translation.to}, the model's default; choose another "
            f"with to=... ({others})"
        )
        return replace(translation, notes=(*translation.notes, note))
