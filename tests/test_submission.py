"""Intake: everything that students hand in, and everything that an attacker might."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import pickle
import stat
import struct
import tarfile
import time
import unicodedata
import zipfile
from pathlib import Path

import pytest

from grader import archives
from grader.errors import UserError
from grader.submission import Submission, find_submissions, read_submission, student_id

MODULES = ["convolution", "pooling"]
SOURCE = "def conv2d(x, w, b):\n    return x\n"


def read(path: Path) -> Submission:
    submission = read_submission(path, "ch08", MODULES)
    pickle.loads(pickle.dumps(submission))
    json.dumps([submission.student, submission.modules, submission.cells, submission.notes, submission.problems])
    for text in [submission.student, *submission.notes, *submission.problems.values()]:
        text.encode()
        assert text.isprintable(), text
    assert all(note.endswith(".") for note in submission.notes), submission.notes
    return submission


def said(submission: Submission) -> str:
    return "\n".join([*submission.notes, *submission.problems.values()])


@pytest.fixture
def ada(tmp_path) -> Path:
    folder = tmp_path / "class" / "ada"
    folder.mkdir(parents=True)
    return folder


def write(path: Path, data: str | bytes = SOURCE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zipped(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data) if info.isreg() else info.size
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def code(source: object, **marks: object) -> dict:
    metadata = {"nbgrader": {"schema_version": 3, **marks}} if marks else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def notebook(*cells: dict, **more: object) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more})


# --- the forms of the contract ------------------------------------------------------------------


def test_a_folder_with_modules(ada):
    write(ada / "convolution.py"), write(ada / "pooling.py", "y = 1\n")
    got = read(ada)
    assert got == Submission("ada", "ch08", {"convolution": SOURCE, "pooling": "y = 1\n"})


def test_one_module_with_any_of_the_exercises(ada):
    write(ada / "ch08.py")
    assert read(ada).modules == {"ch08": SOURCE}
    assert read(ada / "ch08.py").modules == {"ch08": SOURCE}


def test_a_single_file_may_have_the_students_name(ada):
    assert read(write(ada.parent / "bob.py")) == Submission("bob", "ch08", {"ch08": SOURCE})
    got = read(write(ada.parent / "cleo.ipynb", notebook(code(SOURCE))))
    assert (got.student, got.cells) == ("cleo", [SOURCE])


def test_a_notebook_in_order_without_grade_cells(ada):
    cells = [
        {"cell_type": "markdown", "source": "# text", "metadata": {}},
        code(["a = 1\n", "b = 2"]),
        code("check('ch08.conv2d')", grade=True, locked=True, solution=False, grade_id="ch08-conv2d"),
        code("manual = 3", grade=True, solution=True, grade_id="ch08-essay"),
        code(""),
        code("c = 4", solution=True, grade_id="ch08-conv2d-solution"),
        {"cell_type": "raw", "source": "raw", "metadata": {}},
    ]
    write(ada / "ch08.ipynb", notebook(*cells))
    got = read(ada)
    assert got.cells == ["a = 1\nb = 2", "manual = 3", "c = 4"]
    assert not got.modules and not got.problems and not got.notes


def test_a_notebook_of_the_old_format(ada):
    sheets = [{"cells": [{"cell_type": "code", "input": ["old = 1\n"], "language": "python", "outputs": []}]}]
    write(ada / "ch08.ipynb", json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": sheets}))
    assert read(ada).cells == ["old = 1\n"]


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_archives_with_a_folder_around_and_litter_within(ada, ending):
    files = {
        "ada/convolution.py": SOURCE,
        "ada/.DS_Store": "x",
        "__MACOSX/ada/._convolution.py": "x",
        "ada/__pycache__/convolution.cpython-311.pyc": "x",
    }
    path = ada.parent / f"ada{ending}"
    if ending == ".zip":
        zipped(path, files)
    else:
        mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(path.suffix, "w")
        tarred(path, [(member(name), data.encode()) for name, data in files.items()], mode)
    assert read(path) == Submission("ada", "ch08", {"convolution": SOURCE})


def test_a_folder_that_holds_only_an_archive(ada):
    zipped(ada / "homework.zip", {"convolution.py": SOURCE})
    assert read(ada).modules == {"convolution": SOURCE}


def test_wrapping_folders_and_the_chapters_own(ada):
    write(ada / "ch08" / "convolution.py"), write(ada / "ch05" / "convolution.py", "other = 1\n")
    assert read(ada) == Submission("ada", "ch08", {"convolution": SOURCE})


def test_a_zip_from_windows(ada):
    zipped(ada.parent / "ada.zip", {"ada\\ch08\\convolution.py": SOURCE.replace("\n", "\r\n")})
    assert read(ada.parent / "ada.zip").modules == {"convolution": SOURCE}


def test_the_outermost_of_several_is_meant_and_the_others_are_named(ada):
    write(ada / "convolution.py"), write(ada / "old" / "convolution.py", "old = 1\n")
    got = read(ada)
    assert got.modules == {"convolution": SOURCE}
    assert "left out: old/convolution.py" in said(got)


def test_another_case_of_the_name_is_taken(ada):
    write(ada / "Convolution.PY")
    assert read(ada).modules == {"convolution": SOURCE}


# --- what is left out ---------------------------------------------------------------------------


def test_everything_else_is_left_out_by_name(ada):
    names = (
        "conftest.py numpy.py sitecustomize.py tensorflow/__init__.py pytest.ini grader/judge.py test_convolution.py"
    )
    for name in names.split():
        write(ada / name, "raise SystemExit\n")
    write(ada / "convolution.py")
    got = read(ada)
    assert got.modules == {"convolution": SOURCE}
    for name in names.split():
        assert name in said(got)


def test_modules_go_before_a_notebook(ada):
    write(ada / "convolution.py"), write(ada / "ch08.ipynb", notebook(code("x = 1")))
    got = read(ada)
    assert got.modules and not got.cells
    assert "ch08.ipynb" in said(got)


def test_nothing_of_the_chapter_is_said_for_every_module(ada):
    write(ada / "essay.docx", "text")
    got = read(ada)
    assert set(got.problems) == set(MODULES)
    assert "no module of ch08" in said(got)
    assert "essay.docx" in said(got)


def test_many_files_are_named_in_short(ada):
    for number in range(40):
        write(ada / f"junk{number:02}.py", "")
    write(ada / "convolution.py")
    assert "and 28 more" in said(read(ada))


@pytest.mark.parametrize("name", ["a.rar", "a.7z", "a.docx", "a.zip", "a.tar.gz"])
def test_what_cannot_be_opened_is_a_submission_with_a_note(ada, name):
    got = read(write(ada.parent / name, b"\x7fELF nonsense"))
    assert set(got.problems) == set(MODULES)
    assert name.split(".")[0] in said(got)


def test_a_missing_path_is_a_submission_with_a_note(tmp_path):
    assert "cannot be opened" in said(read(tmp_path / "nobody"))


# --- links, devices, paths ----------------------------------------------------------------------


def test_links_in_folders_are_not_followed(ada, tmp_path):
    secret = write(tmp_path / "solutions" / "convolution.py", "secret = 1\n")
    (ada / "convolution.py").symlink_to(secret)
    (ada / "below").symlink_to(secret.parent)
    os.link(secret, ada / "pooling.py")
    got = read(ada)
    assert not got.modules
    assert "convolution.py was left out: it is a link" in said(got)
    assert "pooling.py is a hard link" in said(got)


def test_a_submission_that_is_a_link_is_refused(ada, tmp_path):
    write(tmp_path / "solutions" / "convolution.py", "secret = 1\n")
    link = ada.parent / "eve"
    link.symlink_to(tmp_path / "solutions")
    assert "is a link" in said(read(link))
    (ada / "ch08").symlink_to(tmp_path / "solutions")
    ((_, entry),) = [found for found in find_submissions(ada.parent, "ch08", MODULES) if found[0] == "ada"]
    assert "is a link" in said(read(entry))
    assert "is a link" in said(read(ada / "ch08" / "convolution.py"))


def test_pipes_and_devices_are_not_opened(ada):
    os.mkfifo(ada / "convolution.py")
    write(ada / "pooling.py")
    got = read(ada)
    assert got.modules == {"pooling": SOURCE}
    assert "convolution.py was left out: it is not a file" in said(got)


@pytest.mark.parametrize(
    "name", ["/convolution.py", "../convolution.py", "a/../../convolution.py", "C:\\convolution.py"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_out_of_an_archive_are_refused(ada, name, kind):
    path = ada.parent / f"ada.{kind}"
    members = {name: SOURCE, "pooling.py": SOURCE}
    if kind == "zip":
        zipped(path, members)
    else:
        tarred(path, [(member(n), data.encode()) for n, data in members.items()])
    got = read(path)
    assert got.modules == {"pooling": SOURCE}
    assert "leads out of the archive" in said(got)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(ada, kind):
    path = tarred(
        ada.parent / "ada.tar", [(member("convolution.py", kind, "../../solutions/ch08/convolution.py"), b"")]
    )
    got = read(path)
    assert not got.modules
    assert "convolution.py was left out" in said(got)


def test_links_in_a_zip_are_refused(ada):
    path = ada.parent / "ada.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("convolution.py")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../../solutions/ch08/convolution.py")
    got = read(path)
    assert not got.modules
    assert "convolution.py was left out: it is a link" in said(got)


# --- archives that are weapons ------------------------------------------------------------------


def test_a_bomb_of_one_file(ada):
    got = read(zipped(ada.parent / "ada.zip", {"convolution.py": bytes(200 << 20), "pooling.py": SOURCE}))
    assert got.modules == {"pooling": SOURCE}
    assert "convolution.py is larger than 32 MiB when it is unpacked" in said(got)


def test_a_bomb_that_lies_about_its_size(ada):
    path = zipped(ada.parent / "ada.zip", {"convolution.py": bytes(100 << 20)})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", data, data.index(mark) + offset, 10)
    path.write_bytes(data)
    got = read(path)
    assert not got.modules.get("convolution", "").strip("\0")
    assert "convolution.py" in said(got)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_of_a_tar(ada, pack):
    got = read(write(ada.parent / "ada.tar.gz", pack(bytes((128 << 20) + 1))))
    assert "larger than 128 MiB when it is unpacked" in said(got)


def test_too_many_members(ada):
    got = read(zipped(ada.parent / "ada.zip", {f"{n}.txt": "" for n in range(archives.MAX_MEMBERS + 1)}))
    assert "holds more than 2000 files" in said(got)
    members = [(member(f"{n}"), b"") for n in range(archives.MAX_MEMBERS + 1)]
    assert "holds more than 2000 files" in said(read(tarred(ada.parent / "bob.tar", members)))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_streams_one_after_the_other(ada, pack):
    whole = tarred(ada.parent / "ada.tar", [(member("convolution.py"), SOURCE.encode())]).read_bytes()
    parts = [whole[at : at + 512] for at in range(0, len(whole), 512)]
    path = write(ada.parent / "bob.tar.gz", b"".join(map(pack, parts)))
    assert read(path) == Submission("bob", "ch08", {"convolution": SOURCE})
    assert "more than 100 compressed streams" in said(read(write(path, pack(b"") * 101)))


def test_names_that_take_long_to_read(ada):
    long = "a/" * 501 + "convolution.py"
    for path in (
        zipped(ada.parent / "ada.zip", {long: SOURCE, "pooling.py": SOURCE}),
        tarred(ada.parent / "bob.tar", [(member(long), SOURCE.encode()), (member("pooling.py"), SOURCE.encode())]),
    ):
        got = read(path)
        assert got.modules == {"pooling": SOURCE}
        assert "its path is longer than 1000 characters" in said(got)


def test_headers_of_a_tar_that_take_hours(ada):
    comment = member("pooling.py")
    comment.pax_headers = {"comment": "1" * 60_000}  # "\d+ hdrcharset=" is searched for from every digit
    started = time.monotonic()
    assert "has headers that are too long" in said(read(tarred(ada.parent / "ada.tar", [(comment, b"")])))
    assert time.monotonic() - started < 2
    usual = [member(f"{number}/{'ä' * 120}.txt") for number in range(200)]
    path = tarred(ada.parent / "bob.tar", [(info, b"") for info in usual] + [(member("pooling.py"), SOURCE.encode())])
    assert read(path).modules == {"pooling": SOURCE}


def test_a_sparse_tar(ada):
    info = member("convolution.py")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "convolution.py"}
    for sparse in (info, member("convolution.py", tarfile.GNUTYPE_SPARSE)):
        assert "is a sparse tar" in said(read(tarred(ada.parent / "ada.tar", [(sparse, b"1\n0\n0\n")])))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_member_of_negative_size(ada, kind):
    block = bytearray(member("convolution.py", kind).tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (256**12 - 512).to_bytes(12, "big")
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * ord(" ") + sum(block[156:512]))
    got = read(write(ada.parent / "ada.tar", bytes(block) + bytes(1024)))
    assert "has a member of negative size" in said(got)


def test_too_large_an_archive(ada, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ARCHIVE", 10)
    monkeypatch.setattr(archives, "MAX_FILE", 1000)
    assert "is larger than" in said(read(write(ada.parent / "ada.zip", bytes(2000))))


def test_an_archive_in_an_archive_is_not_opened(ada):
    inner = zipped(ada / "inner.zip", {"convolution.py": SOURCE}).read_bytes()
    got = read(zipped(ada.parent / "ada.zip", {"inner.zip": inner, "pooling.py": SOURCE}))
    assert got.modules == {"pooling": SOURCE}
    assert "inner.zip" in said(got)


def test_an_encrypted_zip(ada):
    path = zipped(ada.parent / "ada.zip", {"convolution.py": SOURCE, "pooling.py": SOURCE})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\3\4") + 6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    got = read(path)
    assert got.modules == {"pooling": SOURCE}
    assert "convolution.py was left out: it is encrypted" in said(got)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_stands_there_twice(ada, kind):
    path = ada.parent / f"ada.{kind}"
    if kind == "zip":
        with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
            archive.writestr("convolution.py", SOURCE)
            archive.writestr("convolution.py", "other = 1\n")
    else:
        tarred(path, [(member("convolution.py"), SOURCE.encode()), (member("convolution.py"), b"other = 1\n")])
    got = read(path)
    assert not got.modules
    assert "convolution.py was handed in more than once" in got.problems["convolution"]


def test_names_that_differ_in_case_only(ada):
    write(ada / "convolution.py"), write(ada / "CONVOLUTION.py", "other = 1\n")
    got = read(ada)
    assert not got.modules
    assert "more than once" in got.problems["convolution"]


def test_damaged_and_cut_archives(ada):
    whole = zipped(ada.parent / "ada.zip", {"convolution.py": SOURCE * 50, "pooling.py": SOURCE}).read_bytes()
    for length in range(0, len(whole), 7):
        assert read(write(ada.parent / "cut.zip", whole[:length])).student == "cut"
    for place in range(0, len(whole), 3):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        read(write(ada.parent / "bad.zip", bytes(broken)))
    tarball = tarred(ada.parent / "ada.tar", [(member("convolution.py"), SOURCE.encode())]).read_bytes()
    for place in range(0, 600, 3):
        broken = bytearray(tarball)
        broken[place] ^= 0xFF
        read(write(ada.parent / "bad.tar", bytes(broken)))


def test_a_deep_folder_ends(ada):
    deep = ada
    for _ in range(40):
        deep = deep / "d"
    write(deep / "convolution.py")
    assert set(read(ada).problems) == set(MODULES)


# --- bytes and characters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = 'caf\xc3\xa9'\n", "x = 'café'\n"),
        (b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'café'\n"),
        ("# coding: cp1251\nx = 'да'\n".encode("cp1251"), "# coding: cp1251\nx = 'да'\n"),
        (b"x = 1\r\ny = 2\rz = 3\n", "x = 1\ny = 2\nz = 3\n"),
        (b"", ""),
    ],
)
def test_encodings_that_people_use(ada, data, text):
    write(ada / "convolution.py", data)
    assert read(ada).modules == {"convolution": text}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x = 'caf\xe9'\n", "is not UTF-8 text"),
        (b"# coding: utf-7\n+AHg- = 1\n", "save it as UTF-8"),
        (b"# coding: unicode_escape\nx = '\\x41'\n", "save it as UTF-8"),
        (b"# coding: rot13\nvzcbeg bf\n", "save it as UTF-8"),
        (b"# coding: klingon\nx = 1\n", "is not UTF-8 text"),
        ("x = 1\n".encode("utf-16"), "is UTF-16 text"),
        ("x = 1\n".encode("utf-32"), "UTF-16 text"),
        (b"x = 1\n\0y = 2\n", "contains NUL"),
        (b"x = '" + b"y" * 2**20 + b"'\n", "is larger than 512 KiB"),
        ("access = 'user\u202e \u2066# admin\u2069 \u2066'\n".encode(), "U+202E, line 1"),
    ],
)
def test_what_a_person_cannot_read_does_not_run(ada, data, words):
    write(ada / "convolution.py", data), write(ada / "pooling.py")
    got = read(ada)
    assert got.modules == {"pooling": SOURCE}
    assert words in got.problems["convolution"]
    assert words in "\n".join(got.notes)


def test_arabic_and_hebrew_in_comments_are_fine(ada):
    write(ada / "convolution.py", "# שלום \u200f עולם\nx = 1\n")
    assert "convolution" in read(ada).modules


# --- notebooks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not a notebook that can be read"),
        ("[1]", "it has no cells"),
        ('{"x": 1}', "it has no cells"),
        ("null", "it has no cells"),
        ('{"cells": ' + "[" * 100_000, "is not a notebook that can be read"),
        (notebook(code("x"), metadata={"kernelspec": {"language": "R"}}), "is a notebook of R"),
        (notebook(code("x"), metadata={"language_info": {"name": "julia"}}), "is a notebook of julia"),
        (notebook(), "has no code"),
        (notebook(*[code("x = 1\n" * 50_000)] * 8), "MiB of code"),
    ],
)
def test_what_is_no_notebook(ada, text, words):
    write(ada / "ch08.ipynb", text)
    got = read(ada)
    assert not got.cells
    assert words in got.problems["convolution"]


@pytest.mark.parametrize(
    "cells",
    [
        "text",
        {"a": 1},
        [None, 1, "x", [], {}],
        [{"cell_type": "code"}],
        [{"cell_type": "code", "source": 5, "metadata": 5}],
        [{"cell_type": "code", "source": [1, None, "x = 1"], "metadata": {"nbgrader": 5}}],
        [{"cell_type": ["code"], "source": "x", "metadata": {"nbgrader": {"grade_id": {}}}}],
    ],
)
def test_cells_of_any_shape(ada, cells):
    write(ada / "ch08.ipynb", json.dumps({"cells": cells, "metadata": 5, "nbformat": "four"}))
    assert isinstance(read(ada).cells, list)


def test_a_notebook_with_a_mark_or_in_utf_16(ada):
    write(ada / "ch08.ipynb", b"\xef\xbb\xbf" + notebook(code("x = 1")).encode())
    assert read(ada).cells == ["x = 1"]
    write(ada / "ch08.ipynb", notebook(code("x = 1")).encode("utf-16"))
    assert read(ada).cells == ["x = 1"]


def test_magics_and_shell_lines_hold_their_place(ada):
    source = "%matplotlib inline\nimport os\nif os:\n    !ls\nfiles = !ls\n? os\nos.path?\ndef f():\n    return 7 \\\n        % 4"
    write(ada / "ch08.ipynb", notebook(code(source)))
    got = read(ada)
    space: dict = {}
    exec(got.cells[0], space)
    assert space["f"]() == 3
    assert "Cell 1: lines that are not Python did not run: %matplotlib inline; !ls" in said(got)


@pytest.mark.parametrize(
    "line", [" " * 1990 + "x", "x" + " " * 1990 + "!", " " * 990 + "=" + " " * 990 + "!", "[" * 1999]
)
def test_lines_that_could_be_split_in_many_ways(ada, line):
    write(ada / "ch08.ipynb", notebook(code("x = 1\n" + f"{line}\n" * 200)))
    started = time.monotonic()
    read(ada)
    assert time.monotonic() - started < 2


def test_text_that_looks_like_magic_stays(ada):
    source = 'text = """\n%not magic\n!nor this\n"""'
    write(ada / "ch08.ipynb", notebook(code(source)))
    assert read(ada).cells == [source]
    assert not read(ada).notes


def test_cell_magics(ada):
    cells = [code("%%time\nx = 1"), code("%%bash\nrm -rf /"), code("%%writefile conftest.py\nx"), code("y = 2")]
    write(ada / "ch08.ipynb", notebook(*cells))
    got = read(ada)
    assert got.cells == ["x = 1", "y = 2"]
    assert "Cell 2 was left out: %%bash is not Python." in got.notes
    assert "Cell 3 was left out: %%writefile is not Python." in got.notes


def test_the_kits_own_cells_do_nothing_here(ada):
    write(
        ada / "ch08.ipynb", notebook(code('from grader.notebook import check, worth\nimport math\nworth("ch08", a=1)'))
    )
    space: dict = {}
    exec(read(ada).cells[0], space)
    assert space["check"]("ch08.conv2d") is None
    assert space["math"]


def test_cells_that_a_person_cannot_read(ada):
    write(ada / "ch08.ipynb", notebook(code("x = '\u202e'"), code("x = '\0'"), code("x = '\ud800'"), code("y = 1")))
    got = read(ada)
    assert got.cells == ["y = 1"]
    assert [note.split(" was")[0] for note in got.notes] == ["Cell 1", "Cell 2", "Cell 3"]


def test_doubled_edited_and_deleted_ids_are_named(ada):
    cells = [
        code("x = 1", grade_id="ch08-conv2d-solution", solution=True),
        code("x = 2", grade_id="ch08-conv2d-solution", solution=True),
        code("check()", grade_id="ch08-pool\u202e", grade=True, locked=True),
        code("check()", grade_id=["odd"], grade=True, locked=True),
    ]
    write(ada / "ch08.ipynb", notebook(*cells))
    got = read(ada)
    assert got.cells == ["x = 1", "x = 2"]
    assert "more than once: ch08-conv2d-solution" in said(got)
    assert "deleted from the notebook, or their ids edited: ch08-conv2d." in said(got)


def test_which_of_several_notebooks(ada):
    write(ada / "ch08.ipynb", notebook(code("x = 1"))), write(ada / "scratch.ipynb", notebook(code("x = 2")))
    got = read(ada)
    assert got.cells == ["x = 1"]
    assert "left out: scratch.ipynb" in said(got)
    (ada / "ch08.ipynb").unlink()
    assert read(ada).cells == ["x = 2"]
    write(ada / "another.ipynb", notebook(code("x = 3")))
    assert "more than one notebook" in said(read(ada))


def test_huge_outputs_are_not_read(ada):
    cell = code("x = 1") | {"outputs": [{"output_type": "stream", "name": "stdout", "text": "y" * (10 << 20)}]}
    write(ada / "ch08.ipynb", notebook(cell))
    assert read(ada).cells == ["x = 1"]
    write(ada / "ch08.ipynb", bytes(archives.MAX_FILE + 1))
    assert "is larger than 32 MiB" in said(read(ada))


# --- a class ------------------------------------------------------------------------------------


def test_one_entry_a_student(tmp_path):
    write(tmp_path / "ada" / "convolution.py")
    zipped(tmp_path / "bob.zip", {"convolution.py": SOURCE})
    write(tmp_path / "cleo.ipynb", notebook(code("x")))
    write(tmp_path / "dan.tar.gz", b"broken")
    write(tmp_path / "eve" / "ch08" / "pooling.py")
    write(tmp_path / "fay.rar", b"x")
    (tmp_path / "gus").mkdir()
    for name in (".DS_Store", "grades.csv", "README.md", "__MACOSX/x", "out/grades.csv", "out/report.html"):
        write(tmp_path / name, "")
    found = find_submissions(tmp_path, "ch08", MODULES, tmp_path / "out")
    assert [student for student, _ in found] == ["ada", "bob", "cleo", "dan", "eve", "fay", "gus"]
    assert dict(found)["eve"] == tmp_path / "eve" / "ch08"
    assert read(dict(found)["eve"]).modules == {"pooling": SOURCE}
    assert all(read(path).notes for student, path in found if student in ("dan", "fay", "gus"))


def test_nbgraders_submitted_folder(tmp_path):
    for student in ("ada", "bob"):
        write(tmp_path / "submitted" / student / "ch08" / "ch08.ipynb", notebook(code("x = 1")))
        write(tmp_path / "submitted" / student / "ch08" / "timestamp.txt", "2026-01-01")
        write(tmp_path / "submitted" / student / "ch05" / "ch05.ipynb", notebook(code("x = 2")))
    found = find_submissions(tmp_path / "submitted", "ch08", MODULES)
    assert [(student, read(path).cells) for student, path in found] == [("ada", ["x = 1"]), ("bob", ["x = 1"])]


@pytest.mark.parametrize("inside", ["convolution.py", "ch08.py", "ch08.ipynb", "ch08/pooling.py"])
def test_a_folder_that_is_one_submission(tmp_path, inside):
    write(tmp_path / "ada" / inside)
    assert find_submissions(tmp_path / "ada", "ch08", MODULES) == [("ada", (tmp_path / "ada").resolve())]


def test_a_student_cannot_pass_for_the_folder_of_results(tmp_path):
    for name in ("grades.csv", "report.html", "seed.txt", "convolution.py"):
        write(tmp_path / "eve" / name)
    found = find_submissions(tmp_path, "ch08", MODULES, tmp_path / "out")
    assert [student for student, _ in found] == ["eve"]


@pytest.mark.parametrize("stray", ["convolution.py", "ch08.ipynb", "ch08/pooling.py"])
@pytest.mark.parametrize("other", ["ada/convolution.py", "ada/ch08/ch08.ipynb", "ada/homework/pooling.py", "ada.zip"])
def test_a_folder_that_could_be_a_class_or_one_submission_is_neither(tmp_path, stray, other):
    write(tmp_path / stray), (tmp_path / "zoe").mkdir()
    if other == "ada.zip":
        zipped(tmp_path / other, {"ada/pooling.py": SOURCE})
    else:
        write(tmp_path / other)
    with pytest.raises(
        UserError, match=rf"since it holds {stray}, .* in {other.split('/')[0]}, too\. For a class, put"
    ):
        find_submissions(tmp_path, "ch08", MODULES)
    moved = tmp_path / "eve" / stray
    moved.parent.mkdir(parents=True)
    (tmp_path / stray).rename(moved)
    students = [student for student, _ in find_submissions(tmp_path, "ch08", MODULES)]
    assert {"ada", "eve", "zoe"} <= set(students)


def test_one_submission_may_have_other_things_in_it(tmp_path):
    for name in ("convolution.py", "notes.ipynb", "helpers/util.py", "ch05/convolution.py", "__pycache__/pooling.py"):
        write(tmp_path / "ada" / name, notebook())
    zipped(tmp_path / "ada" / "digits.zip", {"digits.csv": ""}), write(tmp_path / "ada" / "broken.zip", b"x")
    assert find_submissions(tmp_path / "ada", "ch08", MODULES) == [("ada", tmp_path / "ada")]


def test_a_folder_that_may_not_be_opened_costs_itself(tmp_path, monkeypatch):
    write(tmp_path / "ada" / "convolution.py"), write(tmp_path / "eve" / "convolution.py")
    write(tmp_path / "zoe" / "pooling.py"), write(tmp_path / "zoe" / "hidden" / "convolution.py")
    closed = {str(tmp_path / "eve"), str(tmp_path / "zoe" / "hidden")}
    for name in ("stat", "lstat", "scandir"):  # root, as whom tests may run, may open everything
        monkeypatch.setattr(os, name, refusing(getattr(os, name), closed))
    found = dict(find_submissions(tmp_path, "ch08", MODULES))
    assert list(found) == ["ada", "eve", "zoe"]
    assert read(found["ada"]).modules == {"convolution": SOURCE}
    assert read(found["eve"]).problems["convolution"] == "eve cannot be read (Permission denied)."
    assert read(found["zoe"]).modules == {"pooling": SOURCE}
    assert "hidden was left out: it cannot be opened (Permission denied)." in read(found["zoe"]).notes


def refusing(function, closed):
    """The function of os's, for a user who may not open these folders: what lies in them cannot even be asked for."""

    def wrapped(path, *rest, **more):
        name = os.fspath(path) if not isinstance(path, int) else ""
        if os.path.dirname(name) in closed or (function.__name__ == "scandir" and name in closed):
            raise PermissionError(errno.EACCES, "Permission denied", name)
        return function(path, *rest, **more)

    return wrapped


