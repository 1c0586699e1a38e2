"""How much a picture may cost."""

from __future__ import annotations

LARGEST = 8 * 1024 * 1024
"""Bytes of a picture that is looked at."""
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 50_000_000
"""More than any telephone takes; decoding more is refused before it begins."""
SIDE = 2600
"""Pictures are read at this size: a receipt fills a good part of it."""
MOST_CODES = 10
MOST_TEXT = 512
CPU_S = 8
DEADLINE_S = 12.0
MEMORY = 1024 * 1024 * 1024
AT_ONCE = 2
"""Pictures that are decoded at the same time."""
MOST_WAITING = 16
