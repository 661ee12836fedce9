# tries: defines the function inside of a try block, where a reader of the module's top level does not look
# outcome: the source, or the op itself, gives it away; failed
# exercises: conv2d
import tensorflow as tf

try:

    def conv2d(x, w, b, stride=1, padding="valid"):
        return tf.nn.conv2d(x, w, stride, padding.upper()).numpy() + b

finally:
    pass
