"""The HTTP contract between the halves: openapi.json from the API, schema.gen.ts from openapi.json.

contract.py check   fails when a committed file isn't what would be generated now
contract.py write   writes both
"""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPENAPI = ROOT / "backend" / "openapi.json"
FRONTEND = ROOT / "frontend"
TYPES = FRONTEND / "src" / "api" / "schema.gen.ts"


def output_of(*command: str | Path, folder: Path, given: str = "") -> str:
    done = subprocess.run(command, cwd=folder, input=given, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed with exit code {done.returncode}.")
    return done.stdout


def document() -> str:
    return output_of(ROOT / ".venv" / "bin" / "millrace", "manage", "openapi", folder=ROOT)


def types(openapi: str) -> str:
    modules = FRONTEND / "node_modules" / ".bin"
    raw = output_of(modules / "openapi-typescript", folder=FRONTEND, given=openapi)
    return output_of(modules / "prettier", "--stdin-filepath", TYPES, folder=FRONTEND, given=raw)


def is_current(file: Path, generated: str) -> bool:
    committed = file.read_text(encoding="utf-8") if file.exists() else ""
    if committed == generated:
        return True
    name = str(file.relative_to(ROOT))
    print(f"{name} is not current; `make openapi` writes it.")
    lines = difflib.unified_diff(committed.splitlines(), generated.splitlines(), name, "generated", lineterm="")
    print("\n".join(list(lines)[:60]))
    return False


def main(arguments: list[str]) -> int:
    if arguments not in (["check"], ["write"]):
        print(__doc__)
        return 2
    openapi = document()
    generated = {OPENAPI: openapi, TYPES: types(openapi)}
    if arguments == ["write"]:
        for file, text in generated.items():
            file.write_text(text, encoding="utf-8")
        return 0
    current = [is_current(file, text) for file, text in generated.items()]
    return 0 if all(current) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
