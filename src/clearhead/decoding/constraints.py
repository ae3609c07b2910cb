"""What an output may be held to: bans, lengths, no repetition, symbols, whole characters, a forced prefix.

All of them set what is not allowed to -inf and leave the rest as it was: nothing is renormalised, so scores stay the
model's. `rules` says in which order they act.
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from clearhead.decoding.limits import check_limits
from clearhead.decoding.repetition import COPIES, LONGEST_BLOCK, SINGLE_COPIES
from clearhead.errors import ConfigError, TranslationError

LogProbs = Float[Tensor, "rows vocab"]
"""Log-probabilities of the next token of each row: the search's own copy, which a filter may write into."""
Produced = Int[Tensor, "rows produced"]
"""The ids that each row has so far, without BOS."""
Sentences = Int[Tensor, " rows"]
"""The index in the batch of each row's sentence."""

Filter = Callable[[LogProbs, Produced, Sentences], LogProbs]
"""Sets to -inf what is not allowed."""

LOWEST = torch.finfo(torch.float32).min
"""Stands for log 0 where a token is taken that the model rules out: -inf would mean "not allowed"."""


class Ban:
    """Never produce these ids."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = sorted(set(ids))
        if self.ids and self.ids[0] < 0:
            raise ConfigError(f"cannot ban the id {self.ids[0]}; ids start at 0")
        self._index = torch.tensor(self.ids, dtype=torch.long)

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Set the banned ids to -inf in every row."""
        if not self.ids:
            return log_probs
        if self.ids[-1] >= log_probs.shape[1]:
            raise ConfigError(
                f"cannot ban the id {self.ids[-1]}; the vocabulary has {log_probs.shape[1]} ids"
            )
        self._index = self._index.to(log_probs.device)  # copied to the device once, not at every step
        return log_probs.index_fill_(1, self._index, -math.inf)


class BanSequences:
    """Never produce these ids one after the other; raises ConfigError for a sequence of none."""

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        self.sequences = [tuple(sequence) for sequence in sequences]
        if not all(self.sequences):
            raise ConfigError("cannot ban a sequence of no ids; leave it out")

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Set the last id of a sequence to -inf in rows that end with all the others."""
        for *before, last in self.sequences:
            if len(before) > tokens.shape[1]:
                continue
            end = tokens[:, tokens.shape[1] - len(before) :]
            stands = (end == end.new_tensor(before)).all(dim=1)
            log_probs[stands, last] = -math.inf
        return log_probs


class Length:
    """End no hypothesis before its sentence's minimum, and every one at its maximum (in tokens, without EOS).

    One number a sentence, in the order of the batch. Raises ConfigError for a negative length, or a minimum
    above the maximum.
    """

    def __init__(self, eos: int, max_lengths: Sequence[int], min_lengths: Sequence[int] = ()) -> None:
        min_lengths = min_lengths or [0] * len(max_lengths)
        if len(min_lengths) != len(max_lengths):
            raise ConfigError(
                f"there are {len(min_lengths)} minimum and {len(max_lengths)} maximum lengths; "
                "give one of each for every sentence"
            )
        check_limits(min_lengths, max_lengths)
        self.eos = eos
        self.most = list(max_lengths)
        self._least, self._most = max(min_lengths, default=0), min(max_lengths, default=0)
        self._min, self._max = torch.tensor(min_lengths), torch.tensor(max_lengths)

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.most)

    def left(self, tokens: Produced, sentences: Sentences) -> Int[Tensor, " rows"]:
        """Return how many tokens each row may still grow."""
        self._max = self._max.to(sentences.device)
        return self._max[sentences] - tokens.shape[1]

    def at_limit(self, tokens: Produced, sentences: Sentences) -> Bool[Tensor, " rows"] | None:
        """Say which rows may not grow any more; None: no row of any sentence is that long."""
        if tokens.shape[1] < self._most:
            return None
        return self.left(tokens, sentences) <= 0

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Ban EOS in rows that are too short, and all but EOS in rows at their maximum."""
        if tokens.shape[1] < self._least:
            self._min = self._min.to(sentences.device)
            log_probs[:, self.eos].masked_fill_(self._min[sentences] > tokens.shape[1], -math.inf)
        limit = self.at_limit(tokens, sentences)
        if limit is not None:
            ends = log_probs[:, self.eos].clone()
            log_probs.masked_fill_(limit[:, None], -math.inf)
            log_probs[:, self.eos] = ends
        return log_probs


