"""The words that a query leaves, looked up: they name products, places, GPUs that are not on offer, or nothing."""

from collections.abc import Iterable, Mapping

from novita_mcp.domain.base import Record
from novita_mcp.domain.search.market import Market
from novita_mcp.domain.search.naming import bearers, looks_like_a_model, singular
from novita_mcp.domain.search.regions import Place, displayed
from novita_mcp.domain.search.wishes import Wish

Words = tuple[str, ...]
LEFT = frozenset({"names", "places", "unclear"})


class Heard(Record):
    """What one alternative of a query's words turned out to mean."""

    named: Mapping[Words, frozenset[str]] = {}
    places: tuple[Place, ...] = ()
    missing: Words = ()
    unclear: Words = ()


def understood(wish: Wish, market: Market) -> Wish:
    """The wish of a query, with its words looked up; words of which nothing is known at all count as a name."""
    heard = tuple(_hear(words, market) for words in wish.names)
    places = (*wish.places, *(place for one in heard for place in one.places))
    missing = tuple(word for one in heard for word in one.missing)
    unclear = tuple(word for one in heard for word in one.unclear)
    named = {words: ids for one in heard for words, ids in one.named.items()}
    anything = bool(named or places or wish.model_fields_set - LEFT)
    strange = missing if anything else missing + unclear
    return wish.model_copy(
        update={
            "names": tuple(named),
            "product_ids": frozenset[str]().union(*named.values()) if named or strange else None,
            "places": _narrowest(places, market),
            "missing": strange,
            "unclear": (*wish.unclear, *(unclear if anything else ())),
        }
    )


def _hear(spoken: Words, market: Market) -> Heard:
    words = tuple(singular(word, market.products) for word in spoken)
    bearing = {word: ids for word in words if (ids := bearers(word, market.products))}
    strange = tuple(word for word in words if word not in bearing)
    missing = tuple(word for word in strange if looks_like_a_model(word))
    places = {word: place for word in strange if (place := displayed(word, market.everywhere))}
    named_otherwise = bool(missing) and not any(map(looks_like_a_model, bearing))
    return Heard(
        named={} if named_otherwise else _named(bearing),
        places=tuple(places.values()),
        missing=missing,
        unclear=tuple(word for word in strange if word not in missing and word not in places),
    )


def _named(bearing: Mapping[str, frozenset[str]]) -> dict[Words, frozenset[str]]:
    """What bears all the words, or where nothing does, what bears each."""
    if not bearing:
        return {}
    ids = frozenset.intersection(*bearing.values())
    return {tuple(bearing): ids} if ids else {(word,): own for word, own in bearing.items()}


def _narrowest(places: Iterable[Place], market: Market) -> tuple[Place, ...]:
    """The places without those that contain another one of them."""
    regions = {place: market.within(place) for place in places}
    inner = frozenset(own for own in regions.values() if own)
    return tuple(place for place, own in regions.items() if not any(other < own for other in inner))
