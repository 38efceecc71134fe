"""Measure brokers side by side: `make bench-broker`, or with options `make bench-broker OPTIONS="--quick"`.

A complete and valid run writes bench/results/ and the README's tables; any other writes below var/bench/.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.broker import drain, fairness, growth, priority
from bench.broker.catalogue import ENGINES, Engine
from bench.broker.machine import CALM_LOAD, load, machine
from bench.broker.plan import FULL, QUICK, Plan
from bench.broker.processes import ROOT
from bench.broker.records import Invalid
from bench.broker.summary import Run, detail, summarise
from bench.broker.tables import markdown, paste

PARTS = ("drain", "priority", "fairness", "growth")


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    plan = QUICK if options.quick else FULL
    engines = [engine for engine in ENGINES if engine.name in options.engines]
    is_complete = not options.quick and options.only is None and len(engines) == len(ENGINES)
    if load() > CALM_LOAD:
        print(f"This machine isn't calm (load {load()}): the figures of this run will say little.", flush=True)
    about = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "plan": asdict(plan)}
    session = Session(plan)
    measured = measure(engines, session, (options.only,) if options.only else PARTS)
    is_complete = is_complete and not session.invalid
    folder = ROOT / ("bench/results" if is_complete else "var/bench")
    _write({**about, "invalid": session.invalid, **measured}, folder, ROOT / "bench/README.md" if is_complete else None)
    return 1 if session.invalid else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    names = [engine.name for engine in ENGINES]
    parser = argparse.ArgumentParser("make bench-broker", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run of everything, small")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--engines", nargs="+", choices=names, default=names, metavar="ENGINE", help=", ".join(names))
    return parser.parse_args(arguments)


def measure(engines: Sequence[Engine], session: "Session", parts: Sequence[str]) -> dict[str, Any]:
    """The results of some parts."""
    plan = session.plan
    millrace = [engine for engine in engines if engine.name == "millrace"]
    with_priorities = [engine for engine in engines if engine.has_priorities]
    turns = {"round robin": True, "first come, first served": False}
    measured: dict[str, Any] = {}
    if "drain" in parts:
        measured["drain"] = session.run({of.name: partial(drain.measure, of, plan) for of in engines})
    if "priority" in parts:
        measured["priority"] = session.run({of.name: partial(priority.measure, of, plan) for of in with_priorities})
    if "fairness" in parts and millrace:
        orders = {name: partial(fairness.measure, millrace[0], plan, fair=fair) for name, fair in turns.items()}
        measured["fairness"] = session.run(orders)
    if "growth" in parts and millrace:
        runs = [growth.measure(plan) for _ in range(plan.runs)]
        measured["growth"] = [summarise(rows) for rows in zip(*runs, strict=True)]
    return measured


@dataclass
class Session:
    """Runs what is to be compared in turn, and notes which runs don't count."""

    plan: Plan
    invalid: list[str] = field(default_factory=list)

    def run(self, candidates: Mapping[str, Callable[[Path], Run]]) -> dict[str, Run]:
        """For each candidate the summary of its runs, and the runs. Each time another one begins."""
        names, runs = list(candidates), dict[str, list[Run]]()
        for number in range(self.plan.runs):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                begun, verdict = time.monotonic(), "ok"
                try:
                    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
                        runs.setdefault(name, []).append(candidates[name](Path(folder)))
                except Invalid as reason:
                    verdict = f"invalid: {reason}"
                    self.invalid.append(f"{name}: {reason}")
                seconds = time.monotonic() - begun
                print(f"run {number + 1} of {self.plan.runs}, {name}: {verdict} ({seconds:.0f} s)", flush=True)
        kept = {name: of for name in names if (of := runs.get(name))}
        return {name: {**summarise(of), "runs": [detail(run) for run in of]} for name, of in kept.items()}


def _write(results: dict[str, Any], folder: Path, readme: Path | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"broker-{results['date']}.json"
    text = markdown(results)
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    if readme is not None:
        paste(readme, text)
    print(f"\n{text}\n{file.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
