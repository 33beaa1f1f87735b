"""`python -m trace_tui`."""

from trace_tui.cli import command_line

if __name__ == "__main__":
    command_line()