class NoRepeatNgram:
    """Produce no n-gram twice in one hypothesis (Paulus et al. 2017, §2.5). Raises ConfigError for n < 1."""

    def __init__(self, n: int) -> None:
        if n < 1:
            raise ConfigError(f"no_repeat_ngram must be at least 1, got {n}")
        self.n = n

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Ban the ids that would complete an n-gram which the row already has."""
        if tokens.shape[1] < self.n:
            return log_probs
        ngrams = tokens.unfold(1, self.n, 1)  # [rows, places, n]
        beginning = tokens[:, tokens.shape[1] - self.n + 1 :]
        rows, places = (ngrams[:, :, :-1] == beginning[:, None]).all(dim=2).nonzero(as_tuple=True)
        log_probs[rows, ngrams[rows, places, -1]] = -math.inf
        return log_probs


class RepetitionGuard:
    """Break endless loops: refuse to repeat a block of tokens over and over without a gap.

    The token that would complete the `copies`-th copy in a row of a block of 2 to `longest_block` tokens is
    banned, and so is the `single_copies`-th equal token in a row. The defaults let ordinary text pass: of
    908,000 lines of Multi30k and Tatoeba (de, en, es, fr), read as words or as characters, none has that many
    copies; three of a block ("15.000.000.000") and five of a character do occur, and a million has six
    zeros. `excused` are the sentences of the batch that may repeat themselves, because their source does. Unlike
    other filters it reports: hypotheses that it steered carry `repetition=True`. Raises ConfigError for fewer than
    2 copies.
    """

    def __init__(
        self,
        longest_block: int = LONGEST_BLOCK,
        copies: int = COPIES,
        single_copies: int = SINGLE_COPIES,
        *,
        excused: Sequence[bool] = (),
    ) -> None:
        if longest_block < 1 or copies < 2 or single_copies < 2:
            raise ConfigError(
                "the repetition guard needs blocks of at least 1 token and at least 2 copies, got blocks of "
                f"{longest_block}, {copies} copies and {single_copies} copies of one token"
            )
        self.longest_block = longest_block
        self._excused = torch.tensor(excused, dtype=torch.bool) if any(excused) else None
        # With the r-th copy of a block of b complete, the last (r - 1) b tokens equal those b places before;
        # the token to come is the last of them, which leaves that many places to compare, counted backwards.
        compared = [
            (single_copies - 1) - 1,
            *((copies - 1) * block - 1 for block in range(2, longest_block + 1)),
        ]
        self._back = torch.arange(1, max(compared) + 1)
        self._blocks = torch.arange(1, longest_block + 1)
        self._compared = torch.tensor(compared)
        self._shortest = min(block + places for block, places in enumerate(compared, start=1))

    def banned(self, tokens: Produced) -> Int[Tensor, "rows blocks"] | None:
        """Return the ids that each row may not take, one a block length, -1 for none; None: nowhere any."""
        length = tokens.shape[1]
        if length < self._shortest:
            return None
        if self._back.device != tokens.device:
            self._back, self._blocks = self._back.to(tokens.device), self._blocks.to(tokens.device)
            self._compared = self._compared.to(tokens.device)
        fits = self._blocks + self._compared <= length
        place = length - self._back  # [places]
        earlier = (place - self._blocks[:, None]).clamp(min=0)  # [blocks, places]
        same = tokens[:, place.clamp(min=0)][:, None] == tokens[:, earlier]
        loops = (same | (self._back > self._compared[:, None])).all(dim=2) & fits
        if not loops.any():
            return None
        return torch.where(loops, tokens[:, (length - self._blocks).clamp(min=0)], -1)

    def filter(
        self, log_probs: LogProbs, tokens: Produced, sentences: Sentences
    ) -> tuple[LogProbs, Float[Tensor, " rows"] | None]:
        """Ban the ids that would complete one copy too many.

        Returns too the best log-probability banned in each row (-inf: none), or None where nothing was banned at all.
        """
        banned = self.banned(tokens)
        if banned is None:
            return log_probs, None
        if self._excused is not None:
            self._excused = self._excused.to(sentences.device)
            banned = banned.masked_fill(self._excused[sentences, None], -1)
        rows, blocks = (banned >= 0).nonzero(as_tuple=True)
        ids = banned[rows, blocks]
        blocked = torch.full(banned.shape, -math.inf, dtype=log_probs.dtype, device=log_probs.device)
        blocked[rows, blocks] = log_probs[rows, ids]
        log_probs[rows, ids] = -math.inf
        return log_probs, blocked.amax(dim=1)


class CarriedSymbols:
    """Produce each symbol as often as the source has it, and end no hypothesis before it has all of them.

    One list of source ids a sentence, in the order of the batch. Where a row would end, or has hardly a place left
    below its maximum length, and symbols are missing, it takes one of them: kept from ending and no more, a model
    that is done goes on without an end. Acts after `WholeCharacters`. `length` is that of the same search.
    """

    _KEPT = 3
    """Places kept free besides those of the symbols: a character that was begun takes as many to complete."""

    def __init__(self, symbols: Sequence[int], srcs: Sequence[Sequence[int]], length: Length) -> None:
        self.length = length
        self._symbols = torch.tensor(sorted(symbols), dtype=torch.long)
        place = {symbol: number for number, symbol in enumerate(sorted(symbols))}
        self._wanted = torch.zeros(len(srcs), len(place), dtype=torch.long)
        for number, src in enumerate(srcs):
            for token in src:
                if token in place:
                    self._wanted[number, place[token]] += 1
        self._any = bool(self._wanted.any())
        self._place_of = torch.full((max(place, default=-1) + 2,), len(place))
        """Column of each id in `_wanted`; for all other ids, one more column."""
        self._place_of[self._symbols] = torch.arange(len(place))

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Ban symbols that would be one too many, and EOS where one is missing."""
        self._symbols = self._symbols.to(log_probs.device)
        if not self._any:
            return log_probs.index_fill_(1, self._symbols, -math.inf)
        missing = self._missing(tokens, sentences)
        allowed = log_probs[:, self._symbols].masked_fill(missing == 0, -math.inf)
        count = missing.sum(dim=1)
        short = count.nonzero().squeeze(1)  # only of these rows the whole vocabulary is looked at
        done = log_probs[short].argmax(dim=1) == self.length.eos
        done |= (self.length.left(tokens, sentences) - self._KEPT <= count)[short]
        log_probs[short, self.length.eos] = -math.inf
        log_probs[short[done & (allowed[short] > -math.inf).any(dim=1)]] = -math.inf
        log_probs[:, self._symbols] = allowed
        return log_probs

    def _missing(self, tokens: Produced, sentences: Sentences) -> Int[Tensor, "rows symbols"]:
        """Return how many of each symbol a row still lacks."""
        self._wanted = self._wanted.to(tokens.device)
        self._place_of = self._place_of.to(tokens.device)
        wanted = self._wanted[sentences]
        places = self._place_of[tokens.clamp(max=len(self._place_of) - 1)]
        counts = wanted.new_zeros(len(wanted), wanted.shape[1] + 1)
        counts.scatter_add_(1, places, torch.ones_like(places))
        return (wanted - counts[:, :-1]).clamp(min=0)


