"""Glossaries: terms read from files, found in a text, and looked for in its translation.

`term` is an entry, `glossary` reads TSV, TOML and TBX, `finding` finds terms in a text, `held` says what that means for
a translation.
"""

from clearhead.terms.glossary import Terms
from clearhead.terms.term import Term

__all__ = ["Term", "Terms"]
