"""Lines of Markdown cut into pieces: emphasis, links, code and text, each with its place in the source.

markdown-it's rules decide what is markup; each is asked where it began and ended, which its tokens do not tell.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from re import compile as pattern

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from clearhead.segments.segment import Marked, Segment
from clearhead.segments.template import Slot, Template
from clearhead.webpages import html_elements as elements
from clearhead.webpages.html_tokens import tokens
from clearhead.webpages.pieces import Kind, Piece

_SPAN = "span"
_LABEL = "label"
_FOOTNOTE = pattern(r"\[\^[^\[\]\s]{1,100}\]:?")
_DEFINITION = pattern(r"\[[^\[\]\n]{1,1000}\]:")
_PLAIN_LABEL = pattern(r"[^\[\]\\`*_<>&\n|~]+")
Rule = Callable[[StateInline, bool], bool]


@cache
def parser() -> MarkdownIt:
    """Return a parser of CommonMark with tables, strikethrough and footnotes, whose inline tokens know their places."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.disable(["fragments_join", "text_join"])
    inline, block = markdown.inline.ruler, markdown.block.ruler
    inline.before("link", "footnote", _footnote)
    for name, rule in zip(inline.get_active_rules(), inline.getRules(""), strict=True):
        inline.at(name, _located(name, rule))
    block.before("reference", "footnote_text", _footnote_text, {"alt": []})
    return markdown


