"""`/widget.js` and `/loader.js`: small scripts under addresses that never change."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

MAX_AGE = 300


@dataclass(frozen=True)
class Script:
    etag: str
    bodies: dict[str, bytes]


@login_not_required
@require_safe
def widget_loader(request: HttpRequest, name: str) -> HttpResponse:
    """The script of that name; pages of both kinds load one of them and no more."""
    path = Path(str(finders.find(f"widget/{name}")))
    script = _script(path, path.stat().st_mtime_ns)
    encoding = _encoding(request.headers.get("Accept-Encoding", ""))
    # The encodings have their own bytes, so each has an ETag of its own.
    etag = f'"{script.etag}{encoding and "-" + encoding}"'
    response: HttpResponse
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(
            script.bodies[encoding], content_type="text/javascript; charset=utf-8"
        )
        if encoding:
            response["Content-Encoding"] = encoding
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


@cache
def _script(path: Path, changed: int) -> Script:
    body = path.read_bytes()
    return Script(
        etag=hashlib.sha256(body).hexdigest()[:20],
        bodies={
            "": body,
            "gzip": gzip.compress(body, 9, mtime=0),
            "br": brotli.compress(body),
        },
    )


def _encoding(accepted: str) -> str:
    offers = {}
    for offer in accepted.lower().split(","):
        name, _, quality = offer.partition(";")
        offers[name.strip()] = quality.replace(" ", "") not in {"q=0", "q=0.0"}
    return next((name for name in ("br", "gzip") if offers.get(name)), "")
