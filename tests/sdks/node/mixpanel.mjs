import Mixpanel from 'mixpanel'
import { collectUrl, group, groupTraits, make, order, traits } from './calls.mjs'

const { hostname: host, port } = new URL(collectUrl)
const mixpanel = Mixpanel.init('TOKEN', { protocol: 'http', host, port })

const sent = (start) =>
  new Promise((resolve, reject) => start((error) => {
    const failure = [error].flat().find(Boolean)
    return failure ? reject(failure) : resolve()
  }))

await make({
  track: () => sent((done) => mixpanel.track('Order Completed', { distinct_id: 'hello@example.com', ...order }, done)),
  identify: () => sent((done) => mixpanel.people.set('hello@example.com', traits, done)),
  group: () => sent((done) => mixpanel.groups.set('company', group, groupTraits, done)),
  batch: () => sent((done) => mixpanel.track_batch(
    ['A', 'B', 'C'].map((event) => ({ event, properties: { distinct_id: 'hello@example.com' } })), done)),
})
