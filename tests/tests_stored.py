"""Texts that people read, compared with stored ones. `UPDATE=1 pytest tests` writes them anew, for review in the diff."""

from __future__ import annotations

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "expected"


def same_as_stored(name: str, text: str) -> None:
    """Fail unless `text`, with times blanked, is what expected/<name>.txt holds."""
    text = re.sub(r"\b\d+\.\d+ ?s\b", "N s", text)
    text = "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is not stored yet. Run: UPDATE=1 pytest tests"
    assert text == path.read_text(encoding="utf-8")
