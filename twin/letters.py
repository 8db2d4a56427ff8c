"""Dead letters: deliveries that were refused, counted by reason, the newest kept for people."""

from collections import Counter, deque

from plant.messages import Delivery
from twin.values import DeadLetter

KEPT = 500
SHOWN = 200  # bytes of a payload that are kept
REASONS = 64  # different reasons that are told apart


class DeadLetters:
    """Refused deliveries, in bounded memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: deque[DeadLetter] = deque(maxlen=KEPT)

    def add(self, delivery: Delivery, reason: str, detail: str, at: int) -> None:
        """Put a delivery away; `at` is wall time in microseconds."""
        self.counts[reason if reason in self.counts or len(self.counts) < REASONS else "other"] += 1
        self._kept.append(
            DeadLetter(
                at=at,
                topic=delivery.topic[:SHOWN],
                reason=reason,
                detail=detail[:SHOWN],
                payload=delivery.payload[:SHOWN].decode("utf-8", "backslashreplace"),
            )
        )

    def newest(self) -> list[DeadLetter]:
        """Those kept, newest last."""
        return list(self._kept)
