"""Which products a word names, and which names are near to one that nothing has."""

import difflib
import re
from collections.abc import Iterable
from itertools import chain, combinations

from novita_mcp.domain.models import Product

MODEL = re.compile(r"[a-z]{1,3}\d{1,4}[a-z]{0,4}|\d{3,4}(?!b$)[a-z]{0,5}")
"""What the name of a GPU looks like; 70b is none."""
LONGEST_RUN = 5
NEAR = 0.6
MOST_NEAR = 3
_TOKEN = re.compile(r"[^\W_]+")


def looks_like_a_model(word: str) -> bool:
    """Whether a word that no product has is the name of a GPU all the same."""
    return MODEL.fullmatch(word) is not None


def singular(word: str, products: Iterable[Product]) -> str:
    """The word without its plural's s, unless the s belongs to a name, as in L40S."""
    known = {name for product in products for name in names(product)}
    stem = word.removesuffix("s")
    return stem if word not in known and stem in known else word


def bearers(word: str, products: Iterable[Product]) -> frozenset[str]:
    """The ids of the products that a word names: wholly, or else as the start of an id."""
    known = {product.product_id: names(product) for product in products}
    whole = frozenset(key for key, own in known.items() if word in own)
    begun = frozenset(key for key in known if "." in word and key.casefold().startswith(word))
    return whole or begun


def names(product: Product) -> frozenset[str]:
    """Every way to name a product in one word: its id, the words of its name, and those run together."""
    words, parts = _TOKEN.findall(product.name.casefold()), _TOKEN.findall(product.product_id.casefold())
    spans = combinations(range(len(words) + 1), 2)
    runs = ("".join(words[start:end]) for start, end in spans if end - start <= LONGEST_RUN)
    return frozenset(chain((product.product_id.casefold(),), parts, runs))


def near_products(word: str, products: Iterable[Product]) -> tuple[Product, ...]:
    """Products with a name like this, the nearest first."""
    known = tuple(products)
    spellings = {token for product in known for token in _TOKEN.findall(product.name.casefold())}
    near = difflib.get_close_matches(word, sorted(spellings), n=MOST_NEAR, cutoff=NEAR)
    return tuple(product for spelling in near for product in known if spelling in names(product))
