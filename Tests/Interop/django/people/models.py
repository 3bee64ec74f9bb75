"""Few of the usual columns, and none of their names."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class People(BaseUserManager):
    """By address, which is the natural key, too."""


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    mail = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"
    objects = People()
