"""codex-trace-tui: the flight-recorder reader for coding agents."""
