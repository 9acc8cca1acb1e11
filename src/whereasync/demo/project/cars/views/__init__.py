"""The views, one module a family of variants: as written, same work, advised."""
