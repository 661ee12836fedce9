"""Draws the figures of the chapter's README as SVG files beside this script. Needs matplotlib.

Run it as `python exercises/ch08/figures/make_figures.py`; the same script gives the same files.
"""

from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

HERE = Path(__file__).resolve().parent
INK, PALE, PAPER = "#24323f", "#c9d3dc", "#ffffff"
BLUE, ORANGE, GREEN, RED = "#4c8fd0", "#f0a04b", "#5fae72", "#d65f5f"

plt.rcParams.update(
    {
        "svg.hashsalt": "ch08",
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.titlesize": 10.5,
        "axes.titlecolor": INK,
        "figure.facecolor": PAPER,
    }
)


def blank(axes: Axes, width: float, height: float, title: str = "") -> None:
    """Turn axes into paper of this many units, with y growing downwards."""
    axes.set(xlim=(-0.3, width + 0.3), ylim=(height + 0.3, -0.3), aspect="equal")
    axes.axis("off")
    axes.set_title(title)


def grid(axes: Axes, values, left: float = 0, top: float = 0, colour=PAPER, side: float = 1.0, size: int = 10) -> None:
    """Draw a table of squares; `values` is a 2-D list of texts, `colour` one colour or a 2-D list of them."""
    for i, row in enumerate(values):
        for j, text in enumerate(row):
            face = colour if isinstance(colour, str) else colour[i][j]
            corner = (left + j * side, top + i * side)
            axes.add_patch(Rectangle(corner, side, side, facecolor=face, edgecolor=INK, linewidth=0.7))
            if text != "":
                axes.text(corner[0] + side / 2, corner[1] + side / 2, text, ha="center", va="center", fontsize=size)


def frame(axes: Axes, left: float, top: float, width: float, height: float, colour: str) -> None:
    """Draw a thick frame, slightly inside the given rectangle, so that neighbours stay apart."""
    rectangle = Rectangle((left + 0.08, top + 0.08), width - 0.16, height - 0.16, fill=False)
    rectangle.set(edgecolor=colour, linewidth=2.6)
    axes.add_patch(rectangle)


