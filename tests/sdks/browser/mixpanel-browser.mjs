import { answered, group, groupTraits, leaving, open, order, run, traits } from './browser.mjs'

const load = ({ collectUrl }) => {
  mixpanel.init('TOKEN', { api_host: collectUrl, persistence: 'localStorage', batch_flush_interval_ms: 500 })
}
const script = 'mixpanel-browser/dist/mixpanel.umd.js'
const page = await open(script, load)

const sent = (paths, start, argument) => answered(page, paths, start, argument).then(() => {})

await run({
  page: () => sent(/^\/track/, () => void mixpanel.track_pageview()),
  track: () => sent(/^\/track/, (order) => void mixpanel.track('Order Completed', order), order),
  identify: () => sent(/^\/engage/, (traits) => {
    mixpanel.identify('hello@example.com')
    mixpanel.people.set(traits)
  }, traits),
  group: () => sent(/^\/groups/, ([group, traits]) => void mixpanel.get_group('company', group).set(traits), [group, groupTraits]),
  batch: () => sent(/^\/track/, () => ['A', 'B', 'C'].forEach((event) => mixpanel.track(event))),
  unload: async () => leaving(await open(script, load), () => void mixpanel.track('Left')),
})
