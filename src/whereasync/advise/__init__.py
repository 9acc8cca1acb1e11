"""What is known of a project into findings: an engine, and a file a rule below ``rules``."""
