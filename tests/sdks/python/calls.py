"""What every program here does: makes the calls that its arguments name, one after the other, and prints what the SDK says of each."""

import json
import os
import sys
import time

COLLECT_URL = os.environ["COLLECT_URL"]

# The content of the calls, whatever the SDK.
USER = "hello@example.com"
WHO = {"user_id": USER, "anonymous_id": "device-1"}
ORDER = {"revenue": 49.99, "currency": "USD", "ünïcode": "✓"}
HOME = {"url": "https://example.com/", "title": "Home Page", "path": "/"}
TRAITS = {"phone": "+15558675309"}
GROUP = "Acme, Inc"
GROUP_TRAITS = {"companyId": "1234"}


def make(**calls):
    """Each call gives the message ids that the SDK says it sent, where it says so, or raises when the SDK reports a failure."""
    for call in sys.argv[1:]:
        try:
            verdict = {"ok": True, "ids": calls[call]() or []}
        except Exception as error:
            verdict = {"ok": False, "why": repr(error)}
        print(json.dumps({"call": call, **verdict}), flush=True)
    # Had the SDK taken an answer for a failure, it would send again now.
    time.sleep(int(os.environ["STAY_MS"]) / 1000)
