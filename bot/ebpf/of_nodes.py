"""A source of many nodes can leave out some of them, so that they are not even asked."""

from typing import Protocol, runtime_checkable

from bot.domain.ports import EbpfSource
from bot.ebpf.scopes import Texts


@runtime_checkable
class OfNodes(Protocol):
    def only(self, nodes: Texts) -> EbpfSource:
        """The same source with no other nodes than these, as far as it knows their names."""
        ...


def only(source: EbpfSource, nodes: Texts) -> EbpfSource:
    """The source itself where it is of one machine."""
    return source.only(nodes) if isinstance(source, OfNodes) else source
