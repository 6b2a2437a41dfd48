import { PostHog } from 'posthog-node'
import { collectUrl, group, groupTraits, home, make, order, traits } from './calls.mjs'

const posthog = new PostHog('TOKEN', { host: collectUrl, flushAt: 100 })
const distinctId = 'hello@example.com'

// Flushing fails when the SDK has given up; `flush` is emitted with what it took for delivered.
async function flushed(...starts) {
  const sent = new Promise((resolve) => posthog.on('flush', resolve))
  for (const start of starts) start()
  await posthog.flush()
  return (await sent).map((message) => message.uuid)
}

await make({
  page: () => flushed(() => posthog.capture({
    distinctId, event: '$pageview', properties: { $current_url: home.url, $pathname: home.path, title: home.title } })),
  track: () => flushed(() => posthog.capture({ distinctId, event: 'Order Completed', properties: order })),
  identify: () => flushed(() => posthog.identify({ distinctId, properties: traits })),
  group: () => flushed(() =>
    posthog.groupIdentify({ groupType: 'company', groupKey: group, properties: groupTraits })),
  batch: () => flushed(...['A', 'B', 'C'].map((event) => () => posthog.capture({ distinctId, event }))),
})
