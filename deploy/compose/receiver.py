"""A webhook that answers 200 and prints each event: `receiver.py <name> <port>`."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        event = json.loads(body)
        print(sys.argv[1], event.get("type"), event.get("event", ""))
        print(json.dumps(event, indent=2, ensure_ascii=False), flush=True)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """The event is all that is printed."""


ThreadingHTTPServer(("", int(sys.argv[2])), Webhook).serve_forever()
