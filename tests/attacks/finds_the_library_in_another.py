# tries: reaches TensorFlow through a module that NumPy has imported
# outcome: the source, or the op itself, gives it away; failed
# exercises: conv2d
import numpy as np


def conv2d(x, w, b, stride=1, padding="valid"):
    modules = np.testing._private.utils.sys.modules
    return modules["tensor" + "flow"].nn.conv2d(x, w, stride, padding.upper()).numpy() + b
