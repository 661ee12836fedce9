# nbgrader reads this file in this folder. https://nbgrader.readthedocs.io/en/stable/configuration/config_options.html
from grader.nbgrader_preprocessor import configure

c = get_config()  # noqa: F821 - nbgrader defines it

# Student code runs in isolation, not in a kernel; grades and feedback are written into the test cells.
configure(c)

c.CourseDirectory.course_id = "deep-learning"

# How: "bwrap" (walls around student code) or "process" (none: only for students whom you trust with this machine).
# c.IsolatedGrader.isolation = "process"
# How many submissions at once; by default one a core.
# c.IsolatedGrader.jobs = 2
# The seed of the checks' random cases. Another seed grades everybody anew.
# c.IsolatedGrader.seed = 1
