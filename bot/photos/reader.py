"""The process that reads codes from one picture: `python -m bot.photos.reader < picture`.

Pictures come from strangers, and decoders have faults. So each one is decoded in a process of its
own that may neither write files nor use much memory or time, and knows no setting and no secret.
It writes a JSON list of texts, or nothing for what is no picture.
"""

from __future__ import annotations

import io
import json
import resource
import sys

from bot.photos.bounds import (
    CPU_S,
    FORMATS,
    MEMORY,
    MOST_CODES,
    MOST_PIXELS,
    MOST_TEXT,
    SIDE,
)


def main() -> None:
    """Read the picture on the input and write what its codes say."""
    _bound()
    texts = read_codes(sys.stdin.buffer.read())
    if texts is not None:
        sys.stdout.write(json.dumps(texts))


def read_codes(content: bytes) -> list[str] | None:
    """Return the texts of the codes in a picture, None if it is no picture that is read."""
    import zxingcpp
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("L", (SIDE, SIDE))  # a JPEG is decoded smaller at once
            grey = picture.convert("L")
    except Exception:  # whatever a decoder makes of a stranger's bytes
        return None
    grey.thumbnail((SIDE, SIDE))
    found = [code.text for code in zxingcpp.read_barcodes(grey) if code.valid]
    return [text for text in dict.fromkeys(found) if 0 < len(text) <= MOST_TEXT][:MOST_CODES]


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
