"""Pictures inside a page: small enough, and without a link to anything outside it."""

import base64
import io
from pathlib import Path

from PIL import Image

BUDGET = 560_000  # bytes for all pictures; base64 makes 750 kB of them and the page stays below 1 MB
COLOURS = (192, 64, 24)  # drawings have few colours; a palette of so many makes files three to eight times smaller
SMALLEST = 200  # pixels; below, a picture shows nothing


def data_uris(pngs: list[Path]) -> list[str]:
    """Embed PNG files as `data:` addresses; what is too big gets a palette, then fewer pixels.

    Parameters
    ----------
    pngs : list of pathlib.Path
        Files that exist.

    Returns
    -------
    list of str
        One address a file; together at most 750 kB.
    """
    contents, left = [path.read_bytes() for path in pngs], BUDGET
    uris = [""] * len(pngs)
    # the smallest first: what they do not use is left to the larger ones
    for done, i in enumerate(sorted(range(len(pngs)), key=lambda i: len(contents[i]))):
        content = _shrunk(contents[i], left // (len(pngs) - done))
        left -= len(content)
        uris[i] = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
    return uris


def _shrunk(content: bytes, most: int) -> bytes:
    """Return the PNG as it is if it is small enough, otherwise a coarser one."""
    if len(content) <= most:
        return content
    image = Image.open(io.BytesIO(content)).convert("RGB")
    for colours in COLOURS:
        content = _png(image, colours)
        if len(content) <= most:
            return content
    while len(content) > most and min(image.size) > SMALLEST:
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
        content = _png(image, COLOURS[-1])
    return content


def _png(image: Image.Image, colours: int) -> bytes:
    """Write the image with a palette, without dithering (its noise is what compresses worst)."""
    buffer = io.BytesIO()
    image.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
