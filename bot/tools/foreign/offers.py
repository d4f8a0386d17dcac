"""Which of a server's tools are offered, and in what words. Pure.

A description goes to the model, so it is bounded, and hides nothing; `all_tools.py` says before it whose words it is.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.tables.untrusted import cleaned, one_line
from bot.tools.foreign.schemas import usable_schema
from bot.tools.foreign.servers import ForeignServer, Offer

MAX_DESCRIPTION = 1000
MAX_TITLE = 60
MAX_TOOL = 200
"""Characters of a tool's own name: it is sent back with every call."""


def usable_offers(offers: Sequence[Offer], server: ForeignServer) -> tuple[tuple[Offer, ...], tuple[str, ...]]:
    """Those that can be called, each once, in their order; and of the others what is wrong with them."""
    usable: dict[str, Offer] = {}
    wrong: list[str] = []
    for offer in offers:
        if not server.may_offer(offer.name) or offer.name in usable:
            continue
        schema = usable_schema(offer.parameters)
        if schema is None or not 0 < len(offer.name) <= MAX_TOOL:
            wrong.append(f"{one_line(offer.name, 40)} (its {'name' if schema is not None else 'schema'} can't be used)")
        else:
            usable[offer.name] = replace(_harmless(offer, server), parameters=schema)
    return tuple(usable.values()), tuple(wrong)


def _harmless(offer: Offer, server: ForeignServer) -> Offer:
    return replace(
        offer,
        title=one_line(offer.title or offer.name, MAX_TITLE),
        description=cleaned(server.redacted(offer.description), MAX_DESCRIPTION).strip(),
    )
