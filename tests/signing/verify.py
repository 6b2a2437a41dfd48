"""Says whether standardwebhooks takes the request on standard input: {"secret", "headers", "body" in base64}."""
import base64
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

request = json.load(sys.stdin)
try:
    Webhook(request["secret"]).verify(base64.b64decode(request["body"]), request["headers"])
    print("verified")
except json.JSONDecodeError:
    # It parses what it has verified, and NDJSON is more than one document.
    print("verified")
except WebhookVerificationError as error:
    print("refused:", error)
