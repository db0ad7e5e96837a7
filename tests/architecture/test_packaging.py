"""What is declared, pinned and packed agree with each other and with the source tree."""

import importlib.metadata
import re
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .sources import ROOT, modules, pyproject

OURS = "speaktube"


def _pins() -> list[Requirement]:
    return [Requirement(line) for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()]


def _declared() -> list[Requirement]:
    project = pyproject()["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [Requirement(text) for group in groups for text in group]
    return [requirement for requirement in requirements if requirement.name != OURS]


def _pinned_version(pin: Requirement) -> str:
    return next(iter(pin.specifier)).version


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    """Regenerate constraints.txt when this fails: the command stands in CONTRIBUTING.md."""
    pins = _pins()
    for wanted in _declared():
        versions = [_pinned_version(pin) for pin in pins if _same(pin, wanted)]
        assert versions, f"{wanted.name} is not in constraints.txt"
        assert all(version in wanted.specifier for version in versions), wanted


def _same(left: Requirement, right: Requirement) -> bool:
    return canonicalize_name(left.name) == canonicalize_name(right.name)


def test_everything_installed_for_us_is_pinned() -> None:
    """Dependencies of dependencies too, at the very version: two set-ups of one commit are the same."""
    pins: dict[str, str] = {
        canonicalize_name(pin.name): _pinned_version(pin)
        for pin in _pins()
        if pin.marker is None or pin.marker.evaluate()
    }
    installed = {name: importlib.metadata.version(name) for name in _closure(_declared())}
    assert {name: version for name, version in installed.items() if pins.get(name) != version} == {}


def _closure(requirements: Iterable[Requirement]) -> set[str]:
    """Every installed distribution that our requirements lead to."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(requirements)
    while waiting:
        wanted = waiting.pop()
        step = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if step not in seen and _is_installed(step[0]):
            seen.add(step)
            waiting += _needs(wanted)
    return {name for name, _ in seen}


def _is_installed(name: str) -> bool:
    return any(importlib.metadata.distributions(name=name))


def _needs(wanted: Requirement) -> list[Requirement]:
    needs = [Requirement(text) for text in importlib.metadata.requires(wanted.name) or ()]
    extras = wanted.extras or {""}
    return [need for need in needs if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras)]


def test_every_package_is_packed() -> None:
    """The list is explicit, since auto-discovery gives up on two packages side by side."""
    packages = {module.name for module in modules() if module.is_package}
    assert set(pyproject()["tool"]["setuptools"]["packages"]) == packages


def test_both_packages_are_marked_as_typed() -> None:
    assert all((ROOT / package / "py.typed").is_file() for package in ("signaling", "peer"))


def test_image_installs_what_the_server_declares() -> None:
    """The image holds the server with its faster event loop, and no WebRTC."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"--constraint\s+constraints\.txt", dockerfile)
    assert re.findall(r"\.\[([\w,]+)\]", dockerfile) == ["server,fast"]
