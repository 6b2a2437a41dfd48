from segment.analytics.client import Client

from calls import COLLECT_URL, GROUP, GROUP_TRAITS, HOME, ORDER, TRAITS, WHO, make

errors = []
client = Client("WRITE_KEY", host=COLLECT_URL, on_error=lambda error, batch: errors.append(error))


def sent(*queued):
    client.flush()
    if errors:
        raise errors.pop()
    return [message["messageId"] for _, message in queued]


make(
    page=lambda: sent(client.page(**WHO, name="Home", properties=HOME)),
    track=lambda: sent(client.track(**WHO, event="Order Completed", properties=ORDER)),
    identify=lambda: sent(client.identify(**WHO, traits=TRAITS)),
    group=lambda: sent(client.group(**WHO, group_id=GROUP, traits=GROUP_TRAITS)),
    batch=lambda: sent(*[client.track(**WHO, event=event) for event in "ABC"]),
)
