"""``serve``: the claim queue as pages in a browser, on this machine or behind a proxy with TLS."""

from __future__ import annotations

import click

from nvqsync.commands.common import app_of


@click.command("serve")
@click.option("--host", help="Loopback address to listen on; without it, web.host of the settings.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one. Without it, web.port.")
@click.pass_context
def serve_command(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Serve the claim queue as pages for a browser, until Ctrl-C.

    Everybody signs in: make the first account with 'nvqsync users add NAME --role admin --no-moodle'. The pages listen
    on this machine alone; for others put a proxy with TLS before them and name it in web.public_url and web.proxies.
    """
    from nvqsync.web.app import serve  # noqa: PLC0415  (the web server's libraries are only wanted here)

    serve(app_of(ctx), host, port, tell=lambda url: click.echo(f"The claim queue is at {url} (Ctrl-C stops it)."))
