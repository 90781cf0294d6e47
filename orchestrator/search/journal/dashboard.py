"""Serves optuna-dashboard on the journal of a search, for looking only.

That page can also delete a search, rename it, or tell the end of a candidate. A search that trains
would then lose its candidates, so whatever is no mere look is refused.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from orchestrator.errors import MissingPackageError
from orchestrator.search.journal.journal import Journal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOKS = ("GET", "HEAD")
REFUSED = b'{"reason": "mmer-sweep opens this page for looking only"}'


def dashboard_of(journal: Journal) -> "WSGIApplication":
    """Make optuna-dashboard for a search.

    Raises:
        MissingPackageError: If optuna-dashboard cannot be imported.
    """
    try:
        package = import_module("optuna_dashboard")
    except ImportError as error:
        raise MissingPackageError(
            f"--search needs optuna-dashboard, which cannot be imported ({error}): run "
            "`pip install 'mmer-sweep[dashboard]'`"
        ) from error
    return _only_looks(package.wsgi(journal.storage))


def serve(app: "WSGIApplication", host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Serve a page until a signal ends it; `on_ready` is called when it can be opened."""
    with make_server(host, port, app, server_class=_Server, handler_class=_QuietHandler) as server:
        on_ready()
        server.serve_forever()


def _only_looks(app: "WSGIApplication") -> "WSGIApplication":
    def look(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in LOOKS:
            return app(environ, start_response)
        start_response("405 Method Not Allowed", [("Content-Type", "application/json")])
        return [REFUSED]

    return look


class _Server(ThreadingMixIn, WSGIServer):
    """A server that answers several requests at once: the page sends many."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing: the page asks for news every few seconds."""