def save(figure, name: str) -> None:
    """Write the figure without a date, so that it is the same file every time."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def windows() -> None:
    """Windows and strides, without padding and with "same"."""
    figure, (valid, same) = plt.subplots(1, 2, figsize=(10, 4))
    colours = (BLUE, ORANGE, GREEN, RED)
    image = [["" for _ in range(6)] for _ in range(5)]
    blank(valid, 10, 5, '"valid", kernel 3×3, stride 2: an image of 5×6 gives 2×2')
    grid(valid, image)
    valid.add_patch(Rectangle((5, 0), 1, 5, facecolor=PALE, edgecolor=INK, linewidth=0.7))
    for n, (i, j) in enumerate(np.ndindex(2, 2)):
        frame(valid, 2 * j, 2 * i, 3, 3, colours[n])
    valid.annotate("", (7.7, 2.5), (6.3, 2.5), arrowprops={"arrowstyle": "->", "color": INK})
    grid(valid, [["", ""], ["", ""]], 7.9, 1.5, [colours[:2], colours[2:]])
    valid.text(5.5, 5.35, "no window\ngets here", ha="center", va="top", fontsize=8)

    blank(same, 11, 6, '"same", kernel 3×3, stride 2: the same image gives 3×3')
    outside = [[i in (0, 6) or j == 6 for j in range(7)] for i in range(7)]
    texts = [["0" if out else "" for out in row] for row in outside]
    grid(same, texts, 0, -1, [[PALE if out else PAPER for out in row] for row in outside], size=8)
    for i, j in np.ndindex(3, 3):
        same.plot(2 * j + 0.5, 2 * i - 0.5, marker="o", markersize=6, color=INK, alpha=0.75)
    frame(same, 0, -1, 3, 3, BLUE)
    frame(same, 4, 1, 3, 3, ORANGE)
    same.annotate("", (8.5, 2.5), (7.2, 2.5), arrowprops={"arrowstyle": "->", "color": INK})
    shades = [[PAPER] * 3 for _ in range(3)]
    shades[0][0], shades[1][2] = BLUE, ORANGE
    grid(same, [["" for _ in range(3)] for _ in range(3)], 8.7, 1.0, shades)
    same.set(xlim=(-0.3, 12), ylim=(7.2, -1.3))
    same.text(
        6,
        6.7,
        "dots: where windows start. Height 5: a zero above and below; width 6: one on the right",
        ha="center",
        fontsize=8,
    )
    save(figure, "windows")


def as_matrices() -> None:
    """The two ways to make a matrix product of a convolution: im2col, and the matrix W′."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.6), width_ratios=(1, 1.25))
    blank(left, 13, 7, "im2col: one row for every window")
    pixels = [[f"{3 * i + j + 1}" for j in range(3)] for i in range(3)]
    grid(left, pixels, 0, 1)
    frame(left, 0, 1, 2, 2, BLUE)
    frame(left, 1, 2, 2, 2, ORANGE)
    left.annotate("", (4.4, 2.5), (3.2, 2.5), arrowprops={"arrowstyle": "->", "color": INK})
    starts = [(0, 0), (0, 1), (1, 0), (1, 1)]
    rows = [[pixels[i + p][j + q] for p in (0, 1) for q in (0, 1)] for i, j in starts]
    grid(left, rows, 4.6, 0.5, [[c] * 4 for c in ("#bcd6f0", PAPER, PAPER, "#fbdcb8")])
    left.text(9.1, 2.5, "·", ha="center", va="center", fontsize=16)
    grid(left, [["a"], ["b"], ["c"], ["d"]], 9.6, 0.5)
    left.text(11.1, 2.5, "=", ha="center", va="center", fontsize=14)
    grid(left, [[""]] * 4, 11.6, 0.5, [["#bcd6f0"], [PAPER], [PAPER], ["#fbdcb8"]])
    left.text(1.5, 4.6, "image 3×3", ha="center", fontsize=9)
    left.text(6.6, 5.1, "4 windows × 4 entries", ha="center", fontsize=9)
    left.text(10.1, 5.1, "kernel", ha="center", fontsize=9)
    left.text(12.1, 5.1, "output", ha="center", fontsize=9)

    names = [["a", "b"], ["c", "d"]]
    matrix = np.full((4, 9), "", dtype=object)
    for row, (i, j) in enumerate(starts):
        for p, q in np.ndindex(2, 2):
            matrix[row, 3 * (i + p) + j + q] = names[p][q]
    shades = [["#d9ead9" if text else PAPER for text in row] for row in matrix]
    blank(right, 15, 9, "W′: one row for every output, one column for every pixel")
    grid(right, matrix, 0, 2.5, shades)
    for edge in (3, 6):
        right.plot([edge, edge], [2.2, 6.8], color=INK, linewidth=1.6)
    for n in range(3):
        right.text(3 * n + 1.5, 1.9, f"image row {n}", ha="center", fontsize=8.5)
    right.text(9.6, 4.5, "·", ha="center", va="center", fontsize=16)
    grid(right, [[str(n + 1)] for n in range(9)], 10.1, 0)
    right.text(11.7, 4.5, "=", ha="center", va="center", fontsize=14)
    grid(right, [[""]] * 4, 12.3, 2.5, "#d9ead9")
    right.text(4.5, 7.6, "empty squares are zeros", ha="center", fontsize=8.5)
    save(figure, "matrices")


def overlap() -> None:
    """In how many windows of 3×3 each pixel is, for three strides."""
    figure, axes = plt.subplots(1, 3, figsize=(9.5, 3.3))
    for stride, paper in zip((1, 2, 3), axes, strict=True):
        counts = np.zeros((7, 7), int)
        for i in range(0, 5, stride):
            for j in range(0, 5, stride):
                counts[i : i + 3, j : j + 3] += 1
        shades = [[plt.cm.Blues(0.08 * n) if n else PALE for n in row] for row in counts]
        blank(paper, 7, 7, f"stride {stride}")
        grid(paper, counts.tolist(), 0, 0, shades)
    save(figure, "overlap")


def norms() -> None:
    """Which entries share one mean and one variance, in the four normalisations."""
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.5))
    chosen = {
        "batch norm": lambda n, c, p: c == 1,
        "layer norm (last axis)": lambda n, c, p: n == 1 and p == 4,
        "instance norm": lambda n, c, p: n == 1 and c == 1,
        "group norm, 2 groups": lambda n, c, p: n == 1 and c < 3,
    }
    for (name, shares), paper in zip(chosen.items(), axes, strict=True):
        blank(paper, 23, 15, name)
        for n, c in np.ndindex(4, 6):
            shared = [shares(n, c, p) for p in range(9)]
            face = ORANGE if all(shared) else "#eef2f5"
            paper.add_patch(Rectangle((4 * c, 4 * n), 3, 3, facecolor=face, edgecolor=INK, linewidth=0.9))
            if any(shared) and not all(shared):
                paper.add_patch(Rectangle((4 * c + 1, 4 * n + 1), 1, 1, facecolor=ORANGE))
            ticks = [4 * c + 1, 4 * c + 2], [4 * n + 1, 4 * n + 2]
            paper.vlines(ticks[0], 4 * n, 4 * n + 3, color=PALE, linewidth=0.5)
            paper.hlines(ticks[1], 4 * c, 4 * c + 3, color=PALE, linewidth=0.5)
        paper.text(11.5, 16.3, "channels →", ha="center", fontsize=9)
        paper.text(-0.8, 7.5, "← samples", rotation=90, ha="right", va="center", fontsize=9)
        paper.set(xlim=(-2.2, 23.3), ylim=(16.8, -0.3))
    save(figure, "norms")


