"""What can be counted, for Prometheus; numbers only, never a person, a text or an id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The counters of one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.received = Counter(
            "motcua_received",
            "Events of platforms and of the web chat, by what became of them: stored, repeated, "
            "ignored, unsigned, malformed, too_many",
            ["channel", "result"],
            registry=self._registry,
        )
        self.sent = Counter(
            "motcua_sent",
            "Parts of answers by result: sent, later, unreachable, refused, unknown",
            ["channel", "result"],
            registry=self._registry,
        )
        self.turns = Counter(
            "motcua_turns", "Turns by outcome", ["channel", "outcome"], registry=self._registry
        )
        self.answer_seconds = Histogram(
            "motcua_answer_seconds",
            "From receiving a message to storing its answer",
            ["channel"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.trouble = Counter(
            "motcua_trouble",
            "What an operator should look at: poller_conflict, webhook (taken away), token, "
            "account, signature, redelivered, quota, dead_letter, guessing, what Zalo reports",
            ["channel", "kind"],
            registry=self._registry,
        )
        self.last_poll = Gauge(
            "motcua_last_poll_timestamp_seconds",
            "When a platform last answered a poll",
            ["channel"],
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)
