"""Student code under a host: what TensorFlow needs of it, in process and where its files do not lie on disk."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from grader import host as host_module
from grader.host import Host

BRANCH = """
import tensorflow as tf

def sign(x):
    if tf.reduce_sum(x) > 0:
        return x
    return -x
"""

PRODUCTS = """
import numpy as np
from grader.worker import quiet_tensorflow
quiet_tensorflow()
import tensorflow as tf
rng = np.random.default_rng(0)
for _ in range(500):
    b, h, w, k, n = (int(rng.integers(1, high)) for high in (4, 4, 10, 30, 4))
    a, m = rng.normal(size=(b, h, w, k)).astype("float32"), rng.normal(size=(k, n)).astype("float32")
    assert np.abs(tf.constant(a) @ tf.constant(m) - a @ m).max() < 1e-3, (a.shape, m.shape)
"""


def test_python_branches_on_tensors_work_in_a_graph() -> None:
    host = Host({"m": (BRANCH, "m.py")}, {"sign": {"module": "m", "arguments": "tensor"}})
    for x in (np.ones(3), -np.ones(3)):
        answer = host.handle({"id": 1, "do": "probe", "name": "in_graph", "args": ["sign", x], "kwargs": {}})
        assert "ok" in answer, answer
        np.testing.assert_array_equal(answer["ok"], np.ones(3))
    host.close()


LOST = """import tensorflow as tf

def doubled(x):
    return inner(x)

def inner(x):
    return 2 * x.numpy()
"""


def test_an_exception_inside_a_graph_shows_the_students_own_line() -> None:
    host = Host({"m": (LOST, "m.py")}, {"doubled": {"module": "m", "arguments": "tensor"}})
    request = {"id": 1, "do": "probe", "name": "in_graph", "args": ["doubled", np.ones(3)], "kwargs": {}}
    raised = host.handle(request)["raised"]
    assert raised["type"] == "AttributeError"
    assert raised["message"] == "'SymbolicTensor' object has no attribute 'numpy'"
    assert raised["frames"] == [
        ["m.py", 4, "doubled", "return inner(x)"],
        ["m.py", 7, "inner", "return 2 * x.numpy()"],
    ]
    host.close()


def test_products_with_a_broadcast_matrix_are_right() -> None:
    ended = subprocess.run([sys.executable, "-c", PRODUCTS], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]


def double_of(host: Host) -> dict:
    return host.handle({"id": 1, "do": "call", "name": "double", "args": [2], "kwargs": {}})


EXERCISES = {"double": {"module": "m", "arguments": "numpy"}}
FOREVER = "while True:\n    pass\n"
DOUBLE = "def double(x):\n    return 2 * x\n"


def test_a_cell_that_never_ends_costs_only_what_it_would_have_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "CELL_SECONDS", 0.3)
    assert double_of(Host({}, EXERCISES, cells=["import numpy as np", FOREVER, DOUBLE])) == {"id": 1, "ok": 4}
    raised = double_of(Host({}, EXERCISES, cells=[FOREVER + DOUBLE]))["raised"]
    assert raised["type"] == "TooSlow"
    assert raised["message"].startswith("It did not come to its end within 0 seconds")
    assert raised["frames"][-1][:2] in (["cell 1", 1], ["cell 1", 2])


def test_a_module_that_never_ends_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "MODULE_SECONDS", 0.3)
    host = Host({"m": (DOUBLE + FOREVER, "m.py")}, EXERCISES)
    first, started = double_of(host)["raised"], time.monotonic()
    assert double_of(host)["raised"] == first
    assert time.monotonic() - started < 0.2
    assert first["type"] == "TooSlow"


def test_an_alarm_within_an_alarm_leaves_the_outer_one_set() -> None:
    with pytest.raises(host_module.Interrupt), host_module.alarm(1.2):
        with pytest.raises(host_module.Interrupt), host_module.alarm(0.1):
            time.sleep(5)
        time.sleep(5)


def called(source: str, *calls: tuple, watch: bool = False) -> list[dict]:
    """What a host answers to these calls of the function f that a module defines."""
    host = Host({"m": (source, "m.py")}, {"f": {"module": "m", "arguments": "numpy"}})
    common = {"id": 1, "do": "call", "name": "f", "kwargs": {}, "watch": watch}
    return [host.handle({**common, "args": list(arguments)}) for arguments in calls]


def test_an_answer_stays_as_it_was_when_the_next_one_is_made() -> None:
    head = "import numpy as np\nkept = {}\ndef f(x):\n    out = kept.setdefault(x.shape, np.empty_like(x))\n"
    x = np.arange(3.0)
    answers = called(head + "    return np.multiply(x, 2, out=out)", (x,), (x,), (x + 1,))
    assert ["ok" in answer for answer in answers] == [True, True, False]
    assert answers[2]["raised"]["type"] == "Overwritten"
    answers = called(head + "    out[:] = 2 * x\n    return out.copy()", (x,), (x + 1,))
    assert np.array_equal(answers[1]["ok"], 2 * x + 2)


@pytest.mark.parametrize(
    ("body", "mutated"),
    [
        ("b[1] += 1", ["b[1]"]),
        ("b[0] = b[0].reshape(1, -1)", ["b[0]"]),
        ("b.pop()", ["b"]),
        ("b = [a.reshape(1, -1) for a in b]", []),
        ("b[0] = b[0].astype(float)", []),
    ],
)
def test_a_list_that_was_given_holds_what_it_held(body: str, mutated: list[str]) -> None:
    (answer,) = called(f"def f(b):\n    {body}\n    return 1", ([np.zeros(2), np.ones(2)],), watch=True)
    assert answer["ok"]["mutated"] == mutated


def test_a_decorated_function_takes_what_its_wrapper_takes() -> None:
    source = "import functools\ndef shifted(g):\n    @functools.wraps(g)\n    def f(x, by):\n        return g(x) + by\n    return f\n"
    taken, refused = called(f"{source}@shifted\ndef f(x):\n    return x", (1, 2), (1,))
    assert taken["ok"] == 3 and refused["raised"]["type"] == "WrongSignature"


def test_warnings_are_numpys_usual_ones() -> None:
    source = (
        "import numpy as np, warnings\ndef f(x):\n    warnings.simplefilter('error')\n    return np.float64(x) ** 2"
    )
    tiny, huge = called(source, (1e-200,), (1e200,))
    assert tiny["ok"] == 0 and huge["raised"]["type"] == "RuntimeWarning"


def test_a_number_in_extended_precision_is_a_float() -> None:
    source = "import numpy as np\ndef f(x):\n    return x.sum(dtype=np.longdouble)"
    (answer,) = called(source, (np.arange(3.0),))
    assert answer["ok"] == 3 and answer["ok"].dtype == np.float64
