"""A pytest session that is started once and judges many mutants, each in a fork of itself."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import pytest
from django.db import connections
from hypothesis import HealthCheck, Phase, settings

from tests.factories.emptied import empty_database
from tests.mutants.anew import OPTIONS, Job, Starter
from tests.mutants.forking import in_fork
from tests.mutants.heart import SOURCE
from tests.mutants.making import Mutant
from tests.mutants.planting import Alive

if TYPE_CHECKING:
    from collections.abc import Iterator

# A counterexample is all that is wanted: it is not made smaller.
settings.register_profile(
    "unshrunk",
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

SECONDS_LEAST = 10
TIMES_SLOWER_MAX = 8

_SECONDS: dict[str, float] = {}

Covered = dict[str, tuple[float, dict[str, set[int]]]]
"""By test: the seconds it takes and the lines of each module it runs."""


class Lane:
    """The plugin that takes the place of pytest's own loop over the tests."""

    def __init__(self, work: Path, name: str) -> None:
        """Take the folder where the mutants lie and where the answers of this lane go."""
        self._work, self._name = work, name
        self._starter = Starter()
        self._database: Any = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Start what all tests share, then judge."""
        if session.testsfailed:
            raise session.Failed(f"{session.testsfailed} errors while collecting")
        self._start_shared(session)
        covered = in_fork(lambda: _covered(session.items), seconds=1800)
        assert isinstance(covered, dict), f"the tests do not pass: {covered}"
        _SECONDS.update({name: seconds for name, (seconds, _) in covered.items()})
        todo: list[Mutant] = pickle.loads((self._work / "mutants").read_bytes())
        alive = Alive()
        gc.freeze()
        self._nothing_changed(session.items, todo[0].module)
        with (self._work / f"answers {self._name}").open("ab") as answers:
            for mutant in self._claimed(todo):
                began = time.monotonic()
                stated = self._judge(session.items, alive, covered, mutant)
                pickle.dump((mutant.name, stated, time.monotonic() - began), answers)
                answers.flush()
        self._starter.close()
        again = in_fork(lambda: _first_failure(session.items), seconds=_limit(session.items))
        assert again == "survived", f"without any fault the tests fail by now: {again}"
        return True

    def _nothing_changed(self, items: list[pytest.Item], module: str) -> None:
        """See that a program started anew without any fault passes, or else every fault would look noticed."""
        text = (SOURCE / module).read_text(encoding="utf-8")
        stated = self._anew(Mutant(module, "", 0, "", "", text), items)
        assert stated == "survived", f"without any fault the tests fail when started anew: {stated}"

    def _claimed(self, todo: list[Mutant]) -> Iterator[Mutant]:
        """Take the next mutant that no other lane has taken."""
        while True:
            with (self._work / "taken").open("a+") as accepted:
                fcntl.flock(accepted, fcntl.LOCK_EX)
                at = accepted.seek(0, os.SEEK_END)
                accepted.write(".")
            if at >= len(todo):
                return
            yield todo[at]

    def _start_shared(self, session: pytest.Session) -> None:
        """Run one test with the database, so that it is there for all that come after."""
        for item in session.items:
            if "django_db_setup" in getattr(item, "fixturenames", ()):
                keeper = _DatabaseSeen()
                item.config.pluginmanager.register(keeper)
                _run(item)
                item.config.pluginmanager.unregister(keeper)
                self._database = keeper.addresses
                for each in connections.all(initialized_only=True):
                    each.close()
                return

    def _judge(
        self, items: list[pytest.Item], alive: Alive, covered: Covered, mutant: Mutant
    ) -> str:
        path = str(SOURCE / mutant.module)
        touching = sorted(
            (item for item in items if covered[item.nodeid][1].get(path)),
            key=lambda item: covered[item.nodeid][0],
        )
        meeting = [x for x in touching if mutant.line in covered[x.nodeid][1][path]]
        if mutant.inside and meeting:
            stated = in_fork(lambda: self._planted(alive, mutant, meeting), seconds=_limit(meeting))
            if stated is None:
                self._empty_database()
                return "killed: took too long or fell"
            if stated not in {"survived", "killed: NotAlive"}:
                return str(stated)
        # What was made of the function at import is as it was: only a program started anew tells for sure.
        # A table is read without running a line of its module, so any test may notice it; and so is what a function
        # that nothing calls any more has made at import.
        if not mutant.inside:
            meeting = touching + [item for item in items if item not in touching]
        return self._anew(mutant, meeting or touching or items)

    def _planted(self, alive: Alive, mutant: Mutant, meeting: list[pytest.Item]) -> str:
        alive.plant(mutant.module, mutant.inside, mutant.source)
        return _first_failure(meeting)

    def _anew(self, mutant: Mutant, meeting: list[pytest.Item]) -> str:
        files = tuple(dict.fromkeys(item.nodeid.partition("::")[0] for item in meeting))
        tests = tuple(item.nodeid for item in meeting)
        folder = str(self._work / f"anew {self._name}")
        job = Job(mutant, files, tests, self._database, folder, _limit(meeting))
        stated = self._starter.judge(job)
        if stated is None:
            self._empty_database()
            return "killed: took too long or fell"
        return stated

    def _empty_database(self) -> None:
        """Empty what a fork that was ended had committed."""
        if self._database is not None:
            empty_database(self._database.owner_dsn)


def _limit(items: list[pytest.Item]) -> float:
    return SECONDS_LEAST + TIMES_SLOWER_MAX * sum(_SECONDS[item.nodeid] for item in items)


class _DatabaseSeen:
    """Remembers the addresses the fixture `database` gave."""

    def __init__(self) -> None:
        self.addresses: Any = None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        made = yield
        if fixturedef.argname == "database":
            self.addresses = made
        return made


class _Reports:
    """Remembers the first report of a failure."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"{report.nodeid} ({report.when})"


def _run(item: pytest.Item) -> str:
    """Run a test with everything that is its own and return what failed."""
    reports = _Reports()
    following = next(each for each in item.session.items if each is not item)
    item.config.pluginmanager.register(reports)
    try:
        item.session._setupstate.teardown_exact(item)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        item.config.pluginmanager.unregister(reports)
    return reports.failed


def _first_failure(items: list[pytest.Item]) -> str:
    for item in items:
        if failed := _run(item):
            return f"killed: {failed}"
    return "survived"


def _covered(items: list[pytest.Item]) -> Covered | str:
    """Run every test once and note which lines of the program it runs."""
    took: dict[str, float] = {}
    measure = coverage.Coverage(data_file=None, include=[f"{SOURCE}/*"], config_file=False)
    measure.start()
    for item in items:
        measure.switch_context(item.nodeid)
        began = time.monotonic()
        if failed := _run(item):
            return failed
        took[item.nodeid] = time.monotonic() - began
    measure.stop()
    data = measure.get_data()
    found: Covered = {name: (seconds, {}) for name, seconds in took.items()}
    for path in data.measured_files():
        for line, names in data.contexts_by_lineno(path).items():
            for name in names:
                found[name][1].setdefault(path, set()).add(line)
    return found


def main(work: Path, name: str, tests: list[str]) -> int:
    """Judge the mutants of a folder with these tests."""
    return pytest.main(
        [*OPTIONS, f"--basetemp={work / f'lane {name}'}", *tests], plugins=[Lane(work, name)]
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
