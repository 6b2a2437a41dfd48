import Analytics from '@rudderstack/rudder-sdk-node'
import { collectUrl, group, groupTraits, home, make, order, traits, who } from './calls.mjs'

const analytics = new Analytics('WRITE_KEY', { dataPlaneUrl: collectUrl, flushInterval: 100, logLevel: 'error' })

// The callback gets the error before the SDK throws it as well.
process.on('unhandledRejection', () => {})
const sent = (call, event) =>
  new Promise((resolve, reject) =>
    analytics[call]({ ...who, ...event }, (error) => (error ? reject(error) : resolve())))

await make({
  page: () => sent('page', { name: 'Home', properties: home }),
  track: () => sent('track', { event: 'Order Completed', properties: order }),
  identify: () => sent('identify', { traits }),
  group: () => sent('group', { groupId: group, traits: groupTraits }),
  batch: async () => void (await Promise.all(['A', 'B', 'C'].map((event) => sent('track', { event })))),
})
