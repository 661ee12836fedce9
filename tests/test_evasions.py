"""Where a library is ruled out, hiding it is, too; and honest NumPy code is never taken for hiding."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.constraints import forbidden_names, joined

PATTERNS = ("tensorflow.*", "scipy.*", "numpy.convolve")


def found(source: str) -> list[str]:
    return [what for _, what, _ in forbidden_names("f", "m", {"m": source}, PATTERNS)]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return exec('import scipy')",
        "def f(x):\n    e = eval\n    return e('1')",
        "def f(x):\n    return __import__('scipy').signal.convolve(x)",
        "import importlib\ndef f(x):\n    return importlib.import_module('sci' + 'py')",
        "from importlib import import_module as load\ndef f(x):\n    return load('scipy')",
        "def f(x):\n    from importlib import import_module\n    return import_module('scipy')",
        "import sys\ndef f(x):\n    return sys.modules['scipy']",
        "from sys import modules\ndef f(x):\n    return modules['scipy']",
        "import numpy as np\ndef f(x):\n    return getattr(np, 'conv' + 'olve')(x)",
        "import numpy as np\ndef f(x):\n    return getattr(np, 'convolve')(x)",
        "import numpy as np\ndef f(x):\n    m = np\n    return m.convolve(x)",
        "import numpy as np, tensorflow as tf\nnp.conv = tf.nn.conv2d\ndef f(x):\n    return np.conv(x)",
        "exec('from scipy.signal import convolve as g')\ndef f(x):\n    return g(x)",
        "globals()['g'] = __import__('scipy')\ndef f(x):\n    return g(x)",
        "def f(x):\n    return ().__class__.__base__.__subclasses__()",
        "def g():\n    pass\ndef f(x):\n    return g.__globals__['scipy']",
        "import ctypes\ndef f(x):\n    return ctypes.CDLL('x')",
        "import subprocess\ndef f(x):\n    return subprocess.run(['python'])",
        "import operator, numpy\ndef f(x):\n    return operator.attrgetter('convolve')(numpy)(x)",
        "def f(x):\n    return 1\ny = " + "-" * 20_000 + "1",
        "x = 1\n" * 300_000,
    ],
)
def test_hiding_a_library_is_found(source: str) -> None:
    assert found(source)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef f(x):\n    vars = x.var(axis=0)\n    compile = 2\n    return vars * compile",
        "import numpy as np\ndef compile(x):\n    return x\ndef f(x):\n    return compile(x)",
        "import numpy as np\ndef f(x):\n    return getattr(x, 'dtype', None)",
        "import sys\nimport importlib\nimport numpy as np\ndef f(x):\n    return np.pad(x, 1)",
        "import importlib, other\nimportlib.reload(other)\ndef f(x):\n    return x",
        "import numpy as np\ndef f(x):\n    m = x.max()\n    return np.exp(x - m)",
        "def g(x):\n    return eval('1')\ndef f(x):\n    return x",
        "import numpy as np\nnp.set_printoptions(precision=3)\nnp.random.seed(0)\ndef f(x):\n    return np.sum(x)",
        "if __name__ == '__main__':\n    print(1)\ndef f(x):\n    return x",
        "class f:\n    def __init__(self):\n        super().__init__()\n        self.__dict__.update(a=1)",
    ],
)
def test_honest_code_is_left_in_peace(source: str) -> None:
    assert not found(source)


def test_a_broken_cell_does_not_hide_the_others() -> None:
    cells = ["import scipy", "def g(:", "def f(x):\n    return scipy.signal.convolve(x)"]
    assert found(joined(cells)) == ["scipy.signal.convolve"]


def test_no_reference_hides_anything() -> None:
    root = Path(__file__).resolve().parents[1] / "solutions"
    for path in sorted(root.glob("ch*/*.py")):
        if not (path.parent / f"test_{path.name}").exists():
            continue
        sources = {path.stem: path.read_text()}
        names = [line.split("(")[0].split(":")[0][4:] for line in sources[path.stem].splitlines() if line[:4] == "def "]
        for name in names:
            assert not forbidden_names(name, path.stem, sources, ("nothing.*",)), (path, name)
