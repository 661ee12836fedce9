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
