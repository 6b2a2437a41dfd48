import { answered, group, groupTraits, leaving, open, order, run, traits } from './browser.mjs'

const load = async ({ collectUrl, ...segment }) => {
  window.analytics = window.AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: 'WRITE_KEY', cdnURL: collectUrl },
    { integrations: { 'Segment.io': { apiHost: `${new URL(collectUrl).host}/v1`, protocol: 'http', ...segment } } })
  await analytics.ready()
}
const script = '@segment/analytics-next/dist/umd/index.js'
const page = await open(script, load)
const batching = { deliveryStrategy: { strategy: 'batching', config: { size: 3, timeout: 500 } } }

// A call gives its context when the event has been handed to the network; its id is the message's.
const sent = async (start, argument) => [await answered(page, /^\/v1\/[tpig]$/, start, argument)]

await run({
  page: () => sent(() => analytics.page('Home').then(({ event }) => event.messageId)),
  track: () => sent((order) => analytics.track('Order Completed', order).then(({ event }) => event.messageId), order),
  identify: () => sent((traits) =>
    analytics.identify('hello@example.com', traits).then(({ event }) => event.messageId), traits),
  group: () => sent(([group, traits]) => analytics.group(group, traits).then(({ event }) => event.messageId), [group, groupTraits]),
  batch: async () => answered(await open(script, load, batching), /^\/v1\/b$/, () =>
    Promise.all(['A', 'B', 'C'].map((event) => analytics.track(event).then(({ event }) => event.messageId)))),
  unload: async () => leaving(await open(script, load, batching), () => analytics.track('Left').then(() => {})),
})
