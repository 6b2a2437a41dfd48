import Analytics from 'analytics-node'
import { collectUrl, group, groupTraits, home, make, order, traits, who } from './calls.mjs'

const analytics = new Analytics('WRITE_KEY', { host: collectUrl, flushInterval: 100 })

// The callback gets the error before the SDK throws it as well; its second argument is the request that the event was part of.
process.on('unhandledRejection', () => {})
const sent = (call, event) =>
  new Promise((resolve, reject) =>
    analytics[call]({ ...who, ...event }, (error, data) => {
      if (error) return reject(error)
      const own = data.batch.find((message) => message.type === call && message.event === event.event)
      resolve(own.messageId)
    }))

await make({
  page: async () => [await sent('page', { name: 'Home', properties: home })],
  track: async () => [await sent('track', { event: 'Order Completed', properties: order })],
  identify: async () => [await sent('identify', { traits })],
  group: async () => [await sent('group', { groupId: group, traits: groupTraits })],
  batch: () => Promise.all(['A', 'B', 'C'].map((event) => sent('track', { event }))),
})
