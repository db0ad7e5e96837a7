"""What a run comes to: the figures, and in sentences what is wrong."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from .facts import Gauge
from .ledger import Fault, Finding
from .slope import least_squares, warmed_up
from .watch import Record

__all__ = ["faults", "figures"]

WARM_UP_S = 60.0
JUDGED_S = 300.0
"""Memory of a shorter time tells nothing: allocators and caches still fill."""
MAX_SLOPE_KIB_PER_MIN = 1536.0
"""Of what is resident. Links that come and go leave holes between what stays: seen were 750 KiB a minute with six
blows in each, while malloc and Python held no more than before; without any blow 80. A leak shows in the blocks."""
MAX_BLOCKS = 20_000
"""More than at the first full house, for messages that are remembered and attempts under way; seen were some 400."""
NEAR_S = 20.0
SLACK = 4
"""Descriptors and tasks more than at the first full house: requests, or an attempt to link, that are just under way."""


def slopes(record: Record) -> dict[str, tuple[float, float]]:
    """Of each life that was long enough, KiB a minute, and over how many seconds."""
    found = {}
    for who, gauges in record.gauges.items():
        samples = warmed_up([(gauge.at, float(gauge.kib)) for gauge in gauges], warm_up_s=WARM_UP_S)
        if samples:
            found[str(who)] = (least_squares(samples) * 60, samples[-1][0] - samples[0][0])
    return found


def figures(record: Record) -> Iterator[dict[str, float | int | str]]:
    """One dictionary a line of JSON."""
    ledger = record.ledger
    waits = sorted(ledger.waits_s) or [0.0]
    yield {
        "soak": "messages",
        "said": ledger.said,
        "heard": ledger.heard,
        "wrong": len(record.findings),
        "heard_again_by_a_new_life": ledger.again,
        "p50_ms": round(statistics.median(waits) * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
        "max_s": round(waits[-1], 1),
    }
    if ledger.slowest is not None:
        yield {"soak": "slowest message", "seconds": round(waits[-1], 1), "what": _say_finding(ledger.slowest, record)}
    yield from _apart(record)
    yield {"soak": "blows", "count": len(record.blows), "lives": len(record.gauges), "minutes": _minutes(record)}
    for who, (kib_per_min, seconds) in slopes(record).items():
        yield {"soak": "memory", "who": who, "kib_per_min": round(kib_per_min, 1), "over_s": round(seconds)}
    cpu_s = record.cpu_s + sum(gauges[-1].cpu_s for gauges in record.gauges.values() if gauges)
    yield {"soak": "cpu", "core_share": round(cpu_s / max(record.duration_s, 1), 3)}
    for name, (first, last) in _full_houses(record).items():
        changes = {
            key: getattr(last, key) - getattr(first, key) for key in ("files", "sockets", "tasks", "threads", "blocks")
        }
        yield {"soak": "full house", "who": name, **changes, "kib": last.kib - first.kib}


def _apart(record: Record) -> Iterator[dict[str, float | int | str]]:
    """Between two who are up: from the first look that found no link to the one that found it."""
    times = sorted(record.apart.times)
    if times:
        longest_s, since, who = times[-1]
        yield {
            "soak": "without a link",
            "count": len(times),
            "p50_s": round(times[len(times) // 2][0], 1),
            "max_s": round(longest_s, 1),
            "longest": f"{who}, from {since - record.began_at:.0f} s",
        }


def _minutes(record: Record) -> float:
    return round(record.duration_s / 60, 2)


def _full_houses(record: Record) -> dict[str, tuple[Gauge, Gauge]]:
    if len(record.full_house) < 2:
        return {}
    first, last = record.full_house[0], record.full_house[-1]
    return {name: (first[name], last[name]) for name in first if name in last}


def faults(record: Record) -> list[str]:
    """Nothing if all is well."""
    return [
        *_say_findings(record),
        *record.troubles,
        *_leftovers(record),
        *_growth(record),
    ]


def _say_findings(record: Record) -> Iterator[str]:
    """Numbers that follow each other become one sentence, which tells when the first was said."""
    groups: list[list[Finding]] = []
    for finding in record.findings:
        if groups and _follows(finding, groups[-1][-1]):
            groups[-1].append(finding)
        else:
            groups.append([finding])
    for group in groups:
        more = f" to {group[-1].number}" if len(group) > 1 else ""
        yield _say_finding(group[0], record, more=more)


def _follows(finding: Finding, before: Finding) -> bool:
    of = (finding.fault, finding.author, finding.listener)
    return of == (before.fault, before.author, before.listener) and finding.number == before.number + 1


def _say_finding(finding: Finding, record: Record, *, more: str = "") -> str:
    when, near = "", ""
    if finding.at is not None:
        at_s = finding.at - record.began_at
        when = f", said at {at_s:.2f} s" if finding.fault is not Fault.TWICE else f", at {at_s:.2f} s"
        near = "; around: " + (", ".join(_blows_near(at_s, record)) or "nothing")
    what = f"number {finding.number}{more} of {finding.author}"
    return f"{what}: {finding.fault.value}, by {finding.listener}{when}{near}"


def _blows_near(at_s: float, record: Record) -> list[str]:
    return [blow for blow in record.blows if abs(float(blow.partition(" ")[0]) - at_s) < NEAR_S]


def _leftovers(record: Record) -> Iterator[str]:
    for who, left in record.left:
        for kind in ("files", "sockets", "tasks", "threads"):
            before, after = getattr(left.before, kind), getattr(left.after, kind)
            if after > before and not (kind == "threads" and after <= before + _EXECUTOR_THREADS):
                yield f"{who} left with {after} {kind}, and had {before} before: {', '.join(left.leftovers)}"
    for name, (first, last) in _full_houses(record).items():
        for kind in ("files", "tasks"):
            before, after = getattr(first, kind), getattr(last, kind)
            if after > before + SLACK:
                yield f"{name} with all others linked has {after} {kind}, and had {before} before the first blow"
        if (more := last.blocks - first.blocks) > MAX_BLOCKS:
            yield f"{name} with all others linked holds {more} blocks of memory more than before the first blow"


_EXECUTOR_THREADS = 6
"""asyncio's own executor keeps its threads until the loop is closed: as many as there are cores, and four."""


def _growth(record: Record) -> Iterator[str]:
    for who, (kib_per_min, seconds) in slopes(record).items():
        if seconds >= JUDGED_S and kib_per_min > MAX_SLOPE_KIB_PER_MIN:
            yield f"the memory of {who} grew by {kib_per_min:.0f} KiB a minute over {seconds:.0f} s"
