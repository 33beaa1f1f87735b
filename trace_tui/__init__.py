"""codex-trace-tui: the flight-recorder reader for coding agents."""

__version__ = "0.1.0"
