"""What the site has of its own."""

import json

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view(["GET"])
def protected(request):
    """The resource that a token opens."""
    return Response({"username": request.user.get_username()})


@api_view(["GET"])
def me(request):
    """Who the token is of, as the class that authenticated says."""
    return Response({"id": str(request.user.pk), "username": request.user.get_username()})


@csrf_exempt
def control(request, action):
    """Changes to an account that none of the packages has an endpoint for."""
    members = json.loads(request.body)
    user = get_user_model().objects.get(username=members["username"])
    if action == "delete":
        user.delete()
    elif action == "password":
        user.set_password(members["password"])
        user.save()
    else:
        user.is_active = {"activate": True, "deactivate": False}[action]
        user.save()
    return HttpResponse(status=204)