class WholeCharacters:
    """Spell characters whole: after the first byte of a UTF-8 sequence only those that go on with it.

    `byte_ids` are the ids of the bytes 0 to 255 (Unicode Standard, table 3-7, well-formed byte sequences). Where
    the maximum length ends a row, a character may be left without its last bytes.
    """

    def __init__(self, byte_ids: Sequence[int], eos: int) -> None:
        self.byte_ids, self.eos = list(byte_ids), eos
        self._byte_of = {token: byte for byte, token in enumerate(byte_ids)}
        starts = {*range(0x80), *range(0xC2, 0xF5)}
        self._no_start = torch.tensor([byte_ids[byte] for byte in range(256) if byte not in starts])
        self._bytes = torch.tensor(sorted(byte_ids))

    def __call__(self, log_probs: LogProbs, tokens: Produced, sentences: Sentences) -> LogProbs:
        """Ban bytes that begin nothing, and all but the next bytes where a character is not complete."""
        if self._no_start.device != log_probs.device:
            self._no_start, self._bytes = (
                self._no_start.to(log_probs.device),
                self._bytes.to(log_probs.device),
            )
        recent = tokens[:, -3:]
        inside = {}
        if recent.shape[1] and bool(torch.isin(recent, self._bytes).any()):
            for row, ids in enumerate(recent.tolist()):
                following = utf8_continuation([self._byte_of.get(token, 0) for token in ids])
                if following is not None:
                    allowed = [self.byte_ids[byte] for byte in following]
                    inside[row] = (allowed, log_probs[row, allowed])
        log_probs.index_fill_(1, self._no_start, -math.inf)
        for row, (allowed, values) in inside.items():
            log_probs[row] = -math.inf
            log_probs[row, allowed] = values
        return log_probs


