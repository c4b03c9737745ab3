"""From data and notebooks to a published book: validate, execute, build, check, swap."""
