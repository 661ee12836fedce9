"""The untrusted end of the wire: a host that answers requests until the connection ends."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from grader import wire
from grader.host import Host
from grader.quiet import held_stderr


def quiet_tensorflow() -> None:
    """Settings under which numeric checks are fair: no TF32, the same op gives the same result. Runs no op."""
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.config.experimental.enable_op_determinism()
    # With several threads, TensorFlow 2.20 and 2.21's float32 matmul on a CPU writes out of bounds where a matrix is
    # broadcast over a batch with an axis of 1: garbage, or a crash, for right work (tensorflow issues 117700, 123109).
    with contextlib.suppress(RuntimeError):  # TensorFlow already runs: in a student's own notebook, say
        tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.get_logger().setLevel("ERROR")
    with held_stderr():  # looking for a GPU complains, from C++, where there is no driver
        tf.config.list_physical_devices("GPU")


def serve(connection: socket.socket) -> None:
    """Answer requests; the first must be {"do": "load", …Host's arguments}. Returns when the judge hangs up."""
    host: Host | None = None
    while True:
        try:
            message = wire.receive(connection)
        except wire.WireClosed:
            return
        if message["do"] == "load":
            quiet_tensorflow()
            host = Host(**message["host"])
            answer: dict[str, Any] = {"id": message["id"], "ok": True}
        else:
            assert host is not None
            answer = host.handle(message)
        try:
            wire.send(connection, answer)
        except wire.WireClosed:
            return
        except Exception as error:
            reason = {"type": "TypeError", "message": f"The answer cannot be sent: {error}", "frames": []}
            wire.send(connection, {"id": message["id"], "raised": reason})


def main() -> None:
    """Serve on the socket whose descriptor the environment names."""
    serve(socket.socket(fileno=int(os.environ["GRADER_FD"])))


if __name__ == "__main__":
    main()
