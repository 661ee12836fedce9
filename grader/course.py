"""Makes an nbgrader course: nbgrader_config.py, and one source notebook a chapter, from the chapter's own files.

A notebook has, in this order: the lecture note, a locked cell of imports, and for each exercise its statement (locked),
one solution cell with the reference between ### BEGIN SOLUTION and ### END SOLUTION, and one locked test cell worth the
exercise's points. `nbgrader generate_assignment` takes the references out.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4
from nbgrader.preprocessors import ClearSolutions

from grader.chapter import Chapter, find_root, load_chapter
from grader.errors import UserError
from grader.formats import points
from grader.module_cells import ModuleCells, as_markdown, split_module
from grader.quiet import quiet_imports

SCHEMA = 3  # of nbgrader's cell metadata
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
FIGURE = re.compile(r"!\[([^\]]*)\]\(([^)\s:]+)\)")
TOP, END = "", "end"  # places of the lecture's sections that go with no module
MIME = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}


class CourseError(UserError):
    """A course that cannot be made where it should be."""


def make_course(
    folder: str | Path, chapters: Sequence[str], root: Path | None = None, force: bool = False
) -> list[Path]:
    """Make (or add chapters to) a course in `folder`, and answer the files written.

    An existing nbgrader_config.py stays as it is. Raises CourseError where a notebook is there already and differs
    (force=True writes it anew), ChapterError for a chapter that does not exist or whose solutions are not here.
    """
    folder = Path(folder)
    made = {}
    for name in chapters:
        with quiet_imports():
            chapter = load_chapter(name, hidden=True, root=root)
        made[folder / "source" / name / f"{name}.ipynb"] = chapter_notebook(chapter)
    written = []
    for path, notebook in made.items():
        if path.exists() and not force:
            if path.read_text(encoding="utf-8") == _text(notebook):
                continue
            raise CourseError(f"{path} is there already, and differs. Use --force to write it anew, or another folder.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(notebook), encoding="utf-8")
        written.append(path)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        template = Path(__file__).parent / "templates" / "nbgrader_config.py"
        config.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
        written.append(config)
    return written


def _text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook, version=4) + "\n"


# --- one chapter's notebook ---------------------------------------------------------------------


def chapter_notebook(chapter: Chapter) -> NotebookNode:
    """The source notebook of a chapter (loaded with its hidden checks), the references inside."""
    modules = {name: split_module(chapter.solutions / f"{name}.py", chapter) for name in chapter.module_names}
    worth = {name: points(sum(c.points for c in chapter.checks_of(name))) for name in chapter.exercises}
    sections = _lecture(chapter)
    cells = [*sections[TOP], _setup(chapter, modules.values(), worth)]
    for module, parts in modules.items():
        cells += sections[module]
        cells += _module_cells(chapter, module, parts, worth)
    cells += sections[END]
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id") or f"{chapter.name}-text-{number}"
    nbformat.validate(notebook)
    return notebook


def _setup(chapter: Chapter, modules, worth: dict[str, float]) -> NotebookNode:
    """The locked first cell: `check`, and what the modules import.

    check comes first, since its import loads TensorFlow without the noise that TensorFlow makes of it.
    """
    imports = sorted(
        {line for module in modules for line in module.imports}, key=lambda line: (line[:4] == "from", line)
    )
    values = textwrap.wrap(", ".join(f"{name}={value:g}" for name, value in worth.items()), 90)
    source = "\n".join(
        [
            "# Run this cell first. It is locked: for grading it is put back as it was.",
            "from grader.notebook import check, worth",
            *imports,
            "",
            f'worth("{chapter.name}",',
            *(f"    {line}" for line in values),
            ")  # what the test cells are worth",
        ]
    )
    return _cell("code", source, f"{chapter.name}-setup", locked=True)


def _module_cells(chapter: Chapter, module: str, parts: ModuleCells, worth: dict[str, float]) -> Iterator[NotebookNode]:
    yield _cell(
        "markdown", f"### {module}.py\n\n{as_markdown(parts.docstring)}", f"{chapter.name}-{module}", locked=True
    )
    if parts.given:
        yield _cell("code", parts.given, f"{chapter.name}-{module}-given", locked=True)
    if parts.private:
        yield _cell("code", parts.private, f"{chapter.name}-{module}-own", solution=True)
    for name, exercise in parts.exercises.items():
        value = f"{worth[name]:g} point{'' if worth[name] == 1 else 's'}"
        text = f"#### {name} ({value})\n\n```python\n{exercise.signature}\n```\n\n{as_markdown(exercise.docstring)}"
        yield _cell("markdown", text, f"{chapter.name}-{name}-statement", locked=True)
        yield _cell("code", exercise.source, f"{chapter.name}-{name}-solution", solution=True)
        yield _cell("code", f'check("{chapter.name}.{name}")', f"{chapter.name}-{name}", locked=True, worth=worth[name])


def _cell(
    kind: str, source: str, grade_id: str, locked: bool = False, solution: bool = False, worth: float | None = None
) -> NotebookNode:
    """A cell with nbgrader's metadata."""
    metadata = {
        "schema_version": SCHEMA,
        "grade": worth is not None,
        "grade_id": grade_id,
        "locked": locked,
        "solution": solution,
        "task": False,
    }
    if worth is not None:
        metadata["points"] = worth
    new = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
    return new(source, metadata={"nbgrader": metadata})


