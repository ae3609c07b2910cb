"""What the elements and attributes of a page are to a translator (WHATWG HTML, §4 and §15.3 "Rendering")."""

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKS = _names(
    """address article aside audio blockquote body button canvas caption center col colgroup dd details
    dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
    head header hgroup hr html iframe input label legend li link listing main map menu meta nav noembed
    noframes noscript object ol optgroup option p param plaintext pre search section select source
    summary table tbody td template textarea tfoot th thead title tr track ul video xmp"""
)
"""Text on both sides of their tags is no one sentence. The controls of a form are among them: each has its own text."""

VOID = _names("area base br col embed frame hr img input keygen link meta param source track wbr")
"""They have no content, and no end tag."""

UNTOUCHED = _names(
    """code kbd samp var tt script style pre textarea svg math listing xmp plaintext iframe noembed
    noframes object"""
)
"""Their content stays as it is."""

UNSEEN = _names("script style link meta template param source track wbr base")
"""They take no room in a line, so that a word before them and one after them are not parted."""

NOT_TRANSLATED = frozenset({"notranslate"})
"""Classes that say what `translate="no"` says."""

CLOSES_P = _names(
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section table ul
    listing xmp plaintext"""
)
"""Start tags before which a paragraph that is still open ends."""

CLOSES: Mapping[str, frozenset[str]] = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "tr": frozenset({"tr"}),
    "option": frozenset({"option"}),
    **dict.fromkeys(CLOSES_P, frozenset({"p"})),
}
"""Start tags, and the open elements that end before them."""

SCOPES = _names("ul ol dl table select button object template html body menu")
"""Elements out of which no such end reaches."""

TEXTS = frozenset({"alt", "title", "placeholder", "aria-label", "aria-description", "aria-placeholder"})
"""Attributes that people read, of any element."""

TEXTS_OF: Mapping[str, frozenset[str]] = {
    "option": frozenset({"label"}),
    "optgroup": frozenset({"label"}),
    "track": frozenset({"label"}),
    "table": frozenset({"summary"}),
}
"""Attributes that people read, of some elements."""

BUTTONS = frozenset({"submit", "button", "reset"})
"""Types of `input` whose value people read."""

META_TEXTS = _names(
    "description og:title og:description og:image:alt twitter:title twitter:description twitter:image:alt"
)
"""Names of `meta` whose content people read."""
