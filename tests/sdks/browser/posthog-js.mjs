import { answered, group, groupTraits, leaving, open, order, run, traits } from './browser.mjs'

const load = async ({ collectUrl, from }) => {
  const { posthog } = await import(`/modules/${from}/dist/module.js`)
  window.posthog = posthog
  posthog.init('TOKEN', {
    api_host: collectUrl, autocapture: false, capture_pageview: false, capture_pageleave: false, disable_session_recording: true,
    disable_surveys: true, disable_external_dependency_loading: true, request_queue_config: { flush_interval_ms: 500 },
  })
}

export async function drive(from) {
  const page = await open(null, load, { from })
  const sent = (start, argument) => answered(page, /^\/e\/$/, start, argument)
  await run({
    page: () => sent(() => [posthog.capture('$pageview')?.uuid].filter(Boolean)),
    track: () => sent((order) => [posthog.capture('Order Completed', order)?.uuid].filter(Boolean), order),
    identify: () => sent((traits) => void posthog.identify('hello@example.com', traits), traits),
    group: () => sent(([group, traits]) => void posthog.group('company', group, traits), [group, groupTraits]),
    batch: () => sent(() => ['A', 'B', 'C'].map((event) => posthog.capture(event)?.uuid).filter(Boolean)),
    unload: async () => leaving(await open(null, load, { from }), () => void posthog.capture('Left')),
  })
}

if (process.argv[1].endsWith('/posthog-js.mjs')) await drive('posthog-js')
