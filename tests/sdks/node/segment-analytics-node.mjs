import { Analytics } from '@segment/analytics-node'
import { collectUrl, group, groupTraits, home, make, order, traits, who } from './calls.mjs'

const single = new Analytics({ writeKey: 'WRITE_KEY', host: collectUrl, flushAt: 1 })
const batching = new Analytics({ writeKey: 'WRITE_KEY', host: collectUrl, flushAt: 3 })

const sent = (analytics, call, event) =>
  new Promise((resolve, reject) =>
    analytics[call]({ ...who, ...event }, (error, context) => (error ? reject(error) : resolve(context.event.messageId))))

await make({
  page: async () => [await sent(single, 'page', { name: 'Home', properties: home })],
  track: async () => [await sent(single, 'track', { event: 'Order Completed', properties: order })],
  identify: async () => [await sent(single, 'identify', { traits })],
  group: async () => [await sent(single, 'group', { groupId: group, traits: groupTraits })],
  batch: () => Promise.all(['A', 'B', 'C'].map((event) => sent(batching, 'track', { event }))),
})
