"""Places as people name them, and which of Novita's regions lie in them."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from novita_mcp.domain.base import Record
from novita_mcp.domain.models import Cluster


class Place(Record):
    """A place: `codes` are how the codes of its regions begin, `words` stand in their display names."""

    name: str
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Region(Record):
    """Where a product is offered; the id is None where no cluster has that name."""

    name: str
    cluster_id: str | None


_PLACES = {
    "US": ("us", r"u\.?s\.?(?:a\b\.?)?|america|united states(?: of america)?|the states"),
    "California": ("us-ca", r"california|cali|los angeles|san jose|san francisco|bay area|silicon valley"),
    "Dallas": ("us-tx", r"dallas|texas"),
    "Canada": ("na-ca ca", r"canada|toronto|montreal"),
    "North America": ("us na ca", r"north america"),
    "Europe": ("eu", r"e\.?u\.?|europe|european union"),
    "United Kingdom": ("*-gb gb uk", r"u\.?k\.?|united kingdom|great britain|britain|england|london"),
    "Germany": ("*-de de", r"germany|frankfurt|berlin"),
    "France": ("*-fr fr", r"france|paris"),
    "Netherlands": ("*-nl nl", r"netherlands|holland|amsterdam"),
    "Norway": ("*-no", r"norway|oslo"),
    "Sweden": ("*-se se", r"sweden|stockholm"),
    "Finland": ("*-fi fi", r"finland|helsinki"),
    "Iceland": ("*-is", r"iceland|reykjavik"),
    "Asia": ("as ap cn hk sg jp in", r"asia|apac"),
    "Singapore": ("*-sg* sg*", r"singapore|sgp?"),
    "India": ("as-in ap-in in", r"india|mumbai|bangalore|bengaluru|delhi"),
    "Hong Kong": ("*-hk hk *-hongkong", r"hong ?kong|hk"),
    "Japan": ("*-jp* jp*", r"japan|tokyo|osaka"),
    "Korea": ("*-kr kr *-kor", r"(?:south )?korea|seoul"),
    "Taiwan": ("*-tw* tw", r"taiwan|taipei"),
    "China": ("cn *-cn", r"china"),
    "Australia": ("*-au au", r"australia|sydney|melbourne"),
    "Oceania": ("oc", r"oceania"),
    "South Africa": ("*-za za", r"south africa|johannesburg|cape town"),
    "Africa": ("af", r"africa"),
    "Brazil": ("*-br br", r"brazil|sao paulo"),
    "Middle East": ("me", r"middle east|u\.?a\.?e\.?|dubai"),
}
"""Name → how the codes of its regions begin, and what people call it."""
_NAMED = tuple((re.compile(spelling), name, codes) for name, (codes, spelling) in _PLACES.items())
_SPELLINGS = sorted((spelling for _, spelling in _PLACES.values()), key=len, reverse=True)
_CONTINENTS = "us|eu|as|ap|af|oc|cn|na|sa|me"
SPOKEN = re.compile(rf"(?<![\w.-])(?:{'|'.join(_SPELLINGS)})(?![\w-])")
"""A place by its everyday name."""
CODED = re.compile(
    rf"(?<![\w.-])(?:[a-z]{{2}}(?:-[a-z]+)*-\d{{1,2}}|(?:{_CONTINENTS})-(?!demand)[a-z]{{2,10}})(?![\w-])"
)
"""A region's code or a cluster's id, whole or without its number."""
_ZEROS = re.compile(r"-0+(?=\d)")
_DISPLAY = re.compile(r"\(([^)]*)\)")


def spoken(text: str) -> Place:
    """The place that a match of `SPOKEN` names."""
    name, codes = next((name, codes) for spelling, name, codes in _NAMED if spelling.fullmatch(text))
    return Place(name=name, codes=tuple(codes.split()), words=(name.casefold(),))


def coded(text: str) -> Place:
    """The place that a match of `CODED` names; a code without a number is all that begins with it."""
    code = _ZEROS.sub("-", text)
    return Place(name=code, codes=(code,))


def place_of(text: str, clusters: Iterable[Cluster]) -> Place | None:
    """The place that a text as a whole names, in any spelling: id, display name, code or everyday name."""
    wanted = text.strip().casefold()
    for cluster in clusters:
        if wanted in {cluster.cluster_id.casefold(), cluster.name.casefold(), cluster_code(cluster.name)}:
            return Place(name=cluster.cluster_id, codes=(cluster_code(cluster.name), cluster.cluster_id.casefold()))
    if CODED.fullmatch(wanted):
        return coded(wanted)
    return spoken(wanted) if SPOKEN.fullmatch(wanted) else None


def displayed(word: str, regions: Iterable[Region]) -> Place | None:
    """The place that a word of some region's display name means."""
    known = (said for region in regions for said in _display_words(region.name))
    return Place(name=word.title(), words=(word,)) if word in known else None


def cluster_code(name: str) -> str:
    """The code in a display name, its number without leading zeros."""
    return _ZEROS.sub("-", name.split(" ", maxsplit=1)[0].casefold())


def every_region(names: Iterable[str], clusters: Iterable[Cluster]) -> tuple[Region, ...]:
    """Display names, in any vintage of their spelling, with the clusters that go by them."""
    known = tuple(clusters)
    return tuple(Region(name=name, cluster_id=_cluster_id(name, known)) for name in names)


def lies_in(region: Region, place: Place) -> bool:
    """Whether a region lies in a place."""
    by_code = any(fnmatchcase(f"{code}-", f"{start}-*") for code in _codes(region) for start in place.codes)
    return by_code or any(word in region.name.casefold() for word in place.words)


def _cluster_id(name: str, clusters: tuple[Cluster, ...]) -> str | None:
    wanted = {name.casefold(), cluster_code(name)}
    return next(
        (
            cluster.cluster_id
            for cluster in clusters
            if wanted & {cluster.name.casefold(), cluster_code(cluster.name), cluster.cluster_id.casefold()}
        ),
        None,
    )


def _codes(region: Region) -> Iterator[str]:
    yield cluster_code(region.name)
    if region.cluster_id is not None:
        yield region.cluster_id.casefold()


def _display_words(name: str) -> Iterator[str]:
    for part in _DISPLAY.findall(name.casefold()):
        yield from part.split()
