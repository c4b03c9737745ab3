"""From data and notebooks to a published book: validate, execute, build, check, swap."""

import sys

# A grammar of addresses that jsonschema builds when it is imported, which takes a third of the time
# that a command needs to start; no schema of ours or of nbformat asks for that format.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
