# tries: puts HTML, terminal controls, CSV formulas and text that runs backwards into its feedback
# outcome: all of it is shown as text; failed
class Hostile(Exception):
    pass


Hostile.__name__ = "=HYPERLINK(0)"


def conv2d(x, w, b, stride=1, padding="valid"):
    raise Hostile("</pre><script>alert('x')</script>\x1b[2J\x1b]0;owned\x07\r=cmd|' /C calc'!A0 \u202egnihton\u2066 \x00 ]]>")


def im2col(x, kernel, stride=1, padding="valid"):
    return "\x1b[31m<b>bold</b>\u202e=1+1"
