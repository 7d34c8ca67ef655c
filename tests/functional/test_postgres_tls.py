# SPDX-License-Identifier: BSD-2-Clause
"""A database that wants TLS and a password, as over a network."""
import subprocess

import pytest

from harness.build import slow
from harness.certs import Authority
from harness.client import addresses, ask
from harness.control import ctl
from harness.ports import free_port
from harness.postgres import Postgres
from harness.program import wait_until

NAME = "db.isp.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    try:
        postgres = Postgres()
    except OSError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    try:
        postgres.folder_of_ca = tmp_path_factory.mktemp("ca")
        postgres.port = free_port()
        postgres.listen(postgres.port, Authority(postgres.folder_of_ca).issue(NAME))
        Postgres.ask("CREATE ROLE resolver LOGIN PASSWORD 'hush-hush'; CREATE ROLE bare LOGIN", postgres.url("postgres"))
        yield postgres
    finally:
        postgres.close()


@pytest.fixture
def keeper(daemon, server, tmp_path):
    """A daemon that writes over TLS; what is beside is in the URL."""
    def make(host=NAME, user="resolver", ca=None, password="hush-hush", where="hostaddr=127.0.0.1", **config):
        socket = server.fresh()
        database = socket.split("/")[3].split("?")[0]
        Postgres.ask(f"ALTER DATABASE {database} OWNER TO resolver", socket)
        secret = tmp_path / "secret"
        secret.write_text(password + "\n")
        d = daemon({"state": {"directory": str(tmp_path / "state")},
                    "evidence": {"store": f"postgresql://{user}@{host}:{server.port}/{database}?{where}"
                                          f"&sslmode=verify-full&sslrootcert={ca or server.folder_of_ca / 'ca.pem'}",
                                 "password-file": str(secret)}, **config})
        d.secret, d.url, d.socket_url = secret, d.config["evidence"]["store"], socket
        return d.add_list("bots", "c2.test\n").start()
    return make


def hit(d, name):
    assert addresses(ask(d.address, name)) == ["192.0.2.1"]


def told(d):
    """The line that says what is wrong."""
    d.program.wait_line("the database takes nothing", 0, slow(20, 40))
    return next(line for line in d.log().splitlines() if "the database takes nothing" in line)


def total(d):
    try:
        return int(Postgres.ask("SELECT coalesce(sum(count), 0) FROM sinkholed.finding", d.socket_url)[0][0])
    except OSError:     # no tables yet
        return 0


