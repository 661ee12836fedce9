"""The report's plots, as SVG that takes its colours from the page (so that one file serves light and dark)."""

from __future__ import annotations

from grader.classwork import STATES, Classwork

# Colours that stand for the page's CSS variables: vl-convert needs real ones, the page wants its own.
_VARIABLES = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    **{f"#0505{i:02x}": f"var(--state-{i})" for i in range(len(STATES))},
}
_INK, _MUTED, _LINE, _ACCENT, *_STATE = _VARIABLES


def distribution(work: Classwork) -> str:
    """A histogram of the class's percentages, ten bins, with the median."""
    import altair as alt

    counts = [0] * 10
    for value in work.percents:
        counts[min(int(value // 10), 9)] += 1
    rows = [{"low": 10 * i, "high": 10 * i + 10, "students": n} for i, n in enumerate(counts)]
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=_ACCENT, binSpacing=2)
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title="score in per cent",
                axis=alt.Axis(values=list(range(0, 101, 10))),
            ),
            x2="high:Q",
            y=alt.Y("students:Q", title="students", axis=alt.Axis(tickMinStep=1, format="d")),
        )
    )
    middle = alt.Chart(alt.Data(values=[{"median": work.median, "text": f"median {work.median:.0f}"}]))
    rule = middle.mark_rule(color=_INK, strokeDash=[4, 3], strokeWidth=1.5).encode(x="median:Q")
    side = -1 if work.median > 80 else 1
    text = middle.mark_text(
        color=_INK, align="right" if side < 0 else "left", dx=5 * side, baseline="top", fontSize=12
    ).encode(x="median:Q", y=alt.value(-14), text="text:N")
    return _svg(alt.layer(bars, rule, text).properties(width=480, height=330), "Distribution of the class's scores")


def exercises(work: Classwork) -> str:
    """One bar an exercise: how many students solved it, partly, or not."""
    import altair as alt

    order = list(work.exercises)
    short = {name: name.partition(".")[2] or name for name in order}
    rows = [
        {"exercise": short[name], "state": label, "students": counts[label], "rank": rank}
        for name, counts in work.exercises.items()
        for rank, label in enumerate(STATES)
        if counts[label]
    ]
    used = [label for label in STATES if any(counts[label] for counts in work.exercises.values())]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height={"band": 0.78})
        .encode(
            y=alt.Y("exercise:N", sort=[short[name] for name in order], title=None),
            x=alt.X(
                "students:Q",
                title="students",
                axis=alt.Axis(tickMinStep=1, format="d"),
                scale=alt.Scale(domain=[0, len(work.students)], nice=False),
            ),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=used, range=[_STATE[list(STATES).index(label)] for label in used]),
                legend=alt.Legend(orient="top", title=None, columns=6, labelLimit=240, symbolType="square"),
            ),
            order=alt.Order("rank:Q"),
        )
        .properties(width=840, height={"step": 22})
    )
    return _svg(chart, "How far the class came, exercise by exercise")


def _svg(chart, label: str) -> str:
    """The chart as an SVG element with a label for screen readers, sized by the page."""
    import vl_convert

    # Room on the left: labels are measured in one font and shown in the reader's, which may be wider.
    sides = {"left": 24, "right": 12, "top": 5, "bottom": 5}
    chart = chart.configure(background="transparent", padding=sides).configure_view(strokeWidth=0)
    chart = chart.configure_axis(
        labelColor=_INK, titleColor=_MUTED, titleFontWeight="normal", labelFontSize=12, titleFontSize=12,
        gridColor=_LINE, domainColor=_LINE, tickColor=_LINE, labelLimit=240,
    ).configure_legend(labelColor=_INK, labelFontSize=12)  # fmt: skip
    svg = vl_convert.vegalite_to_svg(chart.to_json())
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    size, _, rest = svg.partition(">")
    width = size.partition('width="')[2].partition('"')[0]
    box = size.partition('viewBox="')[2].partition('"')[0]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" aria-label="{label}" '
        f'style="width:100%;max-width:{width}px;height:auto">{rest}'
    )
