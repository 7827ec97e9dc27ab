"""What the process keeps in memory, as Linux counts it."""

from pathlib import Path


def megabytes(name):
    """A line of the process's status, which is in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/self/status has no {name} line: memory is measured on Linux only")


def forget_peak():
    """Lets the peak begin anew, for loading may take more for a moment; false where the system does not let."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True
