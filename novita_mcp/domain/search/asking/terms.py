"""Everything but money and sizes: how to pay, what is in stock, where, and how many."""

from typing import Final

from novita_mcp.domain.models import BillingMode
from novita_mcp.domain.search.asking.rules import NOTHING, Phrase, always, rule
from novita_mcp.domain.search.regions import CODED, SPOKEN, coded, spoken
from novita_mcp.domain.search.wishes import Wish

MOST_GPUS = 8
PRODUCT_ID: Final = r"(?<!\S)[\w-]+\.\d+c\d+g(?:\.\w+)*"
SOLD_OUT: Final = r"\b(?:sold[\s-]out|unavailable|out of stock)\b"
NOT: Final = r"\b(?:no|not|non|hide|without|exclude|excluding|except|avoid|other than|outside(?: of)?)[\s-]+"
ARTICLE: Final = r"(?:in\s+)?(?:(?:an?|the)\s+)?"
SPOT: Final = r"\b(?:spots?|interruptible|pre-?emptible)\b(?: (?:instances?|prices?|pricing|market)\b)?"
ON_DEMAND: Final = r"\b(?:on[\s-]?demand|pay[\s-]as[\s-]you[\s-]go|payg)\b"
AGREED: Final = (
    r"(?:\s*(?:is|are|would be|'s))?(?:\s+also)?\s+"
    r"(?:fine|ok(?:ay)?|good|accept(?:ed|able)|allowed|works?|too|preferred|if (?:possible|available))\b"
)
MODEL: Final = r"(?:(?:nvidia|geforce|rtx|gtx|tesla)\s*)*(?:[a-z]{1,3}\d{1,4}[a-z]{0,3}|\d{4}[a-z]{0,2})\b"
COUNT: Final = r"(?<![\w.$])(?P<count>\d{1,3})"


def _paid(mode: BillingMode, *, optional: bool = False) -> Wish:
    return Wish(billing_mode=mode, spot_optional=True) if optional else Wish(billing_mode=mode)


def _count(phrase: Phrase) -> Wish:
    """A number of GPUs; of more than one instance can have, as many as it can."""
    count = int(phrase["count"])
    if count > MOST_GPUS:
        return Wish(gpu_num=MOST_GPUS, unclear=(f"{count} GPUs (one instance has at most {MOST_GPUS})",))
    return Wish(gpu_num=max(count, 1))


PRODUCT_IDS: Final = (rule(PRODUCT_ID, lambda phrase: Wish(names=((phrase[0],),))),)
"""What must be read before the numbers in it are taken for something else."""
RULES: Final = (
    rule(
        rf"{NOT}(?:the )?{SOLD_OUT}|\b(?:in[\s-]stock|available(?: now)?|availability)\b",
        always(Wish(available_only=True)),
    ),
    rule(
        rf"(?:\b(?:even|also|incl(?:uding|ude)?|with|if|show)\s+)*{SOLD_OUT}(?:\s+(?:ones?|too|also|as well|ok))*",
        always(Wish(available_only=False)),
    ),
    rule(
        rf"{SPOT}{AGREED}|\bprefer(?:ably)? {SPOT}|{SPOT} or {ON_DEMAND}|{ON_DEMAND} or {SPOT}|\bor {SPOT}",
        always(_paid("spot", optional=True)),
    ),
    rule(rf"{NOT}(?:a )?{SPOT}|{ON_DEMAND}", always(_paid("onDemand"))),
    rule(SPOT, always(_paid("spot"))),
    rule(r"\b(?:monthly|subscriptions?|reserved|(?:per|by the) month)\b", always(_paid("monthly"))),
    rule(r"\bfor (?:about )?\d+\s*(?:hours?|hrs?|h|days?|d|weeks?|months?)\b|\bovernight\b", NOTHING),
    rule(rf"{NOT}{ARTICLE}(?:{CODED.pattern}|{SPOKEN.pattern})", NOTHING),
    rule(CODED.pattern, lambda phrase: Wish(places=(coded(phrase[0]),))),
    rule(SPOKEN.pattern, lambda phrase: Wish(places=(spoken(phrase[0]),))),
    rule(rf"{NOT}{ARTICLE}{MODEL}", NOTHING),
    rule(r"\b(?:gpus?|gpu_?num|cards?|count|quantity)\s*[:=]\s*(?P<count>\d{1,3})\b", _count),
    rule(rf"{COUNT}\s*[x*](?=\s|$|[a-z0-9])", _count),
    rule(r"(?:(?<=\s)x\s?|(?<=\d)x)(?P<count>\d{1,2})\b", _count),
    rule(rf"{COUNT}[\s-]*(?:(?:nvidia|identical)\s+)?(?:gpus?|cards?|graphics? cards|of them|units|pcs|way)\b", _count),
    rule(rf"{COUNT}\s+(?={MODEL})", _count),
)
