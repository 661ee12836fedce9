# nbgrader reads this file in this folder. https://nbgrader.readthedocs.io/en/stable/configuration/config_options.html
c = get_config()  # noqa: F821 - nbgrader defines it

# Student code runs in isolation, not in a kernel; grades and feedback are written into the test cells.
try:
    from grader.nbgrader_preprocessor import configure

    configure(c)
except Exception as error:  # nbgrader would only log it, and run student code without any walls
    raise SystemExit(f"The grader kit cannot be set up in this environment: {error}") from error

c.CourseDirectory.course_id = "deep-learning"

# How: "bwrap" (walls around student code) or "process" (none: only for students whom you trust with this machine).
# c.IsolatedGrader.isolation = "process"
# How many submissions at once; by default one a core.
# c.IsolatedGrader.jobs = 2
# The seed of the checks' random cases. By default one is drawn for the course, and kept in results/seed.txt.
# c.IsolatedGrader.seed = 1
