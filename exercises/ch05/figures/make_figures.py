"""Draws the figures of the lecture note: `python exercises/ch05/figures/make_figures.py` (needs matplotlib and solutions/)."""

import importlib.util
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE.parents[2] / "solutions" / "ch05"
BLUE, RED, GREEN, ORANGE, GREY = "#1f6fb2", "#c23b3b", "#2e8b57", "#d98a1f", "#8a8a8a"


def solution(name):
    """A module of solutions/, whose functions the figures show at work."""
    spec = importlib.util.spec_from_file_location(name, SOLUTIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(figure, name):
    """Write an SVG that is the same, byte for byte, every time."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight", transparent=False)
    plt.close(figure)


def activations():
    """Four activation functions and their derivatives."""
    x = np.linspace(-4, 4, 401)
    given = solution("activations")
    sigmoid = 1 / (1 + np.exp(-x))
    panels = [
        ("sigmoid", sigmoid, given.sigmoid_grad(x), None),
        ("tanh", np.tanh(x), given.tanh_grad(x), None),
        ("ReLU", np.maximum(x, 0), given.relu_grad(x), (0, 1)),
        ("leaky ReLU, α = 0.2", np.maximum(x, 0.2 * x), given.leaky_relu_grad(x, 0.2), (0.2, 1)),
    ]
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.6), sharey=True)
    for axis, (title, value, slope, kink) in zip(axes, panels, strict=True):
        axis.axhline(0, color=GREY, linewidth=0.6)
        axis.axvline(0, color=GREY, linewidth=0.6)
        axis.plot(x, value, color=BLUE, label="value")
        if kink is None:
            axis.plot(x, slope, color=RED, label="derivative")
        else:
            axis.plot(x[x < 0], slope[x < 0], color=RED, label="derivative")
            axis.plot(x[x > 0], slope[x > 0], color=RED)
            axis.plot([0, 0], kink, color=RED, linestyle=":", linewidth=2)
        axis.set(title=title, xlim=(-4, 4), ylim=(-1.1, 2))
    axes[0].legend(loc="upper left", frameon=False)
    save(figure, "activations")


def differences():
    """The error of a difference quotient over its step: too long is wrong, too short is noise."""
    steps = 10.0 ** np.linspace(-14, 0, 113)
    x, right = 1.0, np.cos(1.0)
    forward = np.abs((np.sin(x + steps) - np.sin(x)) / steps - right)
    central = np.abs((np.sin(x + steps) - np.sin(x - steps)) / (2 * steps) - right)
    figure, axis = plt.subplots(figsize=(6, 3.4))
    axis.loglog(steps, forward + 1e-17, color=ORANGE, label="forward  (f(x + ε) − f(x)) / ε")
    axis.loglog(steps, central + 1e-17, color=BLUE, label="central  (f(x + ε) − f(x − ε)) / 2ε")
    axis.loglog(steps[80:], 0.5 * steps[80:], color=GREY, linestyle="--", linewidth=1)
    axis.loglog(steps[72:], 0.1 * steps[72:] ** 2, color=GREY, linestyle="--", linewidth=1)
    axis.loglog(steps[:60], 1e-16 / steps[:60], color=GREY, linestyle="--", linewidth=1)
    axis.text(3e-3, 1e-2, "∝ ε", color=GREY)
    axis.text(2e-2, 3e-7, "∝ ε²", color=GREY)
    axis.text(1e-12, 1e-3, "rounding, ∝ 1/ε", color=GREY)
    axis.set(xlabel="ε", ylabel="error", title="derivative of sin at 1, by differences", ylim=(1e-13, 1))
    axis.legend(frameon=False, loc="lower left", fontsize=8)
    save(figure, "differences")


def graph():
    """Two affine layers with a ReLU between them: what flows forward, what flows back, and its shape."""
    nodes = [
        ("x", "[n, d₀]"),
        ("affine", "W₁, b₁"),
        ("ReLU", ""),
        ("affine", "W₂, b₂"),
        ("softmax\nloss", "labels"),
        ("L", "a number"),
    ]
    values = ["x", "z₁  [n, d₁]", "h₁  [n, d₁]", "z₂  [n, c]", "L"]
    back = ["", "∂L/∂z₁", "∂L/∂h₁", "∂L/∂z₂", "1"]
    figure, axis = plt.subplots(figsize=(11, 2.9))
    axis.set(xlim=(-0.6, 11.4), ylim=(-1.9, 1.5))
    axis.axis("off")
    for i, (name, below) in enumerate(nodes):
        at = 2.15 * i
        ends = i in (0, len(nodes) - 1)
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white" if ends else "#eef4fa", "edgecolor": GREY}
        axis.text(at, 0, name, ha="center", va="center", fontsize=12, bbox=box)
        inside = name == "affine"
        axis.text(at, -0.75 if not inside else -0.72, below, ha="center", va="top", fontsize=9, color=GREY)
        if inside:
            axis.annotate(
                "",
                (at, -1.62),
                (at, -1.05),
                arrowprops={"arrowstyle": "->", "color": RED, "linestyle": "--"},
            )
            axis.text(at + 0.1, -1.5, "dW, db", fontsize=9, color=RED)
        if i < len(nodes) - 1:
            arrow = {"arrowstyle": "->", "color": BLUE, "linewidth": 1.4}
            axis.annotate("", (at + 1.5, 0.16), (at + 0.65, 0.16), arrowprops=arrow)
            axis.text(at + 1.08, 0.5, values[i], ha="center", fontsize=9, color=BLUE)
            if i:
                arrow = {"arrowstyle": "->", "color": RED, "linewidth": 1.4, "linestyle": "--"}
                axis.annotate("", (at + 0.65, -0.16), (at + 1.5, -0.16), arrowprops=arrow)
                axis.text(at + 1.08, -0.52, back[i], ha="center", fontsize=9, color=RED)
    axis.text(0, 1.3, "forward →", color=BLUE, fontsize=11)
    axis.text(1.6, 1.3, "← backward", color=RED, fontsize=11)
    save(figure, "graph")


def paths():
    """Four optimisers in a ravine, and gradient descent on Himmelblau's function."""
    optimisers, numerical = solution("optimisers"), solution("numerical")

    def ravine(x):
        return 0.5 * (x[0] ** 2 + 20 * x[1] ** 2)

    def walk(f, start, step, count):
        state, path = (np.array(start), None), [np.array(start)]
        for t in range(1, count + 1):
            state = step(state[0], numerical.numerical_gradient(f, state[0], 1e-5), state[1], t)
            path.append(state[0])
        return np.array(path)

    def momentum(w, dw, v, t):
        return optimisers.momentum(w, dw, np.zeros(2) if v is None else v, 0.03, 0.85)

    def rmsprop(w, dw, cache, t):
        return optimisers.rmsprop(w, dw, np.zeros(2) if cache is None else cache, 0.1, 0.9, 1e-8)

    def adam(w, dw, state, t):
        m, v = (np.zeros(2), np.zeros(2)) if state is None else state
        w, m, v = optimisers.adam(w, dw, m, v, t, 0.3, 0.9, 0.999, 1e-8)
        return w, (m, v)

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1.25, 1))
    xs, ys = np.meshgrid(np.linspace(-5, 1.5, 70), np.linspace(-1.6, 1.9, 70))
    left.contour(xs, ys, ravine((xs, ys)), levels=np.geomspace(0.05, 60, 12), colors=GREY, linewidths=0.5)
    for name, colour, step in (
        ("SGD", BLUE, lambda w, dw, s, t: (optimisers.sgd(w, dw, 0.09), None)),
        ("momentum", RED, momentum),
        ("RMSProp", GREEN, rmsprop),
        ("Adam", ORANGE, adam),
    ):
        path = walk(ravine, (-4.5, 1.4), step, 40)
        left.plot(*path.T, color=colour, marker=".", markersize=4, linewidth=1, label=name)
    left.set(title="40 steps down a ravine, curvature 1 : 20", xlim=(-5, 1.5), ylim=(-1.6, 1.9))
    left.legend(frameon=True, loc="upper right", fontsize=8)

    def himmelblau(x):
        return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2

    xs, ys = np.meshgrid(np.linspace(-5.5, 5.5, 70), np.linspace(-5.5, 5.5, 70))
    right.contour(xs, ys, himmelblau((xs, ys)), levels=np.geomspace(1, 800, 14), colors=GREY, linewidths=0.5)
    for start in ((4.0, 0.0), (1.0, 0.0), (-4.0, 0.0), (-2.0, 2.0)):
        path = walk(himmelblau, start, lambda w, dw, s, t: (optimisers.sgd(w, dw, 0.01), None), 200)
        right.plot(*path.T, color=BLUE, marker=".", markersize=4, linewidth=1)
        right.plot(*start, color=RED, marker="o", markersize=5)
    right.set(title="Himmelblau: where you start decides where you end")
    save(figure, "paths")


if __name__ == "__main__":
    plt.rcParams.update({"svg.hashsalt": "ch05", "font.size": 9, "axes.titlesize": 10, "svg.fonttype": "path"})
    activations()
    differences()
    graph()
    paths()
