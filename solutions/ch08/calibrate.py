"""What the references of capstone.py reach: `grader calibrate ch08` runs measure for many seeds.

The trainings are those of the checks in exercises/ch08/test_capstone.py, with and without a GPU; where there is none the
bigger ones are measured on the CPU, which takes about a minute for each seed.
"""

from grader.build import reference_modules
from grader.chapter import load_chapter
from grader.host import Host
from grader.student import Local, Student
from grader.training import accuracy, mean_cross_entropy

METRICS = {
    "fit_lenet": "accuracy on 2,000 test images of Fashion-MNIST after 4 epochs of 3,200",
    "fit_lenet_loss": "mean cross-entropy on 2,000 test images of Fashion-MNIST after 4 epochs of 3,200",
    "fit_lenet_drawn": "accuracy on 500 new images of drawn classes after 8 epochs of 960",
    "fit_lenet_shuffled": "accuracy on 2,000 test images of Fashion-MNIST after an epoch of 640 with shuffled labels",
    "fit_lenet_gpu": "accuracy on 2,000 test images of Fashion-MNIST after 5 epochs of 10,000",
    "fit_lenet_gpu_loss": "mean cross-entropy on 2,000 test images of Fashion-MNIST after 5 epochs of 10,000",
    "fit_resnet": "accuracy on 1,000 new coloured figures of 16×16 after 12 epochs of 320",
    "fit_resnet_known": "accuracy on 300 of the coloured figures trained on, 12 epochs of 320 of 16×16",
    "fit_resnet_gpu": "accuracy on 1,000 new coloured figures of 32×32 after 5 epochs of 2,000",
    "fit_resnet_gpu_known": "accuracy on 300 of the coloured figures trained on, 5 epochs of 2,000 of 32×32",
}
PATIENCE = 3600  # seconds for a training: a busy machine is no reason to lose a measurement
LOWER_IS_BETTER = {"fit_lenet_loss", "fit_lenet_shuffled", "fit_lenet_gpu_loss"}


def measure(seed: int, names: set[str]) -> dict[str, float]:
    """Train the references once with each budget that these metrics need: metric → figure."""
    chapter = load_chapter("ch08")
    checks = chapter.sources["test_capstone"]
    figures: dict[str, float] = {}

    def student(exercise):
        host = Host(**chapter.host_arguments(reference_modules(chapter)))
        opened = Student(Local(host), {exercise: PATIENCE})
        opened.exercise = exercise
        return opened

    for name, budget in (("fit_lenet", checks.LENET), ("fit_lenet_gpu", checks.LENET_GPU)):
        if names & {name, f"{name}_loss"}:
            report, labels = checks.lenet_run(student("fit_lenet"), budget, seed)
            figures[name] = accuracy(report["inference"], labels)
            figures[f"{name}_loss"] = mean_cross_entropy(report["inference"], labels)
    if "fit_lenet_drawn" in names:
        report, labels = checks.drawn_run(student("fit_lenet"), seed)
        figures["fit_lenet_drawn"] = accuracy(report["inference"], labels)
    if "fit_lenet_shuffled" in names:
        answers = checks.shuffled_run(student("fit_lenet"), seed)
        figures["fit_lenet_shuffled"] = accuracy(answers, checks.clothes()[1][1])
    for name, budget in (("fit_resnet", checks.RESNET), ("fit_resnet_gpu", checks.RESNET_GPU)):
        if names & {name, f"{name}_known"}:
            report, labels = checks.resnet_run(student("fit_resnet"), budget, seed)
            known, new = slice(checks.KNOWN), slice(checks.KNOWN, None)
            figures[name] = accuracy(report["inference"][new], labels[new])
            figures[f"{name}_known"] = accuracy(report["inference"][known], labels[known])
    return figures
