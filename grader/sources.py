"""Text of Python source from bytes that a student sent: what a person reads must be what runs."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

from grader.archives import Unreadable
from grader.escape import one_line

MAX_SOURCE = 2**19
# Encodings in which people write programs. Others (utf-7, unicode_escape …) would run what nobody can read.
_ENCODINGS = re.compile(
    r"(utf-8|ascii|iso8859-\d+|cp\d{3,4}|koi8-[ru]|mac-\w+|gb2312|gbk|gb18030|big5|shift_jis|euc_\w+)"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # CVE-2021-42574: https://trojansource.codes
_SURROGATES = re.compile("[\ud800-\udfff]")


def decoded(data: bytes) -> str:
    """The text of a Python file: UTF-8, or what its coding line names. Raises Unreadable."""
    if len(data) > MAX_SOURCE:
        raise Unreadable(f"is larger than {MAX_SOURCE // 1024} KiB, which no exercise needs")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("is UTF-16 text: save it as UTF-8")
    if b"\0" in data:
        raise Unreadable("contains NUL bytes: save it as plain text")
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        name = "utf-8-sig" if name == "utf-8-sig" else codecs.lookup(name).name
        if name != "utf-8-sig" and not _ENCODINGS.fullmatch(name):
            raise Unreadable(f"is encoded as {one_line(name, 30)}: save it as UTF-8")
        text = data.decode(name)
    except (SyntaxError, LookupError, ValueError) as error:
        raise Unreadable(f"is not UTF-8 text ({one_line(error, 80)}): save it as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if why := objection(text):
        raise Unreadable(why)
    return text


def objection(text: str) -> str:
    """Why a source may not run, as the end of a sentence; empty if it may."""
    if "\0" in text:
        return "contains NUL characters"
    if found := _BIDI.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return f"has a control character (U+{ord(found.group()):04X}, line {line}) that shows text in another order than it runs"
    if _SURROGATES.search(text):
        return "has characters that are no text"
    return ""