def test_by_tls_and_a_password(keeper):
    d = keeper()
    hit(d, "c2.test")
    wait_until(lambda: total(d) == 1, slow(10, 30), "it is written")
    assert Postgres.ask("SELECT s.ssl, a.usename FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)"
                        " WHERE a.application_name = 'sinkholed' AND a.datname = current_database()",
                        d.socket_url) == [["t", "resolver"]]
    done = subprocess.run([d.binary, "--report", "--store", d.url, "--password-file", str(d.secret)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "c2.test" in done.stdout, done.stderr


def test_names_and_a_password_with_slashes(keeper, server):
    """A slash parts nothing but what the URL has it part: in a password, a user, a database, a resolver, a name."""
    password = "hu/sh:%2F@\\#"
    Postgres.ask(f"CREATE ROLE \"isp/resolver\" LOGIN PASSWORD '{password}'", server.url("postgres"))
    Postgres.ask("CREATE DATABASE \"led/ger\" OWNER \"isp/resolver\"", server.url("postgres"))
    d = keeper(password=password)
    d.stop()
    store = d.url.replace("resolver@", "isp%2Fresolver@").replace(d.url.split("/")[3].split("?")[0] + "?", "led%2Fger?")
    d.configure({"evidence": {"store": store, "password-file": str(d.secret), "resolver": "isp/one"}})
    d.start()
    d.socket_url = server.url("led%2Fger")
    hit(d, "a/b.c2.test")
    wait_until(lambda: total(d) == 1, slow(10, 30), "it is written")
    assert Postgres.ask("SELECT current_database(), usename FROM pg_stat_activity WHERE application_name = 'sinkholed'"
                        " AND datname = current_database()", d.socket_url) == [["led/ger", "isp/resolver"]]
    assert Postgres.ask("SELECT DISTINCT resolver, name FROM sinkholed.stream, sinkholed.finding", d.socket_url) == \
        [["isp/one", "a/b.c2.test"]]
    done = subprocess.run([d.binary, "--report", "--store", store, "--password-file", str(d.secret), "--format", "csv"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "a/b.c2.test" in done.stdout, done.stderr
    assert "hu/sh" not in d.log()


def test_a_wrong_password(keeper):
    """It is told of whom, and without the password; one that is put right is read without a restart."""
    d = keeper(password="hush-wrong")
    hit(d, "c2.test")
    line = told(d)
    assert "password authentication failed for user" in d.log() and "resolver" in line
    assert NAME in line and str(d.secret.parent / "state" / "spool") in line
    done = subprocess.run([d.binary, "--report", "--store", d.url, "--password-file", str(d.secret)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "password authentication failed" in done.stderr
    assert "hush" not in d.log() + done.stderr
    hit(d, "n1.c2.test")
    assert d.counted("ledger_lost") == 0 and total(d) == 0
    d.secret.write_text("hush-hush\n")
    wait_until(lambda: total(d) == 2, slow(40, 60), "both are there")


@pytest.mark.parametrize("wrong, words", (
    ("another CA", ("certificate verify failed", NAME)),
    ("another name", ("server certificate for", "other.example")),
    ("no CA", ("root certificate file", "nowhere.pem")),
    ("no password", ("password authentication failed", "bare")),
    ("no file", ("the password cannot be read", "gone"))))
def test_who_is_not_believed(keeper, server, tmp_path, wrong, words):
    """Nothing is sent, and what is wrong is named; findings wait."""
    d = {"another CA": lambda: keeper(ca=Authority(tmp_path / "other", "other CA").certificate),
         "another name": lambda: keeper(host="other.example"),
         "no CA": lambda: keeper(ca=tmp_path / "nowhere.pem"),
         "no password": lambda: keeper(user="bare"),
         "no file": lambda: keeper()}[wrong]()
    if wrong == "no file":
        d.stop()
        gone = tmp_path / "gone"
        gone.write_text("x")
        d.configure({"evidence": {"store": d.url, "password-file": str(gone)}})
        gone.unlink()
        d.start()
    hit(d, "c2.test")
    line = told(d)
    for word in words:
        assert word in line, line
    assert d.counted("ledger_lost") == 0
    d.stop()
    assert total(d) == 0 and list((tmp_path / "state" / "spool").iterdir())


def at_home(question):
    """The database is here."""
    if question.name != NAME + ".":
        return question.address()
    return question.address("127.0.0.1") if question.type == "A" else question.negative("NOERROR")


def test_its_name_is_asked_of_our_upstreams(keeper, upstream, tmp_path):
    """Not of the system, which may ask us; nor can a list be in the way. The control's reports find it as well."""
    up = upstream(at_home)
    control = tmp_path / "control"
    d = keeper(where="connect_timeout=10", upstreams=[up.address], control={"socket": str(control)})
    d.stop()
    d.add_list("more", "isp.example\n").start()
    hit(d, "c2.test")
    hit(d, NAME)
    wait_until(lambda: total(d) == 2, slow(20, 40), "it is written")
    assert NAME + "." in [q.name for q in up.questions]
    done = ctl(control, "report")
    assert done.returncode == 0 and "c2.test" in done.stdout, done.stderr


def test_nobody_says_where_it_is(keeper, upstream):
    up = upstream(lambda q: None)
    d = keeper(where="connect_timeout=10", upstreams=[up.address])
    hit(d, "c2.test")
    assert f"{NAME}: no upstream says where it is" in told(d)
    up.script = at_home
    wait_until(lambda: total(d) == 1, slow(40, 60), "it is found")
