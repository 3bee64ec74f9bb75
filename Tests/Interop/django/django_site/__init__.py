"""A small Django project with one of the three packages in front: what a team has before it moves over."""
