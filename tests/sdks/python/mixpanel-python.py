from mixpanel import BufferedConsumer, Consumer, Mixpanel

from calls import COLLECT_URL, GROUP, GROUP_TRAITS, ORDER, TRAITS, USER, make

urls = {f"{name}_url": f"{COLLECT_URL}{path}" for name, path in
        [("events", "/track"), ("people", "/engage"), ("groups", "/groups"), ("import", "/import")]}
single = Mixpanel("TOKEN", consumer=Consumer(**urls))
buffer = BufferedConsumer(**urls)
buffered = Mixpanel("TOKEN", consumer=buffer)


def batch():
    for event in "ABC":
        buffered.track(USER, event)
    buffer.flush()


# Each call raises when Mixpanel's answer is not a success.
make(
    track=lambda: single.track(USER, "Order Completed", ORDER),
    identify=lambda: single.people_set(USER, TRAITS),
    group=lambda: single.group_set("company", GROUP, GROUP_TRAITS),
    batch=batch,
)
