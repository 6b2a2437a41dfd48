// The line that freshpaint.js comes from: one GET for each event, and a callback with what came back.

import { leaving, open, order, run, traits, group, groupTraits } from './browser.mjs'

const load = ({ collectUrl }) => {
  mixpanel.init('TOKEN', { api_host: collectUrl, persistence: 'localStorage', autotrack: false })
  window.sent = (start) => new Promise((resolve, reject) => start((said) =>
    said === 1 ? resolve() : reject(new Error(`the SDK says ${JSON.stringify(said)}`))))
}
const script = 'mixpanel-browser-2.29.1/build/mixpanel.umd.js'
const page = await open(script, load)

await run({
  page: () => page.evaluate(() => sent((done) => mixpanel.track('$pageview', {}, done))),
  track: () => page.evaluate((order) => sent((done) => mixpanel.track('Order Completed', order, done)), order),
  identify: () => page.evaluate((traits) => sent((done) => {
    mixpanel.identify('hello@example.com')
    mixpanel.people.set(traits, done)
  }), traits),
  group: () => page.evaluate(([group, traits]) =>
    sent((done) => mixpanel.get_group('company', group).set(traits, done)), [group, groupTraits]),
  unload: async () => leaving(await open(script, load), () => void mixpanel.track('Left')),
})
