"""The schema's history: one step."""
