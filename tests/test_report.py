"""The class report: what it says, that it stands alone, and that nothing from a student is more than text in it."""

import html.parser
import re

import pytest

from grader.classwork import STATES, classwork, state
from grader.report import sections, write_report
from tests.fake_results import check, exercise, result

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover='alert(3)' {{ 7*7 }}\x1b[31m\u202e</pre>"
FLIPPED = {"ch08.conv2d/kernel_flipped": "The kernel is flipped: leave it as it is."}


def wrong(name="conv2d", diagnosis=None, **more):
    return exercise(name, check("a", "failed", 2.0, diagnosis=diagnosis, **more), check("b", "passed", 1.0))


def classroom():
    """Ten students: five flipped the kernel, one of them twice."""
    right, untouched = exercise("conv2d", check("a", points=3.0)), exercise("conv2d", check("a", "not_attempted", 3.0))
    flipped = wrong(diagnosis="ch08.conv2d/kernel_flipped")
    return [result(f"right{i}", right) for i in range(3)] + [
        *(result(f"flipped{i}", flipped) for i in range(4)),
        result(
            "twice",
            exercise("conv2d", *(check(n, "failed", 1.5, diagnosis="ch08.conv2d/kernel_flipped") for n in "ab")),
        ),
        result("unnamed", wrong()),
        result("absent", untouched),
    ]


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and all text, of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def pages(tmp_path):
    def write(results, **more):
        path = write_report(tmp_path, results, **more)
        assert path == tmp_path / "report.html"
        return {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.rglob("*.html")}

    return write


# --- figures ------------------------------------------------------------------------------------------


def test_the_classs_figures():
    work = classwork(classroom(), FLIPPED)
    assert len(work.students) == 10 and work.median == pytest.approx(100 / 3)
    assert work.mean == pytest.approx((3 * 100 + 5 * 100 / 3) / 10)
    assert work.exercises["ch08.conv2d"] == {"solved": 3, "partly": 5, "wrong": 1, "not attempted": 1}
    assert work.means["ch08.conv2d"] == pytest.approx(work.mean / 100)


def test_a_diagnosis_counts_once_for_each_student():
    work = classwork(classroom(), FLIPPED)
    (mistake,) = work.diagnoses
    assert mistake.students == ["flipped0", "flipped1", "flipped2", "flipped3", "twice"]
    assert mistake.sentence == FLIPPED[mistake.id]
    assert [(m.id, m.students) for m in work.unnamed] == [("ch08.conv2d/test_a", ["unnamed"])]


def test_students_at_risk_are_listed_with_reasons_weakest_first():
    at_risk = classwork(classroom(), FLIPPED).at_risk
    assert [s.name for s in at_risk] == ["absent", "twice", "flipped0", "flipped1", "flipped2", "flipped3", "unnamed"]
    assert at_risk[0].risks == ["Less than half of the points: 0 of 3.", "Nothing was attempted."]
    assert at_risk[1].risks[1] == "1 of 1 exercises were attempted without a point."


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["passed", "passed"], "solved"),
        (["passed", "failed"], "partly"),
        (["passed", "not_attempted"], "partly"),
        (["failed", "not_attempted"], "wrong"),
        (["blocked", "blocked"], "blocked"),
        (["blocked", "failed"], "wrong"),
        (["not_attempted"], "not attempted"),
        (["passed", "error"], "grader's error"),
    ],
)
def test_every_exercise_is_in_one_state(verdicts, expected):
    assert state(exercise("conv2d", *(check("x", verdict) for verdict in verdicts))) == expected
    assert expected in STATES


# --- pages --------------------------------------------------------------------------------------------


def test_every_student_has_a_page_that_the_report_links_to(pages):
    found = pages(classroom(), sentences=FLIPPED)
    links = {a["href"] for tag, a in Page(found["report.html"]).tags if tag == "a"}
    assert links == {name for name in found if name != "report.html"} and len(links) == 10


def test_a_students_page_has_the_feedback_and_nobody_else(pages):
    found = pages(classroom(), sentences=FLIPPED)
    page = Page(found["flipped0/ch08.html"])
    for text in ("a holds.", "It is wrong.", FLIPPED["ch08.conv2d/kernel_flipped"], "1/3", "0/2"):
        assert text in page.text
    assert not any(f"flipped{i}" in page.text for i in (1, 2, 3)) and "seed" not in page.text


