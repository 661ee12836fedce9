# tries: gives TensorFlow other names, one after the other, and never writes tensorflow.nn
# outcome: the source, or the op itself, gives it away; failed
# exercises: conv2d
import tensorflow as tf

(library,) = (tf,)
tools = {"a": library}


def conv2d(x, w, b, stride=1, padding="valid"):
    return tools["a"].nn.conv2d(x, w, stride, padding.upper()).numpy() + b
