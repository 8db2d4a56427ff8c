"""What a faulty way did to messages, as readers can find it out."""

from dataclasses import dataclass


@dataclass(kw_only=True, slots=True)
class Effects:
    """What happened to the messages of one node and kind.

    Args:
        generated: messages that set out.
        lost: of those the ones that never came.
        duplicated: copies that came besides.
        reordered: messages that came after a higher number of their topic.
        delayed: messages that came later than sent, and in their turn.
        announced: of those delayed the ones of which a heartbeat had spoken before; a reader takes them for late, too.
        malformed: messages that came and could not be read.
        recovered: messages lost or malformed that came after all, when the publisher sent them again.
        samples_lost: samples in what was lost.
    """

    generated: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    delayed: int = 0
    announced: int = 0
    malformed: int = 0
    recovered: int = 0
    samples_lost: int = 0

    @property
    def missing(self) -> int:
        """Numbers that a reader misses."""
        return self.lost + self.malformed - self.recovered

    @property
    def late(self) -> int:
        """Messages that fill a gap of a reader who takes them one by one."""
        return self.reordered + self.announced
