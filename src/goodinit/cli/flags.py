"""What flags of several commands mean."""

from collections.abc import Mapping
from pathlib import Path

Text = str | None


def number(text: Text) -> int | float | Text:
    """Read a number; what is none is left for the study to refuse, with the rule that it breaks."""
    for kind in (int, float):
        try:
            return kind(text or "")
        except ValueError:
            continue
    return text


def default_folder(source: str, identity: Mapping[str, str]) -> Path:
    """Return a folder that only the same study of some data, or an extension of it, has."""
    import hashlib
    import re

    from goodinit.datasets import short

    kept = sorted((key, value) for key, value in identity.items() if key != "data")
    digest = hashlib.sha256(repr(kept).encode()).hexdigest()[:8]
    scheme, _, rest = short(source).partition("(")[0].partition(":")
    word = re.sub(r"[^A-Za-z0-9]+", "-", Path(rest).stem or scheme).strip("-") or scheme
    return Path("goodinit-runs") / f"{word[:40]}-{digest}"