def relatives() -> None:
    """A dilated window, and a transposed convolution on a line."""
    figure, (dilated, transposed) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(1, 1.7))
    taps = [[ORANGE if i % 2 == 0 and j % 2 == 0 and i < 5 and j < 5 else PAPER for j in range(7)] for i in range(7)]
    blank(dilated, 7, 7, "a 3×3 kernel with dilation 2 spans 5×5")
    grid(dilated, [[""] * 7] * 7, 0, 0, taps)
    frame(dilated, 0, 0, 5, 5, RED)

    blank(transposed, 12, 6.4, "transposed, stride 2: each pixel lays down the kernel")
    grid(transposed, [["1", "2", "3"]], 4, 0, [["#bcd6f0", "#fbdcb8", "#cfe7d4"]])
    transposed.text(3.7, 0.5, "x", ha="right", va="center")
    for n, shade in enumerate(("#bcd6f0", "#fbdcb8", "#cfe7d4")):
        copy = [str((n + 1) * k) for k in (1, 10, 100)]
        grid(transposed, [copy], 2.3 + 2 * n, 1.6 + 1.1 * n, shade, size=9)
    sums = [["1", "10", "102", "20", "203", "30", "300"]]
    grid(transposed, sums, 2.3, 5.2, PAPER, size=9)
    transposed.text(2.0, 5.7, "sum", ha="right", va="center")
    transposed.text(2.0, 2.1, "kernel 1 10 100", ha="right", va="center", fontsize=9)
    transposed.set(xlim=(-2.5, 10.5))
    save(figure, "relatives")


def box(axes: Axes, x: float, y: float, text: str, face: str = "#eef2f5", width: float = 3.5) -> None:
    """Draw a labelled box with its centre at (x, y)."""
    corner = (x - width / 2, y - 0.36)
    shape = FancyBboxPatch(corner, width, 0.72, boxstyle="round,pad=0.04", facecolor=face, edgecolor=INK, zorder=3)
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=4)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow between two points."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0})


def residual() -> None:
    """A residual block with an identity shortcut, and one with a projection."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.6))
    labels = ("conv 3×3, stride 1", "batch norm, ReLU", "conv 3×3, stride 1", "batch norm")
    for paper, strided in zip(axes, (False, True), strict=True):
        blank(paper, 8.6, 8.6, "same shape: identity" if not strided else "stride 2 or other channels: projection")
        paper.text(2.5, 0.1, "x", ha="center", va="center", fontsize=12)
        for n, label in enumerate(labels):
            y = 1.5 + 1.25 * n
            text = label.replace("stride 1", "stride 2") if strided and n == 0 else label
            box(paper, 2.5, y, text, "#dbe8f5" if "conv" in label else "#eef2f5")
            arrow(paper, (2.5, y - 0.9 if n else 0.35), (2.5, y - 0.42))
        arrow(paper, (2.5, 5.65), (2.5, 6.18))
        paper.add_patch(plt.Circle((2.5, 6.45), 0.26, facecolor=PAPER, edgecolor=INK))
        paper.text(2.5, 6.45, "+", ha="center", va="center", fontsize=13)
        arrow(paper, (2.5, 6.72), (2.5, 7.2))
        box(paper, 2.5, 7.6, "ReLU")
        arrow(paper, (2.5, 8.0), (2.5, 8.6))
        paper.plot([2.5, 6.6, 6.6], [0.6, 0.6, 6.45], color=ORANGE, linewidth=2.2)
        paper.annotate("", (2.78, 6.45), (6.62, 6.45), arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 2.2})
        if strided:
            box(paper, 6.6, 2.9, "conv 1×1, stride 2", "#fbdcb8")
            box(paper, 6.6, 4.1, "batch norm", "#fbdcb8")
        paper.text(0.5, 3.4, "F(x)", ha="right", va="center", fontsize=11)
    save(figure, "residual")


if __name__ == "__main__":
    for draw in (windows, as_matrices, overlap, norms, relatives, residual):
        draw()
