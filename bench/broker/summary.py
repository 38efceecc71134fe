"""From runs to results: medians of rates and costs, percentiles over the samples of all runs."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from bench.broker.percentiles import spread

Run = dict[str, Any]


def summarise(runs: Iterable[Run]) -> Run:
    """One result out of several runs of the same: the median of a number, the spread of all samples of a list."""
    kept = list(runs)
    summary: Run = {}
    for name, value in kept[0].items():
        values = [run[name] for run in kept]
        if isinstance(value, list):
            summary[name] = spread([sample for samples in values for sample in samples])
        elif isinstance(value, dict) and name != "versions":
            summary[name] = summarise(values)
        else:
            summary[name] = median(values) if isinstance(value, int | float) else value
    return summary


def detail(run: Run) -> Run:
    """One run as the results keep it: samples give way to their spread."""
    return {name: spread(value) if isinstance(value, list) else value for name, value in run.items()}
