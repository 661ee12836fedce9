"""Makes text that came from a student safe to show: in a terminal, in a spreadsheet, in XML.

HTML is not here: the templates escape everything by themselves (jinja2's autoescape), after `visible`.
"""

from __future__ import annotations

import re

# C0 and C1 controls (a terminal obeys them), line separators, the bidirectional controls (they make text look like other
# text), what else shows nothing (Unicode's Default_Ignorable_Code_Point, and the empty Braille pattern), and what XML and
# UTF-8 cannot hold (surrogates, U+FFFE, U+FFFF). Line feed and tab are text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# What makes a spreadsheet calculate: https://owasp.org/www-community/attacks/CSV_Injection, and their full-width forms.
_FORMULA = re.compile(r"\s*[=+\-@|%\t\r\n＝＋－＠]")


def visible(text: object) -> str:
    r"""The text with every control character written out: "\x1b[31m" reads `\x1b[31m`, and does nothing."""
    return _CONTROLS.sub(_written, str(text).replace("\r\n", "\n"))


def _written(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: object, limit: int = 200) -> str:
    """`visible`, on one line, cut to `limit` characters: behind a whole word, unless that would lose more than a quarter."""
    line = " ".join(visible(text).split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    whole = cut[: cut.rfind(" ") + 1] if line[limit - 1] != " " else cut
    return (whole if len(whole) >= limit * 3 // 4 else cut) + "…"


def csv_cell(text: object) -> str:
    """A cell that no spreadsheet takes for a formula: such a text gets an apostrophe in front."""
    line = one_line(text, 1000)
    return "'" + line if _FORMULA.match(line) else line
