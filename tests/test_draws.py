"""The inputs of a check: the same for everyone, and worth drawing."""

import subprocess
import sys

DRAW = """
import sys
sys.path.insert(0, {folder!r})
{load}
import hypothesis
from hypothesis import given, settings, strategies as st
import grader

@settings(max_examples=30, database=None)
@given(st.integers(0, 65535))
def draw(value):
    drawn.append(value)

drawn = []
for seed in range(10):
    hypothesis.seed(seed)(draw)()
print(drawn)
"""


def test_the_numbers_in_a_students_file_do_not_change_what_is_drawn(tmp_path):
    (tmp_path / "mine.py").write_text(f"numbers = {list(range(1000, 1400))}\n")

    def drawn(load: str) -> str:
        script = DRAW.format(folder=str(tmp_path), load=load)
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert drawn("import mine") == drawn("") != "[]\n"