def test_pages_stand_alone(pages):
    for name, text in pages(classroom(), sentences=FLIPPED).items():
        page = Page(text)
        assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "img", "base"}, name
        for tag, attributes in page.tags:
            assert "src" not in attributes and not any(key.startswith("on") for key in attributes), (name, tag)
            assert not re.match(r"\w+:", attributes.get("href", "") or ""), (name, attributes)
        assert "url(" not in text and "@import" not in text
        assert "default-src 'none'" in text  # and if anything slipped through, a browser would not run it


def test_plots_are_inside_and_take_the_pages_colours(pages):
    text = pages(classroom(), sentences=FLIPPED)["report.html"]
    plots = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(plots) == 2 and all('role="img"' in plot and "var(--" in plot for plot in plots)
    assert "median 33" in plots[0] and "conv2d" in plots[1]
    assert not re.search(r'(fill|stroke)="#0[1-5]0[1-5]0', text)  # the stand-ins are all replaced


def test_dark_and_light_have_the_same_variables(pages):
    text = pages(classroom(), sentences=FLIPPED)["report.html"]
    light, dark = (set(re.findall(r"(--[\w-]+):", block)) for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL))
    assert light == dark and {f"--state-{i}" for i in range(len(STATES))} <= light
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= light


def test_nothing_from_a_student_is_more_than_text(pages):
    bad = wrong(message=HOSTILE, property="fine", diagnosis="ch08.conv2d/kernel_flipped")
    bad["checks"].append(
        check("c", "failed", message=f"✗ c\n  Property    c\n  Came back   {HOSTILE}\n  Wrong       {HOSTILE}")
    )
    found = pages([result(HOSTILE, bad, notes=[HOSTILE]), result("../../x", bad)], sentences=FLIPPED)
    for name, text in found.items():
        page = Page(text)
        assert not {tag for tag, _ in page.tags} & {"script", "img"}, name
        assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes), name
        assert "\x1b" not in text and "\u202e" not in text
    hostile = next(text for name, text in found.items() if "script" in name)
    for shown in ("<script>alert(1)</script>", "\\x1b[31m", "{{ 7*7 }}"):
        assert shown in Page(hostile).text


def test_grading_without_walls_is_said_at_the_top(pages):
    text = pages([result("ada", isolation="process"), result("bob")], sentences={})["report.html"]
    assert "Graded without walls." in text
    assert "Graded without walls." not in pages([result("ada")], sentences={})["report.html"]


def test_several_chapters_have_a_section_each(pages):
    other = result("ada") | {"chapter": "ch05"}
    text = pages([result("ada"), other], sentences={})["report.html"]
    assert [a["id"] for tag, a in Page(text).tags if tag == "section"] == ["ch05", "ch08"]


def test_a_class_of_one_and_a_class_without_a_mistake(pages):
    perfect = result("ada", exercise("conv2d", check("a")))
    page = Page(pages([perfect], sentences={})["report.html"])
    assert "1 submission, 1 exercise, 1 point\n" in page.text
    assert "Nobody: all have at least half" in page.text and "No mistake was recognised by name." in page.text


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"holds no result\. Grade into it first"):
        write_report(tmp_path)


# --- feedback texts -----------------------------------------------------------------------------------


def test_a_feedback_text_is_taken_apart():
    message = "✗ conv2d  failed\n  Property    conv2d slides.\n  Wrong       Bad.\n  Called      conv2d(\n"
    message += "              1,\n              2)\n  Mistake     Flipped."
    assert sections(message) == [("Wrong", "Bad."), ("Called", "conv2d(\n1,\n2)")]


@pytest.mark.parametrize("message", ["something else", "one\ntwo", "✗ x\n  Wrong       a\nb", HOSTILE])
def test_another_text_is_shown_as_it_is(message):
    assert sections(message) == [("", message)]
    assert sections("") == []


def test_the_feedback_of_the_kit_is_of_that_form(kit):
    from grader.build import open_local
    from grader.chapter import load_chapter
    from grader.feedback import plain
    from grader.judge import run_check

    chapter = load_chapter("ch77")
    student = open_local(chapter, {"small": ("def double(x):\n    return 3 * x\n", "small.py")})
    outcome = run_check(chapter.checks_of("double")[0], student, 1)
    labels = [label for label, _ in sections(plain(outcome, chapter))]
    assert labels[:4] == ["Wrong", "Called", "Came back", "Expected"]
