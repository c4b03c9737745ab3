"""Placeholder until the checks stand."""
def problems() -> list[str]:
    return []
