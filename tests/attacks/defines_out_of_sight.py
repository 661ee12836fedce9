# tries: defines the function where no reader of the source finds it
# outcome: the source, or the op itself, gives it away; failed
# exercises: conv2d
import tensorflow as tf


def make(namespace):
    namespace.update(
        {
            "conv" + "2d": lambda x, w, b, stride=1, padding="valid": (
                tf.nn.conv2d(x, w, stride, padding.upper()).numpy() + b
            )
        }
    )


make(locals())