def _lecture(chapter: Chapter) -> dict[str, list[NotebookNode]]:
    """The README's sections as cells, by the place where they go: TOP, before a module's exercises, or END.

    A section goes with a module if that is the only one that it names as a file, and draws on those that name none.
    """
    readme = chapter.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else f"# {chapter.title}\n"
    parts = [part for part in re.split(r"(?m)^(?=##? )", text) if part.strip()]
    named = [[name for name in chapter.module_names if f"{name}.py" in part] for part in parts]
    last = max((i for i, names in enumerate(named) if names), default=-1)
    places: dict[str, list[NotebookNode]] = {TOP: [], END: [], **{name: [] for name in chapter.module_names}}
    place = TOP
    for i, (part, names) in enumerate(zip(parts, named, strict=True)):
        if len(names) == 1:
            place = names[0]
        places[END if i > last >= 0 and place != TOP else place].append(_with_figures(part.strip(), chapter.folder))
    return places


def _with_figures(text: str, folder: Path) -> NotebookNode:
    """A Markdown cell that carries its figures as attachments: a notebook travels without its folder."""
    attachments = {}

    def attach(match: re.Match[str]) -> str:
        path = (folder / match.group(2)).resolve()
        if path.suffix not in MIME or not path.is_relative_to(folder.resolve()) or not path.is_file():
            return match.group()
        attachments[path.name] = {MIME[path.suffix]: base64.b64encode(path.read_bytes()).decode()}
        return f"![{match.group(1)}](attachment:{path.name})"

    cell = v4.new_markdown_cell(FIGURE.sub(attach, text))
    if attachments:
        cell.attachments = attachments
    return cell


# --- for nbgrader_config.py ---------------------------------------------------------------------


class ClearReferences(ClearSolutions):
    """nbgrader's ClearSolutions, except for a region at module level: that is private to the reference, and vanishes.

    (nbgrader would put `raise NotImplementedError` there, which stops "Run all cells".)
    """

    own = "# Functions of your own that several exercises use, if you want any."

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        if cell.cell_type == "code" and re.match(r"### BEGIN SOLUTION", cell.source):
            cell.source = self.own
            return True
        return super()._replace_solution_region(cell, language)


# --- taking submissions in ----------------------------------------------------------------------


def add_submissions(course: str | Path, path: str | Path, chapter: str, root: Path | None = None) -> list[str]:
    """Put submissions of any form (as `grader grade` takes them) where nbgrader looks; answers the students' ids.

    A notebook is copied as it is. For modules, nbgrader needs a notebook to grade: the released one, untouched, goes to
    submitted/<student>/<chapter>/, and the modules into modules/ beside it, where the kit's preprocessor finds them.
    Raises CourseError if the assignment was not generated yet.
    """
    from grader.batch import module_names
    from grader.submission import find_submissions, read_submission

    modules = module_names(chapter, find_root(root))
    course = Path(course)
    released = course / "release" / chapter / f"{chapter}.ipynb"
    if not released.is_file():
        raise CourseError(f"{released} is not there yet. Run in {course}: nbgrader generate_assignment {chapter}")
    students = []
    for student, entry in find_submissions(Path(path), chapter, modules):
        folder = course / "submitted" / student / chapter
        folder.mkdir(parents=True, exist_ok=True)
        submission = read_submission(entry, chapter, modules)
        if submission.cells:
            notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in submission.cells])
            nbformat.write(notebook, folder / f"{chapter}.ipynb")
        else:
            (folder / f"{chapter}.ipynb").write_bytes(released.read_bytes())
            (folder / "modules").mkdir(exist_ok=True)  # only here: where it is, the notebook is not looked at
            for name, source in submission.modules.items():
                (folder / "modules" / f"{name}.py").write_text(source, encoding="utf-8")
        students.append(student)
    return students
