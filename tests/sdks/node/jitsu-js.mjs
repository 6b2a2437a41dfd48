import jitsu from '@jitsu/js'
import { collectUrl, group, groupTraits, home, make, order, traits } from './calls.mjs'

const errors = []
const analytics = jitsu.jitsuAnalytics({
  host: collectUrl, writeKey: 'KEY:SECRET', s2s: true, errorPolicy: (error) => errors.push(error),
})
analytics.setAnonymousId('device-1')

// The SDK gives what it sent: `group` gives it bare, the others inside of more.
async function sent(call) {
  const said = await call
  if (errors.length) throw new Error(errors.pop())
  const { messageId } = said.payload ?? said
  return [messageId]
}

await make({
  page: () => sent(analytics.page(home)),
  track: () => sent(analytics.track('Order Completed', order)),
  identify: () => sent(analytics.identify('hello@example.com', traits)),
  group: () => sent(analytics.group(group, groupTraits)),
})
