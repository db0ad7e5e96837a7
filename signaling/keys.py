"""The one key under which the application carries its service."""

from aiohttp import web

from .service import Service

__all__ = ["SERVICE"]

SERVICE = web.AppKey("SERVICE", Service)
