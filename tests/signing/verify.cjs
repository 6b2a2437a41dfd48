// Says whether standardwebhooks takes the request on standard input: {"secret", "headers", "body" in base64}.
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const request = JSON.parse(readFileSync(0, "utf8"));
try {
  new Webhook(request.secret).verify(Buffer.from(request.body, "base64"), request.headers);
  console.log("verified");
} catch (error) {
  // It parses what it has verified, and NDJSON is more than one document.
  console.log(error instanceof SyntaxError ? "verified" : `refused: ${error.message}`);
}
