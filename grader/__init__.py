"""A kit for learning and grading deep learning with TensorFlow."""
