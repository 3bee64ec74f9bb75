"""The protocol table: a module for each topic, each with a list of `CASES` (table.py); world.py is what they are played in."""
