"""The `doctor` command."""

from __future__ import annotations

import argparse

from trace_tui.doctor.report import examine
from trace_tui.printing.library import open_library
from trace_tui.printing.machine import write_json
from trace_tui.printing.progress import scan_progress

ALL_IS_WELL = 0
NEEDS_CARE = 1


def run(arguments: argparse.Namespace) -> int:
    with open_library(arguments) as library:
        with scan_progress() as listener:
            library.refresh(listener)
        report = examine(library, catalog_failure=arguments.catalog_failure)
    if arguments.json:
        write_json(report.as_json())
    else:
        from trace_tui.doctor.page import print_report

        print_report(report)
    return NEEDS_CARE if report.needs_care else ALL_IS_WELL
