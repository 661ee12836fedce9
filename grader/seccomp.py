"""The system calls that a worker may make: a list of what is allowed, as container runtimes have it.

What is REFUSED fails with EPERM; what is on neither list does not exist (ENOSYS), so that libraries fall back on older
calls, and so that calls which later kernels bring are shut out too.
"""

from __future__ import annotations

import errno
import functools
import socket
from typing import Any

from grader import linux


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# After the default profile of moby (profiles/seccomp/default.json), less what no exercise needs: keys, System V shared
# memory, message queues, memory files (no limit would count them), accounting, the clock, and everything for root.
ALLOWED = _words(
    """
    accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres
    clock_gettime clock_nanosleep clone close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
    epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group
    faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync
    fgetxattr flistxattr flock fork fstat fstatfs fsync ftruncate futex futex_waitv futex_wait futex_wake
    futex_requeue futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd getdents getdents64
    getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
    getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr
    ioctl inotify_add_watch inotify_init inotify_init1 inotify_rm_watch kill landlock_add_rule
    landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr llistxattr lseek
    lstat madvise map_shadow_stack membarrier mincore mkdir mkdirat mlock mlock2 mmap mprotect mremap mseal msync
    munlock munmap nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2
    pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev
    pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2
    restart_syscall rmdir riscv_hwprobe rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
    sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
    sched_yield seccomp select sendfile sendmmsg sendmsg sendto set_robust_list set_tid_address setgid setgroups
    setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid
    shutdown sigaltstack signalfd signalfd4 socket socketpair splice stat statfs statx symlink symlinkat
    sync_file_range sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
    timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime
    utimensat utimes vfork wait4 waitid write writev
    """
)

# Named, so that whoever tries reads "not permitted", and so that a reader sees what matters.
REFUSED = _words(
    """
    ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp mount umount2 pivot_root chroot
    move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr unshare setns bpf perf_event_open
    userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key memfd_create
    memfd_secret shmget shmat shmctl shmdt semget semctl semop semtimedop msgget msgctl msgsnd msgrcv mq_open
    mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_load kexec_file_load init_module
    finit_module delete_module reboot swapon swapoff acct quotactl syslog open_by_handle_at name_to_handle_at
    fanotify_init fanotify_mark lookup_dcookie settimeofday clock_settime clock_adjtime adjtimex sethostname
    setdomainname iopl ioperm personality mbind set_mempolicy move_pages migrate_pages vhangup mknod mknodat
    setxattr lsetxattr fsetxattr removexattr sched_setscheduler sched_setparam sched_setattr ioprio_set vmsplice
    """
)

NAMESPACES = (
    linux.CLONE_NEWNS,
    linux.CLONE_NEWCGROUP,
    linux.CLONE_NEWUTS,
    linux.CLONE_NEWIPC,
    linux.CLONE_NEWUSER,
    linux.CLONE_NEWPID,
    linux.CLONE_NEWNET,
)
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into the terminal of whoever started us


class NoSeccomp(Exception):
    """libseccomp is not on this machine."""


@functools.cache
def worker_filters() -> tuple[Any, ...]:
    """Two filters, made but not loaded: `.load()` puts one on the calling process, for good; both must pass a call.

    They are two because in one filter libseccomp lets an unconditional rule swallow those that look at arguments.
    Raises NoSeccomp where libseccomp is missing.
    """
    try:
        import pyseccomp as sc
    except (ImportError, RuntimeError, OSError) as error:
        raise NoSeccomp(str(error)) from None
    known = sc.SyscallFilter(defaction=sc.ERRNO(errno.ENOSYS))
    for name in ALLOWED + REFUSED:
        _rule(sc, known, sc.ALLOW, name)
    permitted = sc.SyscallFilter(defaction=sc.ALLOW)
    no = sc.ERRNO(errno.EPERM)
    for name in REFUSED:
        _rule(sc, permitted, no, name)
    for flag in NAMESPACES:  # clone3 does not exist: it hides its flags in memory
        _rule(sc, permitted, no, "clone", sc.Arg(0, sc.MASKED_EQ, flag, flag))
    _rule(sc, permitted, no, "socket", sc.Arg(0, sc.NE, socket.AF_UNIX))
    for request in TERMINAL_INPUT:  # the kernel looks at the lower half of the number only
        _rule(sc, permitted, no, "ioctl", sc.Arg(1, sc.MASKED_EQ, 0xFFFFFFFF, request))
    return known, permitted


def _rule(sc: Any, made: Any, action: int, name: str, *conditions: Any) -> None:
    """Add a rule; a name that this libseccomp, or this machine, does not have is not callable anyway."""
    try:
        number = sc.resolve_syscall(sc.Arch.NATIVE, name)
    except (ValueError, OSError):
        return
    if 0 <= number < 2**31:
        made.add_rule(action, number, *conditions)
