"""The views: a module for each family of the catalogue, and the index page."""
