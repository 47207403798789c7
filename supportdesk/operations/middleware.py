from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from supportdesk.operations.views import healthz, readyz

HEALTH, READY = "/healthz", "/readyz"


@sync_and_async_middleware
def probes(
    get_response: Callable[
        [HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]
    ],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Answer probes before all else: balancers ask by address, not by allowed host."""
    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            if request.path_info == HEALTH:
                return healthz(request)
            if request.path_info == READY:
                return await readyz(request)
            return await get_response(request)

        return answer

    def answer_sync(
        request: HttpRequest,
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info == HEALTH:
            return healthz(request)
        if request.path_info == READY:
            return async_to_sync(readyz)(request)
        return get_response(request)

    return answer_sync
