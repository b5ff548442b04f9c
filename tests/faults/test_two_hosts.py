"""Two collectors on hosts of their own, each in its own network namespace, behind nginx, before one database."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from ports import free_port

from faults.conftest import own_postgres
from faults.house import House, prepared
from faults.ledger import HONEST_REFUSALS, Ledger
from faults.proxy import Proxy
from faults.serving import ROOT, Server
from faults.waiting import until
from tracker.ingest.fresh import system_clock
from tracker.store import months

BAD_GATEWAY = 502
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    upstream handoff {{ {servers} keepalive 32; }}
    server {{ listen 127.0.0.1:{port}; {body} }}
}}
"""


def network(stack: ExitStack, number: int) -> str:
    """Make a host that only this machine reaches, at 10.231.NUMBER.2; returns its name."""
    name, cable = f"handoff-{number}", f"hoff{number}"
    commands = f"""
        ip netns add {name}
        ip link add {cable}a type veth peer name {cable}b
        ip link set {cable}b netns {name}
        ip addr add 10.231.{number}.1/24 dev {cable}a
        ip link set {cable}a up
        ip -n {name} addr add 10.231.{number}.2/24 dev {cable}b
        ip -n {name} link set {cable}b up
        ip -n {name} link set lo up
    """
    stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
    for command in commands.strip().splitlines():
        subprocess.run(command.split(), check=True)
    return name


def nginx(stack: ExitStack, folder: Path, collectors: list[Server]) -> int:
    """Run nginx with the body of examples/nginx.conf; returns its port."""
    example = re.search(
        r"    # A client that sends slowly.*?\n    }\n", (ROOT / "examples/nginx.conf").read_text(), re.DOTALL
    )
    assert example is not None
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    servers = " ".join(f"server {one.host}:{one.port};" for one in collectors)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, servers=servers, port=port, body=example[0]))
    running = subprocess.Popen([program, "-c", str(config), "-p", str(folder)])
    stack.callback(running.wait, 10)
    stack.callback(running.terminate)
    return port


@pytest.mark.chaos
def test_the_whole_example_is_what_nginx_understands(tmp_path):
    subject = ["-subj", "/CN=collect.example", "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True)
    site = (ROOT / "examples/nginx.conf").read_text().replace("/etc/ssl/collect.", f"{tmp_path}/")
    (tmp_path / "site.conf").write_text(site)
    whole = f"events {{}} pid {tmp_path}/pid; error_log {tmp_path}/log; http {{ access_log off; include site.conf; }}"
    (tmp_path / "nginx.conf").write_text(whole)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    subprocess.run([program, "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], check=True)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[list[Server], House, int]]:
    """The two collectors, the house of one of them, and the port of nginx."""
    with ExitStack() as stack:
        postgres = stack.enter_context(own_postgres())
        postgres.run("CREATE DATABASE handoff")
        engine = prepared(postgres.url("handoff"))
        stack.callback(engine.dispose)
        months.make_ahead(engine, system_clock())
        collectors = []
        for number in (1, 2):
            name = network(stack, number)
            way = Proxy(postgres.socket, host=f"10.231.{number}.1")
            stack.callback(way.stop)
            url = f"postgresql://postgres@10.231.{number}.1:{way.port}/handoff"
            folder = tmp_path / name
            folder.mkdir()
            inside = ("ip", "netns", "exec", name)
            collector = Server(folder, url, workers=2, host=f"10.231.{number}.2", prefix=inside)
            stack.callback(collector.stop)
            collector.start()
            collectors.append(collector)
        port = nginx(stack, tmp_path, collectors)
        yield collectors, House("postgresql", tmp_path, engine, collectors[0], None, postgres), port


@pytest.mark.chaos
def test_a_host_that_dies_under_load_costs_nobody_an_event(hosts, tmp_path):
    collectors, house, port = hosts
    ledger = Ledger(tmp_path / "ledger.jsonl", port, house.engine)
    ledger.honest = (*HONEST_REFUSALS, BAD_GATEWAY)
    with ledger.visitors():
        for victim in collectors:
            before = ledger.acknowledged()
            until(lambda before=before: ledger.acknowledged() >= before + 40, "answers by both")
            victim.kill_all()
            before = ledger.acknowledged()
            until(lambda before=before: ledger.acknowledged() >= before + 40, "answers by the other one", within=10)
            victim.start()
    ledger.settle()
    house.sound(ledger)
    ledger.close()
