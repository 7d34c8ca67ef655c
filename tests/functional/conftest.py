# SPDX-License-Identifier: BSD-2-Clause
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

from harness import certs  # noqa: E402
from harness.build import daemon_path  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.manager import Manager  # noqa: E402
from harness.servers import Nsd, Unbound  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402


def pytest_sessionstart(session):
    os.umask(0o022)
    if not daemon_path().exists():
        pytest.exit(f"there is no daemon at {daemon_path()}: make builds it", 2)


TEST_SECONDS_MAX = 300      # one that hangs fails, and the others of its file are run


def _give_up(_number, _frame):
    raise TimeoutError(f"the test took over {TEST_SECONDS_MAX} seconds")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol():
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(TEST_SECONDS_MAX)
    yield
    signal.alarm(0)


def _close_all(things):
    """Ends them all, the last first; the first failure is told."""
    failure = None
    for thing in reversed(things):
        try:
            thing.close()
        except Exception as error:
            failure = failure or error
    if failure:
        raise failure


@pytest.fixture
def upstream():
    """Makes scripted upstreams, and ends them."""
    made = []

    def make(script, **options):
        made.append(ScriptedUpstream(script, **options))
        return made[-1]

    yield make
    _close_all(made)


@pytest.fixture(scope="module")
def resolver():
    """An upstream with one answer for all names, ELSEWHERE."""
    server = ScriptedUpstream(lambda q: q.address())
    yield server
    server.close()


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def right(ca):
    return ca.issue(certs.NAME)


@pytest.fixture
def daemon(tmp_path, upstream):
    """Makes daemons, each in a folder of its own, and ends them: before their upstreams."""
    made = []

    def make(config=None, lists=None, **options):
        folder = tmp_path / f"daemon{len(made)}"
        folder.mkdir()
        made.append(Daemon(folder, config, lists, **options))
        return made[-1]

    yield make
    _close_all(made)


@pytest.fixture
def open_folder():
    """One that every user may enter; pytest's own may be entered by one.  To be asked for before the
    daemon in it, so that it outlives that."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def manager():
    """What systemd is to daemons."""
    made = Manager()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_daemon(tmp_path_factory):
    """As daemon, for daemons that the tests of a module only read."""
    made = []

    def make(config=None, lists=None, **options):
        folder = tmp_path_factory.mktemp("shared")
        made.append(Daemon(folder, config, lists, **options))
        return made[-1]

    yield make
    _close_all(made)


@pytest.fixture(scope="session")
def nsd(tmp_path_factory):
    server = Nsd(tmp_path_factory.mktemp("nsd"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def unbound(tmp_path_factory, nsd):
    server = Unbound(tmp_path_factory.mktemp("unbound"), nsd)
    yield server
    server.close()
