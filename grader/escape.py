"""Makes text that came from a student safe to show: in a terminal, in a spreadsheet, in XML.

HTML is not here: the templates escape everything by themselves (jinja2's autoescape), after `visible`.
"""

from __future__ import annotations

import re

# C0 and C1 controls (a terminal obeys them), the bidirectional ones (they make text look like other text), the
# invisible ones, and what XML and UTF-8 cannot hold (surrogates, U+FFFE, U+FFFF). Line feed and tab are text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
# What makes a spreadsheet calculate: https://owasp.org/www-community/attacks/CSV_Injection, and their full-width forms.
_FORMULA = re.compile(r"\s*[=+\-@|%\t\r\n＝＋－＠]")


def visible(text: object) -> str:
    r"""The text with every control character written out: "\x1b[31m" reads `\x1b[31m`, and does nothing."""
    return _CONTROLS.sub(_written, str(text).replace("\r\n", "\n"))


def _written(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: object, limit: int = 200) -> str:
    """`visible`, on one line, cut to `limit` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def csv_cell(text: object) -> str:
    """A cell that no spreadsheet takes for a formula: such a text gets an apostrophe in front."""
    line = one_line(text, 1000)
    return "'" + line if _FORMULA.match(line) else line
