"""Lets the pages of CORS_ORIGINS call, as the app that sites usually have for it does."""

from django.conf import settings
from django.http import HttpResponse


def middleware(get_response):
    def answer(request):
        origin = request.headers.get("Origin")
        if origin not in settings.CORS_ORIGINS:
            return get_response(request)
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse() if is_preflight else get_response(request)
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Credentials"] = "true"
        if is_preflight:
            response["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            response["Access-Control-Allow-Headers"] = "authorization, content-type"
        return response

    return answer