def utf8_continuation(last: Sequence[int]) -> range | None:
    """Return which bytes may follow the last (at most three) of a text, where a character is not complete.

    None where it is, and where the last bytes are part of no character.
    """
    for back in range(1, len(last) + 1):
        byte = last[-back]
        if 0x80 <= byte < 0xC0:
            continue
        length = 1 + (byte >= 0xC2) + (byte >= 0xE0) + (byte >= 0xF0)
        if not 0xC2 <= byte < 0xF5 or back >= length:
            return None
        second = _SECOND.get(byte, range(0x80, 0xC0))
        if back == 1:
            return second
        return range(0x80, 0xC0) if last[1 - back] in second else None
    return None


_SECOND = {0xE0: range(0xA0, 0xC0), 0xED: range(0x80, 0xA0), 0xF0: range(0x90, 0xC0), 0xF4: range(0x80, 0x90)}
"""Second bytes of a character behind those first ones that not all may follow."""


class ForcedPrefix:
    """Begin each sentence's output with given ids, whatever the model and the other filters say.

    One list a sentence, in the order of the batch; an empty list forces nothing.
    """

    def __init__(self, prefixes: Sequence[Sequence[int]]) -> None:
        self.lengths = [len(prefix) for prefix in prefixes]
        self.longest = max(self.lengths, default=0)
        self.ids = {id_ for prefix in prefixes for id_ in prefix}
        if self.ids and min(self.ids) < 0:
            raise TranslationError(f"a forced prefix has the id {min(self.ids)}; ids start at 0")
        self._table = torch.tensor([[*prefix, *[-1] * (self.longest - len(prefix))] for prefix in prefixes])

    def forced(self, tokens: Produced, sentences: Sentences) -> Int[Tensor, " rows"] | None:
        """Return the id that each row must take, -1 where it is free; None: all prefixes are over."""
        if tokens.shape[1] >= self.longest:
            return None
        self._table = self._table.to(sentences.device)
        return self._table[sentences, tokens.shape[1]]

    def force(self, filtered: LogProbs, raw: LogProbs, forced: Int[Tensor, " rows"]) -> LogProbs:
        """Allow nothing but the forced ids, with their log-probabilities from before any filter, `raw`."""
        if max(self.ids) >= filtered.shape[1]:
            raise TranslationError(
                f"a forced prefix has the id {max(self.ids)}; the vocabulary has {filtered.shape[1]} ids"
            )
        rows = (forced >= 0).nonzero().squeeze(1)
        ids = forced[rows]
        log_prob = raw[rows, ids].clamp(min=LOWEST)
        filtered[rows] = -math.inf
        filtered[rows, ids] = log_prob
        return filtered
