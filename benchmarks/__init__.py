"""Figures about speed and memory, each beside a floor taken in the same run: `python -m benchmarks`."""
