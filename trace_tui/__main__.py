"""`python -m trace_tui`."""

import sys

from trace_tui.cli import main

sys.exit(main())
