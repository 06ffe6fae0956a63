"""A query as a whole: the phrases that are understood, and the words that are left."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from novita_mcp.domain.search.asking import money, sizes, terms
from novita_mcp.domain.search.asking.rules import Phrase, Rule
from novita_mcp.domain.search.wishes import Wish, first_of

IN_ORDER: Final = (*terms.PRODUCT_IDS, *money.RULES, *sizes.RULES, *terms.RULES)
COUNTED: Final = "one two three four five six seven eight"
NUMBERS: Final = {word: str(number) for number, word in enumerate(COUNTED.split(), 1)} | {
    "single": "1x", "dual": "2x", "quad": "4x", "pair of": "2x", "couple of": "2x", "pair": "2x",
}  # fmt: skip
NUMBER_WORD: Final = re.compile(rf"\b(?:an? )?({'|'.join(sorted(NUMBERS, key=len, reverse=True))})\b(?!-)")
SIGNS: Final = str.maketrans({"×": "x", "≥": ">=", "≤": "<=", "–": "-", "—": "-", "¢": " cents ", "\u2019": "'"})
HYPHENS: Final = re.compile(r"\b(rtx|gtx|[abhlv])-(?=\d{1,4}[a-z]{0,2}\b)|\b([bhlv]) (?=\d{1,3}s?\b)")
SUFFIXES: Final = re.compile(r"-(?:based|only|hosted)\b")
SEPARATOR: Final = re.compile(r"\b(?:or|and|vs|versus)\b|[,;/|&+]")
WORD: Final = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
FILLERS: Final = (
    "1 a an the in on at of for with to as by from near within inside located somewhere around about i me my we our us "
    "you need needs needed want wants would like get give show find search rent buy please some any anything "
    "something it its that which what are is be there do does have has having can could should will gpu gpus card "
    "cards graphics graphic nvidia geforce tesla instance instances machine machines server servers vm box cloud "
    "novita product products cheapest cheap cheaper lowest low best good price priced prices pricing cost costs hour "
    "hours hourly per each now fine ok okay region regions location only just model type kind option options list "
    "offer offered vram but if all max"
)
_FILLERS = frozenset(FILLERS.split())


def parse(query: str) -> Wish:
    """The wish that a query states; what is left of it may be names, for the catalogue to judge."""
    reader = _Reader(_plain(query))
    for rule in IN_ORDER:
        reader.take(rule)
    return reader.wish()


class _Reader:
    """A query under reading: what was read leaves a gap."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: list[Wish] = []
        self._unclear: list[str] = []

    def take(self, rule: Rule) -> None:
        """Read all phrases of one kind; what contradicts an earlier one is unclear."""
        self._text = rule.pattern.sub(lambda phrase: self._gap(phrase, rule.meaning(phrase)), self._text)

    def wish(self) -> Wish:
        """Everything that was read, with the words that are left."""
        names = (*(name for wish in self._read for name in wish.names), *_names(self._text))
        places = dict.fromkeys(place for wish in self._read for place in wish.places)
        unclear = (*(words for wish in self._read for words in wish.unclear), *self._unclear)
        return first_of(Wish(names=names, places=tuple(places), unclear=unclear), *self._read)

    def _gap(self, phrase: Phrase, meant: Wish | None) -> str:
        if meant is None or self._contradicts(meant):
            self._unclear.append(phrase[0].strip(" ,;"))
        else:
            self._read.append(meant)
        return " "

    def _contradicts(self, meant: Wish) -> bool:
        stated = first_of(*self._read)
        both = meant.model_fields_set & stated.model_fields_set - {"names", "places", "unclear"}
        return any(getattr(stated, name) != getattr(meant, name) for name in both)


def _plain(query: str) -> str:
    text = unicodedata.normalize("NFKC", query.translate(SIGNS)).casefold()
    counted = NUMBER_WORD.sub(lambda match: NUMBERS[match[1]], text)
    return HYPHENS.sub(r"\1\2", SUFFIXES.sub(" ", counted))


def _names(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each alternative; words without a digit belong to what stands before them."""
    groups: list[tuple[str, ...]] = []
    for part in SEPARATOR.split(text):
        words = tuple(word for word in WORD.findall(part) if word not in _FILLERS)
        if groups and words and not any(char.isdigit() for char in "".join(words)):
            groups[-1] += words
        elif words:
            groups.append(words)
    yield from groups