def _footnote_text(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take the text of a footnote, up to a blank line or the next definition."""

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    if state.is_code_block(start) or not _DEFINITION.match(line(start)) or not line(start).startswith("[^"):
        return False
    if silent:
        return True
    after = start + 1
    while after < end and not state.isEmpty(after) and not _DEFINITION.match(line(after)):
        after += 1
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, after, state.blkIndent, False).strip()
    token.map, token.children = [start, after], []
    state.line = after
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    """Take the mark of a footnote, or the mark that its text begins with."""
    mark = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if not mark:
        return False
    end = mark.end() - (mark[0].endswith(":") and state.pos > 0)
    if not silent:
        state.push("footnote", "", 0)
    state.pos = end
    return True


def _located(name: str, rule: Rule) -> Rule:
    """Return a rule that notes in its tokens where they stand."""

    def wrapped(state: StateInline, silent: bool) -> bool:
        start, count, pending = state.pos, len(state.tokens), bool(state.pending)
        if not rule(state, silent):
            return False
        added = state.tokens[count:]
        if silent or not added:
            return True
        if name == "link":
            _locate_link(state, added[int(pending)], added[-1], start)
        elif name in ("emphasis", "strikethrough"):
            for token in added[int(pending) :]:
                token.meta[_SPAN] = (start, start + len(token.content))
                start += len(token.content)
        elif name == "autolink":
            added[-3].meta[_SPAN] = (start, state.pos)
            added[-2].meta[_SPAN] = added[-1].meta[_SPAN] = (state.pos, state.pos)
        else:
            added[-1].meta[_SPAN] = (start, state.pos)
            if name == "image":
                added[-1].meta[_LABEL] = state.md.helpers.parseLinkLabel(state, start + 1, False)
        return True

    return wrapped


def _locate_link(state: StateInline, opened: Token, closed: Token, start: int) -> None:
    label = state.md.helpers.parseLinkLabel(state, start, True)
    opened.meta[_SPAN] = (start, start + 1)
    closed.meta[_SPAN] = (label, state.pos)


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """The text of a picture."""

    segment: Segment
    source: str
    escape: Callable[[str], str]

    @property
    def original(self) -> Template:
        """Return the text as it was."""
        return (self.source,)

    def written(self, translation: Marked, fill: Callable[[Template], str]) -> str:
        """Return a translation as the text of a picture."""
        return self.escape(translation.text)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Where the text of a block stands."""

    source: str
    start: int
    end: int
    place: Callable[[int], int]
    """Gives the place in the source of one in the text that the parser saw."""
    said: Callable[[int], str]
    """Names a place of the source for people."""
    escape: Callable[[str], str]
    add: Callable[[Slot], int]
    """Takes a slot and gives its number."""


def pieces(content: Sequence[Token], block: Block) -> list[Piece]:
    """Return the pieces of a block's text."""
    line: list[Piece] = []
    cursor, opened = block.start, []
    for token, (begin, finish) in _spans(content):
        first, last = block.place(begin), block.place(finish)
        kind = _kind(token)
        if kind == "break":
            while first > cursor and block.source[first - 1] in " \t":
                first -= 1
        if cursor < first:
            line.append(_text(block.source[cursor:first], cursor))
        raw = block.source[first:last]
        if token.type == "link_open":
            opened.append(last)
        if kind == "text":
            line.append(Piece("text", (raw,), first, text=_read(token, raw)))
        elif token.type == "image" and raw:
            line.append(Piece("object", _picture(token, first, last, block), first))
        elif token.type == "link_close" and opened:
            key = block.source[opened.pop() : first]
            line.append(Piece("close", (raw,), first, name="link", changed=_target(raw, key)))
        elif raw:
            line.append(Piece(kind, (raw,), first, name=_name(token, raw)))
        cursor = max(cursor, last)
    if cursor < block.end:
        line.append(_text(block.source[cursor : block.end], cursor))
    return list(_whole(line))


def _target(source: str, key: str) -> Template | None:
    """Return the end of a link whose text was also the name of its target, for another text."""
    return (f"][{' '.join(key.split())}]",) if source in ("]", "][]") else None


def _picture(token: Token, first: int, last: int, block: Block) -> Template:
    """Return a picture, with a slot for its text where that is not the name of its target."""
    start, end = first + 2, block.place(token.meta[_LABEL])
    text = block.source[start:end]
    following = block.source[end + 1 : end + 3]
    is_named = following[:1] == "(" or (following[:1] == "[" and following != "[]")
    if not is_named or not _PLAIN_LABEL.fullmatch(text) or not any(map(str.isalpha, text)):
        return (block.source[first:last],)
    segment = Segment(text=text.strip(), place=block.said(start))
    number = block.add(Alternative(segment=segment, source=text, escape=block.escape))
    return block.source[first:start], number, block.source[end:last]


def _whole(line: Sequence[Piece]) -> Iterator[Piece]:
    """Yield pieces, with elements of HTML that stay as they are each as one."""
    number = 0
    while number < len(line):
        piece, end = line[number], number
        if piece.kind == "open" and piece.name[1:-1] in elements.UNTOUCHED:
            ends = (
                at
                for at in range(number, len(line))
                if line[at].name == piece.name and line[at].kind == "close"
            )
            end = next(ends, number)
        if end > number:
            template = tuple(part for inner in line[number : end + 1] for part in inner.template)
            yield Piece("object", template, piece.place)
        else:
            yield piece
        number = end + 1


def _text(source: str, place: int) -> Piece:
    return Piece("text", (source,), place, text=source)


def _spans(content: Sequence[Token]) -> Iterator[tuple[Token, tuple[int, int]]]:
    """Yield tokens that have a place; the second character of `**` is in the token of the first."""
    located = [(token, token.meta[_SPAN]) for token in content if _SPAN in token.meta]
    for number, (token, (first, last)) in enumerate(located):
        before = located[number - 1] if number else None
        after = located[number + 1] if number + 1 < len(located) else None
        if _is_second(token):
            continue
        if token.nesting == 1 and before and _is_second(before[0]) and before[1][1] == first:
            first = before[1][0]
        if token.nesting == -1 and after and _is_second(after[0]) and after[1][0] == last:
            last = after[1][1]
        yield token, (first, last)


def _is_second(token: Token) -> bool:
    return token.type == "text" and not token.content and token.meta[_SPAN][0] < token.meta[_SPAN][1]


def _kind(token: Token) -> Kind:
    """Return what a token is in a line of text."""
    if token.type == "html_inline":
        return _kind_of_tag(token.content)
    if token.type == "link_open" and token.markup == "autolink":
        return "object"
    if token.type == "hardbreak":
        return "break"
    if token.type in ("text", "softbreak") or token.type == "text_special":
        return "text"
    if token.nesting:
        return "open" if token.nesting > 0 else "close"
    return "object"


def _kind_of_tag(source: str) -> Kind:
    tag = next(tokens(source))
    if tag.kind == "end":
        return "close"
    if tag.kind != "start" or tag.name in elements.UNSEEN:
        return "unseen"
    if tag.name == "br":
        return "break"
    return "object" if tag.closed or tag.name in elements.VOID else "open"


def _name(token: Token, source: str) -> str:
    """Return by what name an opening and a closing piece belong together."""
    if token.type == "html_inline":
        return f"<{next(tokens(source)).name}>"
    return "link" if token.type.startswith("link") else token.markup


def _read(token: Token, source: str) -> str:
    """Return what a reader reads for some characters."""
    if token.type == "softbreak":
        return " "
    if token.type == "text_special":
        return unescape(source) if source.startswith("&") else source[1:]
    return source
