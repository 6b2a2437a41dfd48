// Every program here makes the calls that its arguments name, one after the other, and prints what
// the SDK says of each.

import { setTimeout as sleep } from 'node:timers/promises'

export const collectUrl = process.env.COLLECT_URL
export { sleep }

// Each of `calls` makes one call and comes back when the SDK is done with it: with the message ids that the SDK says it sent, where
// it says so, or with an error when the SDK reports a failure.
export async function make(calls, close = async () => {}) {
  for (const call of process.argv.slice(2)) {
    try {
      const ids = await calls[call]()
      console.log(JSON.stringify({ call, ok: true, ids: ids ?? [] }))
    } catch (error) {
      console.log(JSON.stringify({ call, ok: false, why: String(error?.stack ?? error) }))
    }
  }
  // Had the SDK taken an answer for a failure, it would send again now.
  await sleep(Number(process.env.STAY_MS))
  await close()
  process.exit()
}

// The content of the calls, whatever the SDK.
export const who = { userId: 'hello@example.com', anonymousId: 'device-1' }
export const order = { revenue: 49.99, currency: 'USD', 'ünïcode': '✓' }
export const home = { url: 'https://example.com/', title: 'Home Page', path: '/' }
export const traits = { phone: '+15558675309' }
export const group = 'Acme, Inc'
export const groupTraits = { companyId: '1234' }
