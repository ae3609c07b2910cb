"""What is logged while progress is drawn stands above it."""

import io
import logging
import sys

from clearhead import cli
from clearhead.terminal.console import SafeConsole
from clearhead.terminal.gauge import Gauge


def test_a_note_goes_where_standard_error_is_now(monkeypatch):
    """As rich has it: what is printed goes through the console, which redraws the line below."""
    handler = cli._StandardError()
    before, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    handler.emit(logging.makeLogRecord({"msg": "first"}))
    monkeypatch.setattr(sys, "stderr", now)
    handler.emit(logging.makeLogRecord({"msg": "second"}))
    assert (before.getvalue(), now.getvalue()) == ("first\n", "second\n")


def test_a_note_is_a_line_above_what_is_drawn(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    console = SafeConsole(file=file, force_terminal=True, color_system=None, width=60)
    handler = cli._StandardError()
    with Gauge(console, "translating"):
        handler.emit(logging.makeLogRecord({"msg": "converting the model"}))
        drawn = file.getvalue()
    note = drawn.index("converting the model\n")
    assert "translating" in drawn[note:], "the line is drawn again below the note"
