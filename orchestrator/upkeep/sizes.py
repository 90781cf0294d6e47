"""Sizes in words."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def say_size(num_bytes: float) -> str:
    """Write a size with the unit that fits, as in `12.3 MiB`."""
    for unit in UNITS[:-1]:
        if num_bytes < 1000:
            return f"{num_bytes:.0f} B" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1024
    return f"{num_bytes:,.1f} {UNITS[-1]}"


def say_count(number: int, noun: str) -> str:
    """Write a number with its noun, as in `1 file` and `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
