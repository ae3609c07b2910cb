"""What the log of a run says, sorted by what happened."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from clearhead.config import RunConfig
from clearhead.data.store import REPORT
from clearhead.errors import ClearheadError
from clearhead.run.diagnosis.finding import Finding
from clearhead.run.directory import RunDirectory

Record = Mapping[str, Any]
"""A line of the log."""
_REMEMBERED = 200
"""Lines of each kind that a run looks at while it learns, which may log a million steps: a millisecond."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known of a run: its settings, the report on its text, and its log."""

    config: RunConfig = field(default_factory=RunConfig)
    report: Sequence[Record] = ()
    """What was found in each corpus."""
    prepared: Record = field(default_factory=dict)
    """The facts of the text; {} before it is prepared."""
    steps: Sequence[Record] = ()
    """Of training, those that were logged."""
    skipped: Sequence[Record] = ()
    """Steps whose loss or gradient was not finite."""
    validations: Sequence[Record] = ()
    findings: Sequence[Finding] = ()
    """Those that the log has."""

    @classmethod
    def of(
        cls, records: Iterable[Record], *, config: RunConfig | None = None, report: Sequence[Record] = ()
    ) -> Self:
        """Sort the lines of a log; what other releases log besides is ignored."""
        kinds: dict[str, list[Record]] = {}
        for record in records:
            kinds.setdefault(str(record.get("event")), []).append(record)
        return cls(
            config=config or RunConfig(),
            report=report,
            prepared=(kinds.get("prepared") or [{}])[-1],
            steps=kinds.get("train", []),
            skipped=kinds.get("skipped", []),
            validations=kinds.get("valid", []),
            findings=[Finding.from_dict(record) for record in kinds.get("finding", ())],
        )

    @classmethod
    def read(cls, run: RunDirectory) -> Self:
        """Read what a run directory holds; a line that was cut off when the machine stopped is left out."""
        try:
            config = RunConfig.load(run.config_file)
        except ClearheadError:  # of another release: its log can be read nevertheless
            config = RunConfig()
        lines = run.log_file.read_bytes().splitlines() if run.log_file.exists() else []
        records = [record for line in lines if isinstance(record := _parsed(line), dict)]
        files = (run.path / REPORT, run.store / REPORT)
        reports = [_parsed(file.read_bytes()) for file in files if file.exists()]
        report = reports[0] if reports and isinstance(reports[0], list) else []
        return cls.of(records, config=config, report=report)

    def with_record(self, record: Record) -> Self:
        """Return it with one more line of the log, a step or a validation; the oldest ones are forgotten."""
        more = self.of([record])
        return replace(
            self,
            prepared=more.prepared or self.prepared,
            steps=[*self.steps, *more.steps][-_REMEMBERED:],
            skipped=[*self.skipped, *more.skipped][-_REMEMBERED:],
            validations=[*self.validations, *more.validations][-_REMEMBERED:],
        )

    def with_finding(self, finding: Finding) -> Self:
        """Return it with a finding that was told."""
        return replace(self, findings=[*self.findings, finding])

    @property
    def step(self) -> int:
        """The last step of which the log tells."""
        return max(
            (int(record.get("step", 0)) for record in (*self.steps[-1:], *self.validations[-1:])), default=0
        )

    def last(self, name: str, count: int) -> list[float]:
        """Return the last figures of logged steps, at most `count`; [] where a line lacks it, as in older logs."""
        values = [record.get(name) for record in self.steps[-count:]]
        return [float(value) for value in values if value is not None] if None not in values else []


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
