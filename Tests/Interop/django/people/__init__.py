"""An app with a user model of its own: a UUID as key, the e-mail address as username."""
