"""The demo site: settings, URLs and the two entry points."""
