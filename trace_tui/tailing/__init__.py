"""What `codex-trace-tui tail` prints: a session as it goes on, line by line or as JSON events."""