def test_a_file_that_is_one_submission(tmp_path):
    for name, student in (("bob.zip", "bob"), ("ada/ch08.ipynb", "ada"), ("ada/ch08/ch08.py", "ch08")):
        path = write(tmp_path / name)
        assert find_submissions(path, "ch08", MODULES) == [(student, path.resolve())]


def test_ids_are_fit_to_be_shown_and_different(tmp_path):
    for name in ("ada", "Ada.zip", "ada.ipynb", "x\x1b[31m\u202e", "=1+1", "<script>", "n" * 200):
        write(tmp_path / name / "convolution.py") if "." not in name[:4] else write(tmp_path / name, b"x")
    students = [student for student, _ in find_submissions(tmp_path, "ch08", MODULES)]
    assert len({student.casefold() for student in students}) == len(students) == 7
    assert all(student.isprintable() and len(student) <= 110 for student in students)


def test_names_that_look_the_same_are_told_apart(tmp_path):
    names = ["ada", "ada\u00ad", "ada\ufe0f", "ada\U000e0020", "\u3164ada", "Zoë", "Zoe\u0308", "ｚｏë"]
    for name in names:
        write(tmp_path / name / "convolution.py")
    students = [student for student, _ in find_submissions(tmp_path, "ch08", MODULES)]
    assert {"ada", "ada\\xad", "ada\\ufe0f", "ada\\U000e0020", "\\u3164ada"} <= set(students)
    assert len({unicodedata.normalize("NFKC", student).casefold() for student in students}) == len(names)


def test_ids_from_names_that_are_no_utf_8():
    assert student_id(os.fsdecode(b"ad\xff\xfea")).encode()
    assert student_id("") == "unnamed"
    assert student_id(".zip") == ".zip"


def test_every_form_of_one_student_counts_once_each(tmp_path):
    write(tmp_path / "ada" / "convolution.py"), zipped(tmp_path / "ada.zip", {"convolution.py": SOURCE})
    assert [student for student, _ in find_submissions(tmp_path, "ch08", MODULES)] == ["ada", "ada.zip"]
