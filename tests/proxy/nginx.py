"""A real nginx on loopback, with the very lines that docs/operations.md prints."""

import asyncio
import datetime
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..architecture.sources import ROOT

__all__ = ["HOST", "printed", "running_nginx"]

HOST = "chat.example.org"
"""The name that the document gives the service."""

PATIENCE_S = 5.0
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")

AROUND = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {inside}
}}
"""
"""What a distribution's nginx.conf has around a site."""


def printed() -> str:
    """The block of the document, as an operator would copy it."""
    chapter = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("\n## Behind a reverse proxy\n")[2]
    return chapter.partition("```nginx\n")[2].partition("```")[0]


@asynccontextmanager
async def running_nginx(folder: Path, *servers: str) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """In front of these servers; its URL, and a context that trusts its certificate."""
    if NGINX is None:
        pytest.skip("nginx missing: apt-get install nginx-light")
    port = _free_port()
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, inside=_moved(folder, port, servers)))
    context = _make_certificate(folder)
    process = await asyncio.create_subprocess_exec(NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder))
    try:
        await _until_open(port)
        yield f"https://{HOST}:{port}", context
    finally:
        process.terminate()
        await process.wait()


def _moved(folder: Path, port: int, servers: tuple[str, ...]) -> str:
    """The printed lines with addresses and files of this test."""
    lines = "".join(f"server {server.removeprefix('http://')};" for server in servers)
    changes = {
        "server 127.0.0.1:8080;": lines,
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/chat.example.org.pem": f"{folder}/cert.pem",
        "/etc/ssl/chat.example.org.key": f"{folder}/key.pem",
    }
    text = printed()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def _make_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(
        now + datetime.timedelta(days=1)
    )
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    pem = certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ssl.create_default_context(cadata=pem.decode())


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _until_open(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
