"""What the user says of a project: ``[tool.whereasync]`` in pyproject.toml, or whereasync.toml."""
