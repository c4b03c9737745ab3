"""Pages that note what goes wrong."""


def watched(context):
    """Return a new page that notes errors and requests: page.faults and page.requests."""
    page = context.new_page()
    page.faults, page.requests = [], []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "console",
        lambda said: page.faults.append(said.text) if said.type in {"error", "warning"} else None,
    )
    page.on("request", lambda request: page.requests.append(request.url))
    return page
