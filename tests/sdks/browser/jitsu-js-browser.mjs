import { group, groupTraits, leaving, open, order, run, traits } from './browser.mjs'

const load = async ({ collectUrl }) => {
  const { jitsuAnalytics } = await import('/modules/@jitsu/js/dist/jitsu.es.js')
  window.errors = []
  window.analytics = jitsuAnalytics({ host: collectUrl, writeKey: 'KEY:SECRET', errorPolicy: (error) => errors.push(error) })
  window.sent = async (call) => {
    const said = await call
    if (errors.length) throw new Error(errors.pop())
    return [said.payload?.messageId ?? said.messageId]
  }
}
const page = await open(null, load)

await run({
  page: () => page.evaluate(() => sent(analytics.page())),
  track: () => page.evaluate((order) => sent(analytics.track('Order Completed', order)), order),
  identify: () => page.evaluate((traits) => sent(analytics.identify('hello@example.com', traits)), traits),
  group: () => page.evaluate(([group, traits]) => sent(analytics.group(group, traits)), [group, groupTraits]),
  unload: async () => leaving(await open(null, load), () => void analytics.track('Left')),
})
