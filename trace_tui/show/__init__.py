"""What `codex-trace-tui show` prints: for people, and as JSON."""
