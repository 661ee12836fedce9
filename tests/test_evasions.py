"""Where a library is ruled out, hiding it is, too; and honest NumPy code is never taken for hiding."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.constraints import forbidden_names, is_bound, joined

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
        "import scipy\ndef f(x):\n    return globals()['scipy'].signal.convolve(x)",
        "import scipy\ndef g(x):\n    return scipy.signal.convolve(x)\ndef f(x):\n    return globals()['g'](x)",
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
        # A definition need not stand at the top level …
        "import scipy\nif True:\n    def f(x):\n        return scipy.signal.convolve(x)",
        "import scipy\ntry:\n    def f(x):\n        return scipy.signal.convolve(x)\nfinally:\n    pass",
        "import scipy\nfor f in [scipy.signal.convolve]:\n    pass",
        "import scipy\nwith open('x') as g:\n    f = scipy.signal.convolve",
        "import scipy\n[f := scipy.signal.convolve]",
        "from scipy.signal import convolve as f",
        "import scipy\ndef f(x):\n    return 1\ndef g():\n    global f\n    f = scipy.signal.convolve\ng()",
        "import scipy\ndef f(x):\n    return 1\nf.__defaults__ = (scipy.signal.convolve,)",
        # … and a library can be handed on without its functions being named.
        "import tensorflow as tf\nlib, = (tf,)\ndef f(x):\n    return lib.nn.conv2d(x)",
        "import tensorflow as tf\nclass K:\n    lib = tf\ndef f(x):\n    return K.lib.nn.conv2d(x)",
        "import tensorflow as tf\ndef go(lib, x):\n    return lib.nn.relu(x)\ndef f(x):\n    return go(tf, x)",
        "import tensorflow as tf\nlibs = {}\nlibs['a'] = tf\ndef f(x):\n    return libs['a'].nn.relu(x)",
        "import tensorflow as tf\nlibs = []\nlibs.append(tf)\ndef f(x):\n    return libs[0].nn.relu(x)",
        "from tensorflow import *\ndef f(x):\n    return nn.relu(x)",
        "import numpy as np\ndef f(x):\n    return np.testing._private.utils.sys.modules['tensor' + 'flow'].nn.relu(x)",
        "import sys\ndef f(x):\n    return sys.__dict__['mod' + 'ules']",
        "def g():\n    pass\ndef f(x):\n    return g.__getattribute__('__glo' + 'bals__')['scipy']",
        "import numpy as np\ndef f(x):\n    return list(map(getattr, [np], ['conv' + 'olve']))",
        "from grader.gradients import tape_vjp\ndef f(x):\n    return tape_vjp(x)",
        "def patch():\n    import ctypes\n    ctypes.CDLL(None)\npatch()\ndef f(x):\n    return x",
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
        "class Chain:\n    def __init__(self, *modules):\n        self.modules = modules\ndef f(x):\n    return Chain(x).modules",
        "def f(net):\n    return [module(1) for module in net.modules]",
        "def f(x):\n    gc = x @ x.T\n    return gc.copy()",
        "import numpy as np\ndef f(x):\n    code = np.sign(x)\n    inspect = x - 1\n    return code.astype(float), inspect.size",
        "class K:\n    def __init__(self, n):\n        self.sys = n\ndef f(x):\n    return K(x).sys",
        "import sys\nimport importlib\nimport numpy as np\ndef f(x):\n    return np.pad(x, 1)",
        "import importlib, other\nimportlib.reload(other)\ndef f(x):\n    return x",
        "import numpy as np\ndef f(x):\n    m = x.max()\n    return np.exp(x - m)",
        "def g(x):\n    return eval('1')\ndef f(x):\n    return x",
        "import numpy as np\nnp.set_printoptions(precision=3)\nnp.random.seed(0)\ndef f(x):\n    return np.sum(x)",
        "if __name__ == '__main__':\n    print(1)\ndef f(x):\n    return x",
        "class f:\n    def __init__(self):\n        super().__init__()\n        self.__dict__.update(a=1)",
        # A notebook's experiments, and a module's own tests, may use everything; names in them are not those in f.
        "import tensorflow as tf\ndef f(x):\n    return x + 1\nx = tf.constant(1.0)\nprint(f(x) - tf.nn.relu(x))",
        "import tensorflow as tf\ny = tf.constant(1.0)\ndef f(x):\n    y = x + 1\n    return [y for _ in range(3)]",
        "import tensorflow as tf\ny = tf.zeros(3)\ndef f(x):\n    return (lambda y: y)(x) + sum(y for y in x)",
        "import numpy as np\nimport tensorflow as tf\ndef f(x):\n    return np.abs(x)\nnp.testing.assert_allclose(f(1), tf.abs(1))",
        "import tensorflow as tf\ndef f(x):\n    return x\nif __name__ == '__main__':\n    f = tf.nn.relu\n    exec('1')",
        "import tensorflow as tf\ndef f(x: tf.Tensor):\n    if isinstance(x, tf.Tensor):\n        x = x.numpy()\n    return x",
        "from numpy import *\nfrom math import *\ndef f(x):\n    return sqrt(x)",
        "import inspect, gc\ndef f(x):\n    return x\nprint(inspect.getsource(f))\ngc.collect()",
        "from grader.notebook import check\nfrom grader.data import load\ndef f(x):\n    return x\ncheck('ch08.f')",
        "def f(x):\n    return [getattr(x, name)() for name in ('min', 'max')]",
        "class f:\n    def get_config(self):\n        return {k: getattr(self, k) for k in ('momentum', 'eps')}",
        "def g(x):\n    return x\ndef f(x):\n    return globals()['g'](x)",
        "import importlib.metadata\nassert importlib.metadata.version('numpy') > '1'\ndef f(x):\n    return x",
        "import sys\nsys.path.insert(0, '.')\nprint(sys.version)\ndef f(x):\n    return x",
    ],
)
def test_honest_code_is_left_in_peace(source: str) -> None:
    assert not found(source)


def test_the_kits_own_insides_are_forbidden_everywhere() -> None:
    source = "def f(x):\n    return x\ndef g():\n    import grader.host as h\n    h.same = lambda a, b: True"
    assert forbidden_names("f", "m", {"m": source}, ()) == [("m", "grader.host", 4)]


def test_a_definition_is_found_in_every_module_that_has_one() -> None:
    sources = {
        "m": "def f(x):\n    return 1\ndel f",
        "ch08": "import scipy\ndef f(x):\n    return scipy.signal.convolve(x)",
    }
    assert [what for _, what, _ in forbidden_names("f", "m", sources, PATTERNS)] == ["scipy.signal.convolve"]
    sources = {"m": "from other import *", "other": "import scipy\ndef f(x):\n    return scipy.signal.convolve(x)"}
    assert [what for _, what, _ in forbidden_names("f", "m", sources, PATTERNS)] == ["scipy.signal.convolve"]


@pytest.mark.parametrize(
    "source",
    [
        "from other import tf\ndef f(x):\n    return tf.nn.relu(x)",
        "from other import tf as np\ndef f(x):\n    return np.nn.relu(x)",
        "import other\ndef f(x):\n    return other.tf.nn.relu(x)",
        "from other import *\ndef f(x):\n    return tf.nn.relu(x)",
        "from third import tf\ndef f(x):\n    return tf.nn.relu(x)",
        "def f(x):\n    import other\n    return getattr(other, 'tf').nn.relu(x)",
    ],
)
def test_a_library_is_no_other_where_another_module_hands_it_on(source: str) -> None:
    sources = {
        "m": source,
        "other": "import tensorflow as tf\ndef g(x):\n    return x",
        "third": "from other import tf",
    }
    assert {what.partition(".")[0] for _, what, _ in forbidden_names("f", "m", sources, PATTERNS)} == {"tensorflow"}
    source = source.replace("nn.relu", "abs")  # where one function is ruled out, the others are not
    assert not forbidden_names("f", "m", sources | {"m": source}, ("tensorflow.nn.relu", "tensorflow.nn.conv*"))


def test_what_another_module_does_is_its_own_affair() -> None:
    sources = {"m": "def f(x):\n    return x", "other": "import pickle\nweights = pickle.load(open('w', 'rb'))"}
    assert not forbidden_names("f", "m", sources, PATTERNS)
    assert forbidden_names("f", "m", sources | {"m": "import other\n" + sources["m"]}, PATTERNS)


@pytest.mark.parametrize(
    ("sources", "bound"),
    [
        ({"m": "def f(x):\n    return x"}, True),
        ({"m": "if True:\n    from numpy import abs as f"}, True),
        ({"m": "from other import *", "other": "f = abs"}, True),
        ({"m": "def g(:"}, True),
        ({"m": "import sys\nsetattr(sys.modules[__name__], 'f', abs)"}, False),
        ({"m": "from numpy import *"}, False),
    ],
)
def test_whether_a_name_is_bound_where_one_can_read_it(sources: dict[str, str], bound: bool) -> None:
    assert is_bound("f", sources) is bound


@pytest.mark.parametrize(
    ("expression", "evades"),
    [
        ("getattr(tf.keras.layers, 'Batch' + 'Normalization')()", True),
        ("getattr(tf.keras.layers, kind)()", True),
        ("getattr(tf.keras, kind)", True),
        ("getattr(tf, f'raw_{kind}')", True),
        ("getattr(tf.keras.layers, f'{kind}Pooling2D')()", False),
        ("getattr(tf.keras.activations, kind)(x)", False),
        ("getattr(tf.nn, kind)(x)", False),
        ("getattr(tf, f'reduce_{kind}')(x)", False),
        ("getattr(tf, 'reduce_' + kind)(x)", False),
        ("getattr(helpers, kind)(x)", False),
        ("getattr(x, kind)()", False),
    ],
)
def test_a_computed_name_is_an_evasion_where_it_may_be_what_is_ruled_out(expression: str, evades: bool) -> None:
    import tensorflow  # noqa: F401 - what is in a library is looked up in the library

    source = f"import tensorflow as tf\nimport helpers\ndef f(x, kind):\n    return {expression}"
    patterns = ("*.BatchNormalization*", "*.FusedBatchNorm*", "torch.*")
    assert bool(forbidden_names("f", "m", {"m": source}, patterns)) is evades


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
