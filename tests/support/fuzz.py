"""How many arbitrary inputs a fuzzed decoder or state takes: few by default, `SPEAKTUBE_FUZZ=100000` for a long run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ["EXAMPLES", "fuzz"]

EXAMPLES = int(os.environ.get("SPEAKTUBE_FUZZ", "20"))

fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
"""Decorates a test that takes arbitrary inputs."""
