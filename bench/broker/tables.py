"""Results as Markdown: a file beside the JSON, and the marked section of the README."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.broker.catalogue import ENGINES

BEGIN, END = "<!-- results: written by make bench-broker -->", "<!-- end of results -->"
TITLES = {engine.name: engine.title for engine in ENGINES}
OPERATIONS = ("enqueue", "take_and_acknowledge", "position", "rescore")


def markdown(results: Mapping[str, Any]) -> str:
    """All tables of those parts that were measured."""
    parts: dict[str, Callable[[Any], str]] = {
        "drain": _drain,
        "priority": _priority,
        "fairness": _fairness,
        "growth": _growth,
    }
    invalid = [f"Invalid, and not counted: {reason}." for reason in results["invalid"]]
    sections = [_where(results), *invalid, *(write(results[name]) for name, write in parts.items() if name in results)]
    return "\n\n".join(sections) + "\n"


def paste(readme: Path, text: str) -> None:
    """Replace the marked section of the README."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def _where(results: Mapping[str, Any]) -> str:
    at = results["machine"]
    versions = {
        name: version
        for part in ("drain", "priority")
        for result in results.get(part, {}).values()
        for name, version in result["versions"].items()
        if name not in ("redis", "hiredis")
    }
    facts = [
        f"{at['cores']} × {at['cpu']}",
        at["system"],
        at["redis"],
        f"Python {at['python']}",
        f"Node {at['node']}",
        f"Millrace {at['commit']}",
        *(f"{name} {version}" for name, version in sorted(versions.items())),
    ]
    return f"{results['date']}: {', '.join(facts)}. Runs: {results['plan']['runs']}. Load before: {at['load_before']}."


def _drain(results: Mapping[str, Mapping[str, Any]]) -> str:
    head = (
        "Engine", "jobs", "sent/s", "in calls of 1,000", "run/s, 1 process", "2 processes",
        "pick-up when idle, ms p50 / p99", "at 50 jobs/s, ms p50 / p99",
        "CPU µs a job: worker / Redis", "idle: CPU % / Redis commands a second",
    )  # fmt: skip
    rows = (
        (
            TITLES[name],
            _whole(of["messages"]),
            _whole(of["sent_per_second"]),
            _whole(of["sent_together_per_second"]),
            _whole(of["drained_per_second"]),
            _whole(of["drained_per_second_by_two"]),
            _spread(of["idle_milliseconds"]),
            _spread(of["paced_milliseconds"]),
            f"{_whole(of['worker_microseconds_per_job'])} / {_whole(of['redis_microseconds_per_job'])}",
            f"{of['idle_cpu_percent']:.1f} / {of['idle_commands_per_second']:.0f}",
        )
        for name, of in results.items()
    )
    samples = {
        when: max((of[f"{when}_milliseconds"]["n"] for of in results.values()), default=0) for when in ("idle", "paced")
    }
    notes = f"Pick-ups measured for each engine: {samples['idle']} idle, {samples['paced']} at 50 jobs/s."
    return _titled("Jobs that do nothing", _table(head, rows), notes)


def _priority(results: Mapping[str, Mapping[str, Any]]) -> str:
    head = ("Engine", "critical jobs", "beyond the first free thread, ms p50 / p99 / max", "whole wait, ms p50 / p99")
    rows = (
        (
            TITLES[name].split(",")[0],
            _whole(of["beyond_milliseconds"]["n"]),
            f"{_spread(of['beyond_milliseconds'])} / {_milliseconds(of['beyond_milliseconds']['max'])}",
            _spread(of["wait_milliseconds"]),
        )
        for name, of in results.items()
    )
    return _titled("A critical job behind a backlog of low ones", _table(head, rows))


def _fairness(results: Mapping[str, Mapping[str, Any]]) -> str:
    rows = (
        (name, _spread(of["wait_milliseconds"]), _milliseconds(of["wait_milliseconds"]["max"]))
        for name, of in results.items()
    )
    head = ("Turns", "wait of each of the ten, ms p50 / p99", "the last of them, ms")
    return _titled("Ten jobs behind another submitter's backlog", _table(head, rows))


def _growth(results: Sequence[Mapping[str, Any]]) -> str:
    head = ("Waiting", *(f"{name.replace('_', ' ')}, µs p50 / p99 (in Redis)" for name in OPERATIONS), "bytes a job")
    rows = (
        (
            _whole(of["waiting"]),
            *(f"{of[name]['p50']:.0f} / {of[name]['p99']:.0f} ({of[name]['redis']:.0f})" for name in OPERATIONS),
            _whole(of["bytes_per_job"]),
        )
        for of in results
    )
    return _titled("What an operation costs as the backlog grows", _table(head, rows))


def _titled(title: str, *paragraphs: str) -> str:
    return "\n\n".join((f"### {title}", *paragraphs))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruler = ["-", *("-:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ruler, *rows))


def _whole(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:,.0f}"


def _milliseconds(figure: float) -> str:
    return f"{figure:.1f}" if figure < 100 else f"{figure:,.0f}"


def _spread(of: Mapping[str, float]) -> str:
    return f"{_milliseconds(of['p50'])} / {_milliseconds(of['p99'])}"
