# tries: bidirectional controls that show a person other code than runs (CVE-2021-42574)
# outcome: what a person cannot read does not run; not attempted
# says: another order than it runs
def build(folder):
    path = folder / "mallory.py"
    text = 'def conv2d(x, w, b, stride=1, padding="valid"):\n    """Convolve.\u2067 """; import os; os._exit(0)\n'
    path.write_text(text, encoding="utf-8")
    return path
