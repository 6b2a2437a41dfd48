from posthog import Posthog

from calls import COLLECT_URL, GROUP, GROUP_TRAITS, HOME, ORDER, TRAITS, USER, make

errors = []
posthog = Posthog("TOKEN", host=COLLECT_URL, on_error=lambda error, batch: errors.append(error))


def sent(*ids):
    posthog.flush(timeout_seconds=60)
    if errors:
        raise errors.pop()
    return list(ids)


def page():
    properties = {"$current_url": HOME["url"], "$pathname": HOME["path"], "title": HOME["title"]}
    return sent(posthog.capture("$pageview", distinct_id=USER, properties=properties))


make(
    page=page,
    track=lambda: sent(posthog.capture("Order Completed", distinct_id=USER, properties=ORDER)),
    identify=lambda: sent(posthog.set(distinct_id=USER, properties=TRAITS)),
    group=lambda: sent(posthog.group_identify("company", GROUP, GROUP_TRAITS, distinct_id=USER)),
    batch=lambda: sent(*[posthog.capture(event, distinct_id=USER) for event in "ABC"]),
)
