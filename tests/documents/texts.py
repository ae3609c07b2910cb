"""Texts with tags, drawn at random: trees of tags over a text."""

from hypothesis import strategies as st

from clearhead.segments.segment import Marked, Tag

WORDS = st.lists(
    st.sampled_from(["the", "black", "cat", "&", "<", "drank", "é", "牛奶", "milk."]), min_size=1, max_size=9
)


@st.composite
def marked(draw, words=WORDS):
    """Draw a text and tags that nest."""
    text = " ".join(draw(words))
    tags = []
    free = [(None, 0, len(text))]  # where the next tag may stand: behind the tags before it
    for _ in range(draw(st.integers(0, 5))):
        parent, low, high = free[-1]
        start = draw(st.integers(low, high))
        end = draw(st.integers(start, high))
        number = len(tags)
        tags.append(Tag(start=start, end=end, parent=parent))
        free[-1] = (parent, end, high)
        free.append((number, start, end))
        for _ in range(draw(st.integers(0, len(free) - 1))):
            free.pop()
    return Marked(text=text, tags=tuple(tags))
