"""The conventional paths of each package, a view that needs a token, and a door for the tests' own changes to accounts."""

from django.conf import settings
from django.urls import include, path

from django_site import views


def simplejwt():
    from rest_framework_simplejwt import views as jwt

    obtain, refresh = (
        (jwt.TokenObtainSlidingView, jwt.TokenRefreshSlidingView) if settings.SLIDING else (jwt.TokenObtainPairView, jwt.TokenRefreshView)
    )
    return [
        path("api/token/", obtain.as_view()),
        path("api/token/refresh/", refresh.as_view()),
        path("api/token/verify/", jwt.TokenVerifyView.as_view()),
        path("api/token/blacklist/", jwt.TokenBlacklistView.as_view()),
    ]


def drf_jwt():
    from rest_framework_jwt import views as jwt
    from rest_framework_jwt.blacklist.views import BlacklistView

    return [
        path("api-token-auth/", jwt.obtain_jwt_token),
        path("api-token-refresh/", jwt.refresh_jwt_token),
        path("api-token-verify/", jwt.verify_jwt_token),
        path("api-token-impersonate/", jwt.impersonate_jwt_token),
        path("api-token-blacklist/", BlacklistView.as_view({"post": "create"})),
    ]


def dj_rest_auth():
    return [
        path("dj-rest-auth/", include("dj_rest_auth.urls")),
        path("dj-rest-auth/registration/", include("dj_rest_auth.registration.urls")),
    ]


urlpatterns = [
    path("protected/", views.protected),
    # Where Martlet has its own user API, for pages that are to find one on either side.
    path("api/v1/users/me", views.me),
    path("-/<str:action>/", views.control),
    *{"simplejwt": simplejwt, "drf-jwt": drf_jwt, "dj-rest-auth": dj_rest_auth}[settings.SUITE](),
]
