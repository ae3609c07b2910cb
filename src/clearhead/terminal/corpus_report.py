"""What was found in the corpora of a run, for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from clearhead.data.faults import HINTS, REMEDIES


def report_table(reports: Iterable[Mapping[str, Any]]) -> Table:
    """Return a row for each corpus and each fault found in it, with the first place of it."""
    table = Table(padding=(0, 1))
    table.add_column("corpus", overflow="fold")
    table.add_column("pairs", justify="right")
    table.add_column("what became of them")
    table.add_column("first at", overflow="fold")
    for report in reports:
        table.add_row(escape(report["name"]), f"{report['pairs_read']:,}", "read", "")
        for fault, entry in report["faults"].items():
            sample = entry["samples"][0]
            key = REMEDIES.get(fault)
            fate = (
                "left out"
                if entry["left_out"]
                else _kept(entry) + (f" ({key} = true leaves them out)" if key else "")
            )
            fate += f"; {HINTS[fault]}" if fault in HINTS else ""
            table.add_row(
                "", f"{entry['count']:,}", f"{fault}: {fate}", escape(f"{sample['file']}:{sample['line']}")
            )
        table.add_row("", f"{report['pairs_kept']:,}", "kept", "", end_section=True)
    return table


def warnings(reports: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield how files were understood, and a line for each fault that was found and did not leave its pairs out."""
    for report in reports:
        yield from report.get("notes", ())
        for fault, entry in report["faults"].items():
            if not entry["left_out"]:
                sample, key = entry["samples"][0], REMEDIES.get(fault)
                remedy = f"; {_kept(entry)}; data.filters.{key} = true leaves them out" if key else ""
                remedy += f"; {HINTS[fault]}" if fault in HINTS else ""
                yield (
                    f"{entry['count']:,} of {report['pairs_read']:,} pairs: {fault}, first at "
                    f"{sample['file']}:{sample['line']}{remedy}"
                )


def _kept(entry: Mapping[str, Any]) -> str:
    """Say how many pairs stayed with a fault that leaves none out."""
    return f"{entry['count'] - entry['lost']:,} of them kept" if entry.get("lost") else "kept"
