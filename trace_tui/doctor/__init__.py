"""The `doctor` command: what was found where, what is damaged or unknown, and whether anything needs care."""
