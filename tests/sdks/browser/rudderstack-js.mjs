import { answered, group, groupTraits, leaving, open, order, run, traits } from './browser.mjs'

const load = ({ collectUrl, ...options }) => {
  window.analytics = new window.rudderanalytics.RudderAnalytics()
  return new Promise((onLoaded) =>
    analytics.load('WRITE_KEY', collectUrl, { configUrl: collectUrl, onLoaded: () => onLoaded(), ...options }))
}
const script = '@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js'
const page = await open(script, load)
const batching = { queueOptions: { batch: { enabled: true, maxItems: 3, flushInterval: 500 } } }

const sent = async (start, argument) => void (await answered(page, /^\/v1\/(track|page|identify|group)$/, start, argument))

await run({
  page: () => sent(() => analytics.page('Home')),
  track: () => sent((order) => analytics.track('Order Completed', order), order),
  identify: () => sent((traits) => analytics.identify('hello@example.com', traits), traits),
  group: () => sent(([group, traits]) => analytics.group(group, traits), [group, groupTraits]),
  batch: async () => void (await answered(await open(script, load, batching), /^\/v1\/batch$/, () =>
    ['A', 'B', 'C'].forEach((event) => analytics.track(event)))),
  // The option for leaving pages is the beacon.
  unload: async () => leaving(await open(script, load, { useBeacon: true }), () => analytics.track('Left')),
})
