"""`cachesim replay FILE…`: what would the builds of a written-down scenario do?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachesim.project.scenario import Scenario

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "replay", help="predict the builds of a scenario file",
        description="Predict the builds of a scenario: a JSON object (or one per line) with base images and builds, "
                    "each build with its change to the files and its options. A scenario starts with an empty cache.",
        epilog="example: cachesim replay scenario.json")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a scenario, or JSON lines of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object per scenario")


def run(args: argparse.Namespace) -> int:
    """Predict and print; 0 whatever the prediction is."""
    from cachesim.project.scenario import read_scenarios
    scenarios = [scenario for file in args.files for scenario in read_scenarios(file)]
    for number, scenario in enumerate(scenarios):
        if args.json:
            print(json.dumps(_predicted(scenario)), flush=True)
        else:
            if number:
                print()
            _show(scenario)
    return 0


def _predicted(scenario: Scenario) -> dict[str, Any]:
    from cachesim.cache.store import EMPTY_STORE
    from cachesim.export.report_json import report_object
    from cachesim.pipeline import simulate
    from cachesim.project.scenario import builds_of
    store, builds = EMPTY_STORE, []
    for build, request in builds_of(scenario):
        if build.problem:
            builds.append({"edit": build.edit, "error": build.problem, "steps": []})
        else:
            report, store = simulate(request, store)
            builds.append({"edit": build.edit, **report_object(report)})
    return {"name": scenario.name, "engine": scenario.engine.value, "store": scenario.store.value, "builds": builds}


def _show(scenario: Scenario) -> None:
    from cachesim.cache.store import EMPTY_STORE
    from cachesim.cli.render import report_lines, totals
    from cachesim.pipeline import simulate
    from cachesim.project.scenario import builds_of
    print(f"{scenario.name} ({scenario.engine.value}, {scenario.store.value})")
    store = EMPTY_STORE
    for number, (build, request) in enumerate(builds_of(scenario), 1):
        print(f"\nBuild {number}: {build.edit or 'no description'}")
        if build.problem:
            print(f"  This build does not start: {build.problem}")
            continue
        report, store = simulate(request, store)
        for line in report_lines(report):
            print(f"  {line}")
        print(f"  {totals(report)}")
