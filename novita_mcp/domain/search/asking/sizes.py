"""How much memory or disk there must be: of VRAM, unless it is said to be something else."""

from typing import Final

from novita_mcp.domain.search.asking.rules import NOTHING, UPPER, Phrase, rule
from novita_mcp.domain.search.wishes import Wish

GB_PER_TB = 1000
SIZE: Final = r"(?<![\w.])(?P<size>\d{1,4})[\s-]*(?P<unit>g(?:i?b|igs?|igabytes?)?|t(?:i?b|erabytes?))\b"
BARE: Final = r"(?<![\w.])(?P<size>\d{2,3})(?![\w.])"
RAM: Final = r"(?:(?:system|host|cpu|main) (?:ram|memory)|ram)"
DISK: Final = r"(?:(?:root )?disk(?: space)?|ssd|nvme|storage|rootfs|space)"
VRAM: Final = r"(?:(?:gpu|video|graphics) (?:ram|memory)|v-?ram|gddr\w*|hbm\w*)"
MEMORY: Final = rf"(?:{VRAM}|memory)"
LEAST: Final = (
    r"(?:\b(?:at least|min(?:imum)?(?: of)?|from|with)\s*|>=\s*|(?P<beyond>\b(?:over|above|more than)\s*|>\s*))?"
)
OR_MORE: Final = r"(?:\s*\+|\s*(?:or|and) (?:more|up|above|higher|larger|better)\b|\s*(?:plus|minimum|min)\b)?"
EACH: Final = r"(?:\s*(?:per|/|on each)\s*(?:gpu|card)\b|\s*each\b)?"
ALL: Final = r"\s*(?:in )?(?:total|combined|altogether)\b"


def _vram(phrase: Phrase) -> Wish:
    return Wish(min_vram_gb=_gb(phrase))


def _ram(phrase: Phrase) -> Wish:
    return Wish(min_memory_gb=_gb(phrase))


def _disk(phrase: Phrase) -> Wish:
    return Wish(min_disk_gb=_gb(phrase))


def _gb(phrase: Phrase) -> int:
    said = phrase.groupdict()
    gb = int(phrase["size"]) * (GB_PER_TB if (said.get("unit") or "").startswith("t") else 1)
    return gb + 1 if said.get("beyond") else gb


RULES: Final = (
    rule(rf"{SIZE}(?:\s*(?:of )?{MEMORY}\b)?{ALL}", NOTHING),
    rule(rf"{UPPER}{SIZE}(?:\s*(?:of )?(?:{MEMORY}|{RAM}|{DISK})\b)?", NOTHING),
    rule(rf"{LEAST}{SIZE}{OR_MORE}\s*(?:of )?{RAM}\b{EACH}", _ram),
    rule(rf"\b{RAM}\s*[:=]?\s*{LEAST}{SIZE}{OR_MORE}{EACH}", _ram),
    rule(rf"{LEAST}{SIZE}{OR_MORE}\s*(?:of )?{DISK}\b", _disk),
    rule(rf"\b{DISK}\s*[:=]?\s*{LEAST}{SIZE}{OR_MORE}", _disk),
    rule(rf"{LEAST}(?<![\w.])(?P<size>\d{{1,2}})\s*(?P<unit>t)(?:i?b|erabytes?)\b", _disk),
    rule(rf"(?:\b{MEMORY}\s*[:=]?\s*)?{LEAST}{SIZE}{OR_MORE}(?:\s*(?:of )?{MEMORY}\b)?{OR_MORE}{EACH}", _vram),
    rule(rf"\b{VRAM}\s*(?:of|:|=)?\s*{LEAST}{BARE}", _vram),
    rule(rf"{LEAST}{BARE}\s*(?:of )?{VRAM}\b{EACH}", _vram),
)
