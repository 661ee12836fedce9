"""*Not with …*: aliases are seen through, and other exercises of the module are left in peace."""

from __future__ import annotations

import pytest

from grader.constraints import forbidden_names, reached_source

PATTERNS = ("tensorflow.nn.conv*", "scipy.*", "numpy.convolve")


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf\ndef f(x):\n    return tf.nn.conv2d(x)",
        "import tensorflow\ndef f(x):\n    return tensorflow.nn.conv2d(x)",
        "from tensorflow import nn\ndef f(x):\n    return nn.conv2d(x)",
        "from tensorflow.nn import conv2d as c\ndef f(x):\n    return c(x)",
        "from scipy.signal import convolve2d\ndef f(x):\n    return convolve2d(x)",
        "def f(x):\n    import scipy.signal\n    return scipy.signal.convolve2d(x)",
        "def f(x):\n    from scipy import signal\n    return signal.convolve2d(x)",
        "import numpy as np\nconv = np.convolve\ndef f(x):\n    return conv(x)",
        "import numpy as np\ndef g(x):\n    return np.convolve(x)\ndef f(x):\n    return g(x)",
        "import numpy as np\nf = lambda x: np.convolve(x)",
        "import numpy as np\nclass f:\n    def call(self, x):\n        return np.convolve(x)",
        "import numpy as np\ndef f(x):\n    return list(map(np.convolve, x))",
    ],
)
def test_a_forbidden_function_is_found(source: str) -> None:
    assert forbidden_names("f", "m", {"m": source}, PATTERNS)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef g(x):\n    return np.convolve(x)\ndef f(x):\n    return x",
        "import tensorflow as tf\ndef f(x):\n    return tf.nn.relu(x)",
        "def f(x):\n    'np.convolve would be easy'\n    return x",
        "def f(convolve):\n    return convolve(1)",
        "import numpy as np\ndef f(x):\n    return np.conv",
        "def f(:",
        "import scipy\ndef f(x):\n    return x",
    ],
)
def test_what_is_not_used_is_not_found(source: str) -> None:
    assert not forbidden_names("f", "m", {"m": source}, PATTERNS)


def test_it_follows_the_students_own_modules() -> None:
    sources = {
        "m": "from other import g\ndef f(x):\n    return g(x)",
        "other": "import numpy as np\ndef g(x):\n    return np.convolve(x)",
    }
    assert forbidden_names("f", "m", sources, PATTERNS) == [("other", "numpy.convolve", 3)]


def test_only_a_change_that_reaches_an_exercise_changes_its_source() -> None:
    before = "def h(x):\n    return 1\ndef f(x):\n    return h(x)\ndef g(x):\n    return 2"
    comment = before.replace("def f(x):", "def f(x):  # here")
    other = before.replace("return 2", "return 3")
    deeper = before.replace("return 1", "return 4")
    same = reached_source("f", "m", {"m": before})
    assert reached_source("f", "m", {"m": comment}) == same
    assert reached_source("f", "m", {"m": other}) == same
    assert reached_source("f", "m", {"m": deeper}) != same
    assert reached_source("f", "m", {"m": "def f(:"}) is None
