"""CPU time of a process tree, children that ended included, and its memory (PSS)."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root_pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    root = psutil.Process(root_pid)
    return [root, *root.children(recursive=True)]


def browsers() -> list[psutil.Process]:
    """Every Chromium process that descends from this one."""
    return [row for row in tree(os.getpid())[1:] if "chrom" in _name(row)]


def cpu_s(processes: list[psutil.Process]) -> float:
    """User and system time of the processes, with that of their ended children, in seconds."""
    total = 0.0
    for process in processes:
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        total += sum(int(fields[k]) for k in (11, 12, 13, 14)) / TICKS
    return total


def pss_mb(processes: list[psutil.Process]) -> float:
    """Proportional set size of the processes in MB."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 1e6


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""
