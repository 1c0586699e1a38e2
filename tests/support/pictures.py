"""Pictures of receipts, as people take them."""

from __future__ import annotations

import io

import segno
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter


def qr(text: str, side: int = 500) -> Image.Image:
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(buffer, kind="png", scale=10)
    return Image.open(buffer).convert("RGB").resize((side, side))


def receipt(*texts: str) -> Image.Image:
    """A page with text, and codes on it, a little askew and out of focus like a real photo."""
    page = Image.new("RGB", (1600, 1200), "white")
    draw = ImageDraw.Draw(page)
    for row in range(20):
        draw.text((60, 40 + row * 30), "Giay tiep nhan ho so va hen tra ket qua", fill="black")
    for number, text in enumerate(texts):
        page.paste(qr(text), (80 + number * 700, 640))
    return page.rotate(7, expand=True, fillcolor="grey").filter(ImageFilter.GaussianBlur(1))


def encoded(picture: Image.Image, form: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


def bar_code(text: str) -> Image.Image:
    """A page with a bar code on it."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    bars = Image.fromarray(made.to_image(scale=3)).convert("RGB")
    page = Image.new("RGB", (1600, 900), "white")
    page.paste(bars.resize((bars.width, 240)), (100, 300))
    return page
