"""The scheduler's duties, one a file: a pure decision and a thin `run_once`. Each is safe to run twice."""
